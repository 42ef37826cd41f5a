"""Faults injected into a real recogniser, its sound and its transcripts are told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modellab.diagnosis import Kind
from tools.detective.__main__ import recogniser, results, summary
from tools.detective.catalogue import CATALOGUE

SEEDS, SIZE, POOL = 3, 6, 23  # clips that the rules have not seen
RECALL, PRECISION = 0.6, 0.7  # of a few cases; the documented figures are of many
HARD = {Kind.WORDS}  # whatever a broken case leaves over


@pytest.mark.engine
@pytest.mark.slow
def test_injected_faults_are_told_apart() -> None:
    assert len(CATALOGUE) * SEEDS >= 100
    rows = list(results(SEEDS, recogniser(), POOL, SIZE))
    table = {line["kind"]: line for line in summary(rows)}
    assert set(table) == set(Kind)
    for kind, line in table.items():
        assert line["cases"] >= 1, f"{kind} was never injected"
        if kind not in HARD:
            assert line["recall"] >= RECALL, line
            assert line["precision"] >= PRECISION, line
            assert line["fault"] >= RECALL, line
    right = sum((row["expected"], row["blame"]) == (row["found"], row["blamed"]) for row in rows)
    assert right >= 0.9 * len(rows), f"{right} of {len(rows)}"


def test_what_works_is_left_alone() -> None:
    names = [injected.name for injected in CATALOGUE]
    assert len(set(names)) == len(names)
    assert "nothing wrong" in names


def test_the_documented_figures_are_those_that_were_measured() -> None:
    docs = Path(__file__).parents[2] / "docs"
    text, told = (docs / "detective.md").read_text(), json.loads((docs / "detective.json").read_text())
    for line in told["kinds"]:
        counts = " | ".join(f"{100 * line[name]:.1f} %" for name in ("recall", "precision", "fault"))
        assert f"| {line['kind']} | {line['cases']} | {line['utterances']} | {counts} |" in text
    assert f"{told['right']} of {told['utterances']} utterances in {told['cases']} cases" in text
