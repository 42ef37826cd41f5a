"""Choosing cases by exact names."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import tasks
from modellab.errors import ConfigError
from modellab.plan import selection
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.selection import Selection
from modellab.plan.settings import Project

CONFIG = """\
summary: nothing
tasks: [asr]
status: experimental
devices: {cpu: [float32, int8], cuda: [float16]}
variants:
  lab: {weights: package, tier: smoke}
  lab-q8_0: {weights: package, tier: full}
"""
DATASET = "task: asr\nversion: 1\nlanguage: en\ntier: %s\nlicence: CC0-1.0\nsource: none\ncases: []\n"


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    """Models `mine` and `other_mine` (and modellab's own), a broken one, two datasets and a broken one."""
    for name, text in {"mine": CONFIG, "other_mine": CONFIG, "torn": "summary: [\n"}.items():
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "config.yaml").write_text(text)
    for name, text in {
        "quick_v1": DATASET % "smoke",
        "slow_v1": DATASET % "nightly",
        "true_v1": DATASET % "real",
        "ripped_v1": "task: [\n",
    }.items():
        (tmp_path / "golden" / name).mkdir(parents=True)
        (tmp_path / "golden" / name / "dataset.yaml").write_text(text)
    (tmp_path / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n')
    return Matrix(Project.at(tmp_path))


def chosen_cases(matrix: Matrix, chosen: Selection) -> set[str]:
    return {case.name if isinstance(case, Broken) else str(case.key) for case in chosen.cases(matrix)}


def test_nothing_named_takes_everything(matrix: Matrix) -> None:
    everything = [case for task in tasks.names() for case in matrix.cases(task)]
    assert list(Selection().cases(matrix)) == everything
    assert not Selection()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (Selection(model=("mine:lab",), dataset=("quick_v1",), device=("cuda",)), {"mine:lab-quick_v1-cuda-float16"}),
        (
            Selection(model=("mine",), dataset=("quick_v1",), precision=("int8",)),
            {"mine:lab-quick_v1-cpu-int8", "mine:lab-q8_0-quick_v1-cpu-int8"},
        ),
        (
            Selection(model=("mine:lab", "other_mine:lab"), tier="smoke", device=("cuda",), dataset=("quick_v1",)),
            {"mine:lab-quick_v1-cuda-float16", "other_mine:lab-quick_v1-cuda-float16"},
        ),
        (
            Selection(model=("mine",), tier="full", device=("cuda",), dataset=("quick_v1", "slow_v1")),
            {"mine:lab-quick_v1-cuda-float16", "mine:lab-q8_0-quick_v1-cuda-float16"},
        ),
        (Selection(model=("torn",), dataset=("quick_v1",)), {"torn"}),
        (Selection(model=("mine:lab",), dataset=("ripped_v1",)), {"ripped_v1"}),
        (Selection(model=("torn:x",)), {"torn", "ripped_v1"}),
    ],
)
def test_names_are_taken_whole(matrix: Matrix, chosen: Selection, expected: set[str]) -> None:
    chosen.check(matrix)
    assert chosen_cases(matrix, chosen) == expected


def test_a_tier_holds_those_below_it(matrix: Matrix) -> None:
    tiers = {
        tier: {case.tier for case in Selection(model=("mine",), tier=tier).cases(matrix) if isinstance(case, Case)}
        for tier in ("smoke", "full", "real", "nightly")
    }
    assert tiers == {
        "smoke": {"smoke"},
        "full": {"smoke", "full"},
        "real": {"real"},  # its data and weights are its own
        "nightly": {"smoke", "full", "real", "nightly"},
    }


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (Selection(model=("mne",)), "unknown model 'mne': did you mean mine?"),
        (Selection(model=("min",)), "unknown model 'min': did you mean mine?"),
        (Selection(model=("mine:lab-q8",)), "unknown variant 'lab-q8' of mine: did you mean lab-q8_0?"),
        (Selection(dataset=("quick",)), "unknown dataset 'quick': did you mean quick_v1?"),
        (Selection(device=("gpu",)), "unknown device 'gpu': did you mean cuda?"),
        (Selection(precision=("int9",)), "unknown precision 'int9': did you mean int8?"),
        (Selection(tier="smoky"), "unknown tier 'smoky': did you mean smoke?"),
    ],
)
def test_unknown_names_are_errors(matrix: Matrix, chosen: Selection, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        chosen.check(matrix)
    assert str(caught.value).startswith(said)


def test_arguments_say_the_same_again() -> None:
    chosen = Selection(("a", "b:c"), ("d",), ("cpu",), ("int8",), "full")
    assert list(chosen.arguments()) == [
        "--model=a", "--model=b:c", "--dataset=d", "--device=cpu", "--precision=int8", "--tier=full",
    ]  # fmt: skip
    assert list(Selection().arguments()) == []


def test_a_broken_model_cannot_be_found(matrix: Matrix) -> None:
    with pytest.raises(ConfigError, match=r"torn.config\.yaml"):
        selection.find_model(matrix, "torn:lab")


def test_a_case_is_found_by_its_id(matrix: Matrix) -> None:
    assert str(selection.find_case(matrix, "mine:lab-quick_v1-cpu-int8").key) == "mine:lab-quick_v1-cpu-int8"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine:lab-quick_v1-cpu-int9", "unknown case 'mine:lab-quick_v1-cpu-int9': did you mean mine:lab-quick_v1"),
        ("§", "unknown case '§': `modellab run --co -q` lists them"),
    ],
)
def test_an_unknown_case_names_the_closest(matrix: Matrix, name: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        selection.find_case(matrix, name)
    assert str(caught.value).startswith(said)


def test_a_broken_case_says_what_is_broken(matrix: Matrix) -> None:
    with pytest.raises(ConfigError, match=r"torn.config\.yaml"):
        selection.find_case(matrix, "torn-broken")
