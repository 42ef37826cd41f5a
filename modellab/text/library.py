"""The files of the library that has OpenAI's English normaliser."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from modellab.errors import ConfigError
from modellab.system import installer


def whisper_files() -> list[Path]:
    """What determines its output: two modules and the list of British and American spellings. None is imported."""
    spec = importlib.util.find_spec("whisper_normalizer")
    if spec is None or spec.origin is None:
        raise ConfigError(
            "the normaliser whisper_en needs whisper-normalizer: " + installer.command("whisper-normalizer")
        )
    folder = Path(spec.origin).parent
    return [folder / "english.py", folder / "basic.py", folder / "normalizers" / "english.json"]


def spelling_file() -> Path:
    """The list of spellings alone."""
    return whisper_files()[2]
