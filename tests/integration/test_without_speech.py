"""Clips without speech in a recognition dataset, through pytest: accepted, and made-up words are told."""

from __future__ import annotations

import pytest
import yaml

from .conftest import FakeProject

SILENT = 3


def test_words_made_up_where_nobody_speaks_are_insertions(fake_project: FakeProject) -> None:
    path = fake_project.root / "golden" / "short_v1" / "dataset.yaml"
    manifest = yaml.safe_load(path.read_text())
    manifest["cases"][SILENT]["text"] = ""
    path.write_text(yaml.safe_dump(manifest, sort_keys=False))
    fake_project.answer(SILENT, "")
    fake_project.accept()
    fake_project.run().assert_outcomes(passed=1)

    fake_project.answer(SILENT, "thank you for watching " * 3)
    result = fake_project.run()

    verdicts = {each["metric"]: each for each in fake_project.ledger()[-1]["verdicts"]}
    words = sum(len(case["text"].split()) for case in manifest["cases"])
    assert verdicts["wer"]["now"] == 12 / words
    assert verdicts["wer"]["status"] != "PASS"
    assert verdicts["hallucination_rate"]["now"] == 1.0
    minutes = manifest["cases"][SILENT]["duration_s"] / 60
    assert verdicts["hallucinated_words_per_min"]["now"] == pytest.approx(12 / minutes)
    letters = 3 * len("thankyouforwatching")
    assert verdicts["hallucinated_characters_per_min"]["now"] == pytest.approx(letters / minutes)
    result.stdout.fnmatch_lines(["*003: 12 made up where nobody speaks*"])
    told = next(note for note in fake_project.ledger()[-1]["notes"] if "without speech" in note)
    assert (
        told == "12 of the 12 errors in the WER are words in 1 clip without speech: it is 0.00 % where somebody speaks"
    )


@pytest.mark.parametrize("metric", ["hallucination_rate", "hallucinated_words_per_min"])
def test_a_limit_of_the_dataset_holds_made_up_words(fake_project: FakeProject, metric: str) -> None:
    path = fake_project.root / "golden" / "short_v1" / "dataset.yaml"
    manifest = yaml.safe_load(path.read_text())
    manifest["cases"][SILENT]["text"] = ""
    path.write_text(yaml.safe_dump({"limits": {metric: 0.0}, **manifest}, sort_keys=False))
    result = fake_project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{metric}: * is above the limit 0*"])


def test_a_baseline_from_before_the_metric_stays_green(fake_project: FakeProject) -> None:
    fake_project.accept()
    (accepted,) = (fake_project.root / "baselines").glob("asr/short_v1/*float32.json")
    stored = accepted.read_text()
    fake_project.run().assert_outcomes(passed=1)
    assert "hallucination_rate" not in fake_project.run().stdout.str()
    assert stored == accepted.read_text()
