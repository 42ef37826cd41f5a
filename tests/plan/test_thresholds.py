"""Where the numbers that judge a case come from: every place once, in their order, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modellab import tasks
from modellab.datasets.manifest import Header
from modellab.errors import ConfigError
from modellab.models import Model
from modellab.plan import thresholds
from modellab.plan.matrix import Case, Matrix
from modellab.plan.settings import Judging, Project
from modellab.schema import parse

from ..make import CONFIG, HEADER, KEY

ASR = tasks.get("asr")
ROOT = Path(__file__).parents[2]


def case(root: Path, header: dict[str, Any], model: dict[str, Any], variant: dict[str, Any]) -> Case:
    config = {**CONFIG, **model, "variants": {"one": {"weights": "package", **variant}}}
    parsed = Model.model_validate(config)
    folders = root / "models" / "fake", root / "golden" / "short_v1"
    return Case(
        KEY, parsed, parsed.variants["one"], folders[0], folders[1], Header.model_validate({**HEADER, **header})
    )


def project(root: Path, **judging: Any) -> Project:
    return Project(root, root / "golden", root / "b", root / "m", judging=Judging.model_validate(judging))


PLACES: list[tuple[str, dict[str, Any]]] = [  # each place, and how to say margin 0.0N there
    ("pyproject.toml [tool.modellab.thresholds]", {"judging": {"thresholds": {"wer": {"margin": 0.01}}}}),
    ("golden/short_v1/dataset.yaml thresholds", {"header": {"thresholds": {"wer": {"margin": 0.02}}}}),
    ("models/fake/config.yaml thresholds", {"model": {"thresholds": {"wer": {"margin": 0.03}}}}),
    ("models/fake/config.yaml variants.one.thresholds", {"variant": {"thresholds": {"wer": {"margin": 0.04}}}}),
    (
        'pyproject.toml [tool.modellab.cases."fake:*"]',
        {"judging": {"cases": {"fake:*": {"wer": {"margin": 0.05}}, "other:*": {"wer": {"margin": 9}}}}},
    ),
]


def sources_of(root: Path, given: list[dict[str, Any]]) -> thresholds.Sources:
    merged: dict[str, dict[str, Any]] = {"judging": {}, "header": {}, "model": {}, "variant": {}}
    for each in given:
        for where, values in each.items():
            merged[where] |= values
    one = case(root, merged["header"], merged["model"], merged["variant"])
    return thresholds.sources(ASR, one, project(root, **merged["judging"]))


@pytest.mark.parametrize("last", range(len(PLACES)))
def test_later_places_win(tmp_path: Path, last: int) -> None:
    margin = sources_of(tmp_path, [given for _, given in PLACES[: last + 1]])["wer"]["margin"]
    assert (margin.value, margin.origin) == (0.01 * (last + 1), PLACES[last][0])


def test_number_by_number(tmp_path: Path) -> None:
    wer = sources_of(
        tmp_path,
        [
            {"judging": {"thresholds": {"wer": {"cap": 0.2}}}},
            {"header": {"limits": {"wer": 0.35}, "thresholds": {"wer": {"sensitivity": 0.01}}}},
            {"model": {"thresholds": {"wer": {"alpha": 0.001}}}},
        ],
    )["wer"]
    assert {name: (source.value, source.origin) for name, source in wer.items()} == {
        "margin": (0.001, "built in"),
        "margin_relative": (0.01, "built in"),
        "cap": (0.2, "pyproject.toml [tool.modellab.thresholds]"),
        "broken_share": (0.5, "built in"),
        "broken_least": (3.0, "built in"),
        "broken_often": (0.01, "built in"),
        "limit": (0.35, "golden/short_v1/dataset.yaml limits"),
        "sensitivity": (0.01, "golden/short_v1/dataset.yaml thresholds"),
        "alpha": (0.001, "models/fake/config.yaml thresholds"),
    }


def test_rules_are_what_the_sources_say(tmp_path: Path) -> None:
    rules = thresholds.rules(ASR, case(tmp_path, {"limits": {"rtf": 0.5}}, {}, {}), project(tmp_path))
    assert rules.keys() == set(tasks.judged("asr"))
    assert (rules["wer"].margin, rules["wer"].alpha, rules["wer"].cap) == (0.001, 0.01, None)
    assert (rules["rtf"].limit, rules["rtf"].margin) == (0.5, None)
    assert rules["length_ratio"].limit == 1.5
    assert rules["success_rate"].limit == 1.0


def test_the_alpha_of_the_suite_is_that_of_every_case(tmp_path: Path) -> None:
    assert {each["alpha"].value for each in sources_of(tmp_path, [{"judging": {"alpha": 0.05}}]).values()} == {0.05}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param(
            {"model": {"thresholds": {"wer": {"alpha": 0.05}}}},
            "models/fake/config.yaml thresholds: wer.alpha is 0.05, above the whole suite's 0.01: raise alpha under",
            id="an alpha above the suite's",
        ),
        pytest.param(
            {"header": {"limits": {"wer": 5}}},
            "short_v1/dataset.yaml limits: wer.limit is 5, which is 500 %: expected a fraction below 2, 0.05 for 5 %",
            id="a limit in per cent",
        ),
        pytest.param(
            {"variant": {"thresholds": {"cer": {"margin": 2}}}},
            "variants.one.thresholds: cer.margin is 2, which is 200 %: expected a fraction below 1, 0.02 for 2 %",
            id="a margin in per cent",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        sources_of(tmp_path, [given])


def test_a_metric_of_another_task_is_none_of_this_one(tmp_path: Path) -> None:
    assert "f1" not in sources_of(tmp_path, [{"judging": {"thresholds": {"f1": {"margin": 0.1}}}}])


@pytest.mark.parametrize(
    ("judging", "says"),
    [
        pytest.param(
            {"thresholds": {"wre": {"margin": 0.1}}},
            r"\[tool.modellab.thresholds\] has 'wre', which nothing measures: did you mean wer\?",
            id="a metric",
        ),
        pytest.param(
            {"cases": {"*": {"rft": {"limit": 1.0}}}},
            r"\[tool.modellab.cases.\"\*\"\] has 'rft', which nothing measures: did you mean rtf\?",
            id="a metric of some cases",
        ),
        pytest.param(
            {"cases": {"wisper:*": {"wer": {"limit": 1.0}}}},
            r"\[tool.modellab.cases.\"wisper:\*\"\] fits no case: expected a pattern such as \S+-\S+, with",
            id="a pattern",
        ),
    ],
)
def test_a_slip_in_the_project_is_told_at_once(tmp_path: Path, judging: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        thresholds.check(Matrix(project(tmp_path, **judging)))


# ---------------------------------------------------------------------------- numbers that nothing can be held to

ODD = [float("nan"), float("inf"), float("-inf"), 1e300, 10**400, "0.05", None, True]
WRITTEN: list[tuple[str, Any, Any]] = [  # where a number that judges can be written, and how
    ("a dataset's limits", Header, lambda odd: {**HEADER, "limits": {"wer": odd}}),
    *(
        (f"{number} in a dataset", Header, lambda odd, number=number: {**HEADER, "thresholds": {"wer": {number: odd}}})
        for number in thresholds.NUMBERS
    ),
    ("a model's thresholds", Model, lambda odd: {**CONFIG, "thresholds": {"wer": {"limit": odd}}}),
    (
        "a variant's thresholds",
        Model,
        lambda odd: {
            **CONFIG,
            "variants": {"one": {"weights": "package", "thresholds": {"wer": {"limit": odd}}}},
        },
    ),
    ("the project's thresholds", Judging, lambda odd: {"thresholds": {"wer": {"limit": odd}}}),
    ("the project's cases", Judging, lambda odd: {"cases": {"*": {"wer": {"limit": odd}}}}),
    ("the project's alpha", Judging, lambda odd: {"alpha": odd}),
    ("a stage's limits", Judging, lambda odd: {"lifecycle": {"production": {"limits": {"wer": odd}}}}),
    (
        "a stage's limits of a task",
        Judging,
        lambda odd: {"lifecycle": {"production": {"limits_of": {"asr": {"wer": odd}}}}},
    ),
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=["nan", "inf", "-inf", "1e300", "10**400", "text", "nothing", "true"])
@pytest.mark.parametrize(("where", "kind", "values"), WRITTEN, ids=[where for where, _, _ in WRITTEN])
def test_a_limit_that_holds_nothing_is_refused(where: str, kind: Any, values: Any, odd: Any) -> None:
    with pytest.raises(ConfigError) as found:
        parse(kind, Path("some.yaml"), values(odd))
    assert str(found.value).startswith("some.yaml: ")
    assert len(str(found.value)) < 400


@pytest.mark.parametrize("odd", [*ODD[:-1], 0, -1, 86_401])
def test_a_timeout_that_never_strikes_is_refused(odd: float) -> None:
    with pytest.raises(ConfigError, match=r"^models/fake/config.yaml: 'timeout_s' is "):
        parse(Model, Path("models/fake/config.yaml"), {**CONFIG, "timeout_s": odd})


def test_every_case_of_this_project_has_numbers_that_are_taken() -> None:
    matrix = Matrix(Project.at(ROOT))
    for task in tasks.names():
        for each in matrix.cases(task):
            assert isinstance(each, Case), each
            thresholds.rules(tasks.get(task), each, matrix.project)
