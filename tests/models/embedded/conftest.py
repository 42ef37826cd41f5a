"""What the tests of the embedded model compare with."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def whisper_assets() -> Path:
    """The data files of the installed openai-whisper, found without importing it."""
    spec = importlib.util.find_spec("whisper")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "assets"
