"""The page of what the harness costs: every figure with its target, and a status that tells of a miss."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools.performance import __main__ as runner
from tools.performance import page

GOOD = {
    "suite_over_bare": 1.01,
    "controller_rss_mb": 150.0,
    "controller_growth_mb": 9.0,
    "per_case_ms": 9.0,
    "import_s": 0.1,
    "help_s": 0.3,
    "collect_10k_ratio": 1.2,
    "whisper_en_speedup": 9.0,
    "wer_2620_ms": 20.0,
    "wer_10k_words_s": 0.1,
    "wer_10k_words_mb": 60.0,
    "der_speedup": 40.0,
}
FACTS = page.Facts("2026-11-21", "a-cpu-1t", 2, "3.12.1", {"modellab": "0.1.0"})


def test_the_file_has_these_keys() -> None:
    assert set(page.KEYS) == GOOD.keys()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"suite_over_bare": 1.02}, []),
        ({"suite_over_bare": 1.06}, ["suite_over_bare is 1.06 x, the target is <= 1.02"]),
        ({"der_speedup": 19.0}, ["der_speedup is 19 x, the target is >= 20"]),
        ({"collect_10k_ratio": 1.6}, ["collect_10k_ratio is 1.6 x, the target is <= 1.5"]),
    ],
)
def test_a_missed_target_is_told(changed: dict[str, float], told: list[str]) -> None:
    assert page.missed({**GOOD, **changed}) == told
    assert page.text({**GOOD, **changed}, FACTS).count("**no**") == len(told)


def test_the_page_has_a_row_for_each_figure_and_says_where_it_was_measured() -> None:
    text = page.text({**GOOD, "controller_growth_mb": 70.0}, FACTS)
    assert all(f"| `{name}` " in text for name in [*GOOD, "controller_growth_mb"])
    assert "Measured 2026-11-21, on `a-cpu-1t` (2 logical cores), Python 3.12.1, modellab 0.1.0." in text
    assert "A trial with 0.1 of the work." in page.text(GOOD, page.Facts("", "a", 2, "3.12", {}, 0.1))


def test_both_files_are_written_and_can_be_checked(tmp_path: Path) -> None:
    measured = {**GOOD, "help_s": 0.7, "compounds_10k_words_s": 0.2}

    def parts(scale: float) -> runner.Parts:
        return {"harness": lambda: measured, "text": dict, "metrics": dict}

    assert runner.main(["--out", str(tmp_path), "--date", "2026-11-21"], parts) == 1
    assert json.loads((tmp_path / "overhead.json").read_text()) == {**GOOD, "help_s": 0.7}
    assert "`compounds_10k_words_s`" in (tmp_path / "overhead.md").read_text()
    assert runner.main(["--out", str(tmp_path), "--check"]) == 1
    (tmp_path / "overhead.json").write_text(json.dumps(GOOD))
    assert runner.main(["--out", str(tmp_path), "--check"]) == 0
