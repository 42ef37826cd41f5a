"""A project of fake models for tests that run a suite as a function."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modellab.results import ledger
from modellab.results.entry import Entry
from modellab.runner.run import RunResult
from modellab.types import Status

from ..integration.conftest import SENTENCES, length, write_dataset, write_model

ONE = "fake:one-short_v1-cpu-float32"
CALM = "fake_calm:one-short_v1-cpu-float32"
CRASH = "fake_crash:one-short_v1-cpu-float32"


def write_project(root: Path, *models: str) -> Path:
    """A project with these fake models and one dataset of eight tones."""
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n')
    write_dataset(root / "golden" / "short_v1")
    for name in models:
        write_model(root / "models" / name)
    return root


def behave(root: Path, model: str, **behaviour: Any) -> None:
    (root / "models" / model / "behaviour.json").write_text(json.dumps(behaviour))


def one_word_worse(root: Path, model: str) -> None:
    """In each of eight utterances: p is 2^-8, red alone and pending among three cases."""
    answers = {str(length(number)): text + "s" for number, text in enumerate(SENTENCES)}
    (root / "models" / model / "answers.json").write_text(json.dumps(answers))


def entries(root: Path) -> list[Entry]:
    found, complaints = ledger.read(root / "mlruns")
    assert complaints == []
    return found


def statuses(result: RunResult) -> dict[str, Status]:
    return {str(case.key): case.status for case in result.cases}
