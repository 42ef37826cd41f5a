"""Metrics that say what broke, through pytest: a fault that is put in moves the metrics of its kind, and no others."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from .conftest import FakeProject

TEXTS = [
    "Well, Anna, turn on the light.",
    "Is it Monday, or Tuesday?",
    "Please open the garden door now!",
    "We meet in Paris today: don't be late; bring the map.",
    "Play the music in the garage.",
    "Call Bob, please.",
    "Who closed the window?",
    "The Meeting in room 20 is over.",
]
LISTS: dict[int, dict[str, Any]] = {
    0: {"keywords": ["Anna", "the light"]},
    1: {"keywords": ["Anna", "Bob"]},
    3: {"entities": ["Paris", "the map"]},
    7: {"code_switched": ["Meeting"], "keywords": ["room"]},
}
WORD = {"wer", "cer", "mer", "wil", "cased_wer", "punctuated_wer", "written_wer"}
Fault = Callable[[str], str]
SOUND: dict[str, dict[str, float]] = {}  # by dataset


def marked_slow(fault: Fault, expected: set[str]) -> Any:
    """Of a fault whose metrics another fault moves too, or `tests/metrics` counts."""
    return pytest.param(fault, expected, marks=pytest.mark.slow)


def write(project: FakeProject, rows: dict[int, dict[str, Any]] | None = None, **header: Any) -> None:
    """The dataset with these texts, and rows with further keys."""
    path = project.root / "golden" / "short_v1" / "dataset.yaml"
    manifest = yaml.safe_load(path.read_text())
    for number, text in enumerate(TEXTS):
        manifest["cases"][number] |= {"text": text, **(rows or {}).get(number, {})}
    cases = manifest.pop("cases")
    path.write_text(yaml.safe_dump({**manifest, **header, "cases": cases}, sort_keys=False))


def metric_values(project: FakeProject, fault: Fault = str) -> dict[str, float]:
    """The value of each metric where the model says the references with a fault put in."""
    for number, text in enumerate(TEXTS):
        project.answer(number, fault(text))
    project.run().assert_outcomes(passed=1)
    values = {name: math.nan if value is None else value for name, value in project.ledger()[-1]["values"].items()}
    return {name: value for name, value in values.items() if not math.isnan(value)}


def metrics_moved_by(project: FakeProject, fault: Fault) -> set[str]:
    """The metrics that a fault moves. What a dataset gives without one is measured once."""
    dataset = (project.root / "golden" / "short_v1" / "dataset.yaml").read_text()
    before = SOUND[dataset] = SOUND.get(dataset) or metric_values(project)
    after = metric_values(project, fault)
    assert before.keys() == after.keys()
    return {name for name, value in after.items() if value != before[name]}


SURE = """
        text, sure = self.answers[str(len(audio.samples))], json.loads((HERE / "sure.json").read_text())
        return Transcript.of([(text, 0.0, 1.0)], confidences=[(w, sure.get(w, sure["*"])) for w in text.split()])
"""


@pytest.mark.parametrize(
    ("confidences", "expected"),
    [
        pytest.param({"*": 0.99}, {"ece"}, marks=pytest.mark.slow),
        ({"golden": 0.95}, {"ece", "confidence_auroc", "wer_at_80_coverage"}),
    ],
    ids=["too sure", "sure of what is wrong"],
)
def test_a_fault_of_confidences_moves_nothing_else(
    fake_project: FakeProject, confidences: dict[str, float], expected: set[str]
) -> None:
    write(fake_project)
    adapter = fake_project.model / "adapter.py"
    adapter.write_text(
        adapter.read_text().replace("        return Transcript(self.answers[str(len(audio.samples))])\n", SURE)
    )
    said = {"*": 0.9, "golden": 0.1}

    def heard() -> dict[str, float]:
        (fake_project.model / "sure.json").write_text(json.dumps(said))
        return metric_values(fake_project, lambda text: text.replace("garden", "golden"))

    before = heard()
    said |= confidences
    after = heard()
    assert before["confidence_auroc"] == 1.0
    assert {name for name, value in after.items() if value != before[name]} == expected


TIMED = """
        text, clock = self.answers[str(len(audio.samples))], json.loads((HERE / "clock.json").read_text())
        words = [(w, i * 0.1 * clock[0] + clock[1], (i + 1) * 0.1 * clock[0]) for i, w in enumerate(text.split())]
        return Transcript.of(words)
"""


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        pytest.param([1.0, 0.05], {"timestamp_error_s", "timestamp_drift"}, id="starts are late"),
        pytest.param([1.01, 0.0], {"timestamp_error_s", "timestamp_drift"}, id="it runs fast", marks=pytest.mark.slow),
    ],
)
def test_a_fault_of_times_moves_nothing_else(fake_project: FakeProject, clock: list[float], expected: set[str]) -> None:
    texts = [[word.strip(",.?!:;") for word in text.split()] for text in TEXTS]
    times = {i: {"words": [[w, k / 10, (k + 1) / 10] for k, w in enumerate(text)]} for i, text in enumerate(texts)}
    write(fake_project, times)
    adapter = fake_project.model / "adapter.py"
    adapter.write_text(
        adapter.read_text().replace("        return Transcript(self.answers[str(len(audio.samples))])\n", TIMED)
    )
    found = []
    for each in ([1.0, 0.0], clock):
        (fake_project.model / "clock.json").write_text(json.dumps(each))
        found.append(metric_values(fake_project))
    before, after = found
    assert before["timestamp_error_s"] == pytest.approx(0, abs=1e-9)
    assert {name for name, value in after.items() if value != pytest.approx(before[name], abs=1e-9)} == expected


@pytest.mark.slow
def test_words_said_twice_at_a_seam_are_told_from_those_elsewhere(fake_project: FakeProject) -> None:
    rows = {i: {"session": "call", "chunk": i} for i in range(len(TEXTS))}
    write(fake_project, rows, settings={"reference": "session"})
    seam = metrics_moved_by(fake_project, lambda text: text.replace("the light.", "the light. light."))
    middle = metrics_moved_by(fake_project, lambda text: text.replace("don't be", "don't don't be"))
    assert seam - middle == {"seam_error_rate"}
    assert middle <= seam


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (str.lower, {"case_error_rate", "cased_wer", "written_wer"}),
        (
            lambda text: text.replace(".", ""),
            {"punctuation_error_rate", "punctuation_f1", "period_f1", "punctuated_wer", "written_wer"},
        ),
        marked_slow(
            lambda text: text.replace(",", ";"),
            {"punctuation_error_rate", "punctuation_f1", "comma_f1", "semicolon_f1", "punctuated_wer", "written_wer"},
        ),
        marked_slow(
            lambda text: text.replace("?", "."),
            {"punctuation_error_rate", "punctuation_f1", "question_f1", "period_f1", "punctuated_wer", "written_wer"},
        ),
        marked_slow(
            lambda text: text.replace("!", ""),
            {"punctuation_error_rate", "punctuation_f1", "exclamation_f1", "punctuated_wer", "written_wer"},
        ),
        (lambda text: text.replace("garden", "golden"), WORD),
        (lambda text: text.replace("Anna", "Hanna"), {*WORD, "keyword_recall", "keyword_f1"}),
        marked_slow(lambda text: text.replace("Is it", "Anna it"), {*WORD, "keyword_precision", "keyword_f1"}),
        marked_slow(lambda text: text.replace("Paris", "Harris"), {*WORD, "entity_recall", "entity_f1"}),
        marked_slow(lambda text: text.replace("be late", "Paris late"), {*WORD, "entity_precision", "entity_f1"}),
        (lambda text: text.replace("Meeting", "Metting"), {*WORD, "pier"}),
        marked_slow(
            lambda text: text.replace("music", "music and so then and so then"),
            {*WORD, "length_ratio", "words_per_s", "inserted_run_rate", "inserted_run_words"},
        ),
        (
            lambda text: text.replace("garden", "garden garden garden garden garden garden"),
            {
                *WORD, "length_ratio", "words_per_s", "inserted_run_rate", "inserted_run_words", "loop_rate",
                "loop_words",
            },
        ),
        marked_slow(
            lambda text: text.replace("music", "music and so then and"),
            {*WORD, "length_ratio", "words_per_s"},
        ),
        (
            lambda text: text.replace("20", "30"),
            {*WORD, "number_recall", "number_precision", "number_f1", "figure_f1"},
        ),
        marked_slow(
            lambda text: text.replace("the music", "the 5 music"),
            {*WORD, "length_ratio", "words_per_s", "number_precision", "number_f1", "figure_f1"},
        ),
        (lambda text: text.replace("20", "twenty"), {"figure_f1", "cased_wer", "punctuated_wer", "written_wer"}),
    ],
    ids=[
        "lower case", "no full stops", "another mark", "no question", "no exclamation", "another word",
        "a keyword misheard", "a keyword made up", "an entity misheard", "an entity made up",
        "a word of another language misheard", "a run of made-up words", "a loop", "a shorter run", "another number",
        "a number made up", "a number in words",
    ],
)  # fmt: skip
def test_each_kind_of_fault_moves_its_own_metrics(fake_project: FakeProject, fault: Fault, expected: set[str]) -> None:
    write(fake_project, LISTS, normaliser="modellab_en")
    assert metrics_moved_by(fake_project, fault) == expected


@pytest.mark.slow
def test_words_made_up_where_nobody_speaks_move_nothing_of_what_is_said(fake_project: FakeProject) -> None:
    """Marks, casing, and a keyword of other rows among them. The WER counts what is made up there, as jiwer does."""
    write(fake_project, {**LISTS, 5: {"text": ""}}, normaliser="modellab_en")
    silent = TEXTS[5]
    before = metric_values(fake_project, lambda text: text.replace(silent, ""))
    after = metric_values(fake_project, lambda text: text.replace(silent, "Thank you, Anna, for watching."))
    made_up = {f"hallucinated_{what}_per_min" for what in ("words", "characters")} | {"hallucination_rate"}
    assert {name for name in made_up if before[name] == 0} == made_up
    pooled = {"wer", "cer", "mer", "wil", "length_ratio", "words_per_s"}
    assert {name for name, value in after.items() if value != before.get(name)} == {*pooled, *made_up}


def test_on_request_a_lost_keyword_is_judged_though_only_some_rows_list_any(fake_project: FakeProject) -> None:
    rows = {i: {"keywords": [TEXTS[i].split()[1].strip(",.?!:;")]} for i in range(7)}
    write(fake_project, rows, thresholds={"keyword_recall": {"margin": 0.01}})
    for number, text in enumerate(TEXTS):
        fake_project.answer(number, text)
    fake_project.run("--update-baselines", "--reason", "a first run").assert_outcomes(passed=1)
    fake_project.run().assert_outcomes(passed=1)
    verdicts = {each["metric"]: each for each in fake_project.ledger()[-1]["verdicts"]}
    assert (verdicts["keyword_recall"]["status"], verdicts["keyword_recall"]["baseline"]) == ("PASS", 1)
    assert "entity_recall" not in verdicts

    for number, text in enumerate(TEXTS[:7]):
        fake_project.answer(number, text.replace(f" {rows[number]['keywords'][0]}", " something"))
    fake_project.run().assert_outcomes(failed=1)
    verdicts = {each["metric"]: each for each in fake_project.ledger()[-1]["verdicts"]}
    assert (verdicts["keyword_recall"]["status"], verdicts["keyword_recall"]["now"]) == ("REGRESSED", 0)
