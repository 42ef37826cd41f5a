"""A suite that is about some models alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import datasets
from modellab.errors import ConfigError
from modellab.plan.matrix import Broken, Matrix
from modellab.plan.settings import Project

from ..integration.conftest import write_dataset, write_model


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a dataset of open vocabulary and two models of its own."""
    write_dataset(tmp_path / "golden" / "short_v1")
    datasets.write_digest(tmp_path / "golden" / "short_v1")
    for name in ("mine", "other"):
        write_model(tmp_path / "models" / name)
    return tmp_path


def models_of(root: Path, only: str) -> set[str]:
    """MODEL:VARIANT of every case of recognition."""
    (root / "pyproject.toml").write_text(f'[tool.modellab]\nmodels = ["models"]\n{only}\n')
    cases = list(Matrix(Project.at(root)).cases("asr"))
    return {case.name if isinstance(case, Broken) else f"{case.key.model}:{case.key.variant}" for case in cases}


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ('only = "own"', {"mine:one", "other:one"}),
        ('only = ["own", "faster_whisper:tiny.en"]', {"mine:one", "other:one", "faster_whisper:tiny.en"}),
        ('only = ["mine"]', {"mine:one"}),
        ('only = ["mine:one"]', {"mine:one"}),
    ],
)
def test_it_has_the_cases_of_those_models(root: Path, only: str, expected: set[str]) -> None:
    assert models_of(root, only) == expected


def test_without_it_every_model_is_in(root: Path) -> None:
    assert {"mine:one", "other:one", "faster_whisper:tiny.en", "pocketsphinx:en-us"} < models_of(root, "")


def test_a_broken_model_of_its_own_stays_in_sight(root: Path) -> None:
    (root / "models" / "mine" / "config.yaml").write_text("summary: no more\n")
    assert "mine" in models_of(root, 'only = ["other"]')
    assert "mine" in models_of(root, 'only = ["mine"]')


@pytest.mark.parametrize(
    ("only", "said"),
    [
        ('only = ["mien"]', r"only names 'mien': did you mean mine\?"),
        ('only = ["mine:two"]', "only names 'mine:two': known: one"),
    ],
)
def test_a_name_that_nothing_has_is_one_sentence(root: Path, only: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        models_of(root, only)
