"""Checkpoints to convert: the embedded one, in each format, and a random English-only one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modellab.models import FOLDER
from modellab.models.conversion import convert
from modellab.models.conversion.checkpoint import Whisper
from modellab.models.embedded import compact, formats


def run(*arguments: str | Path) -> list[dict[str, Any]]:
    """What chain.py says, a mapping for each line."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("chain.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=FOLDER.parents[1],
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="session")
def lab() -> Whisper:
    """The embedded checkpoint, with other heads for the times of words than an engine takes by itself."""
    checkpoint = compact.expand()
    told = formats.decoding(checkpoint.dims)
    return Whisper(checkpoint, type(told)(told.vocabulary, [[0, 1], [1, 1]], [1, 2], told.suppress_ids_begin))


@pytest.fixture(scope="session")
def lab_ggml(lab: Whisper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert.write(lab, "ggml", tmp_path_factory.mktemp("ggml"), "lab")


@pytest.fixture(scope="session")
def lab_ct2(lab: Whisper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert.write(lab, "ct2", tmp_path_factory.mktemp("ct2"), "lab")


@pytest.fixture(scope="session")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random English-only checkpoint, as transformers saves a fine-tuned one: float32."""
    folder = tmp_path_factory.mktemp("english")
    run("english", folder)
    return folder
