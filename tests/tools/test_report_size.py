"""The made-up ledger of tools/report_size.py: what it holds is what the report shows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from modellab.reports.leaderboard import html
from modellab.reports.leaderboard.assemble import Shown, assemble
from modellab.results import ledger
from modellab.results.select import SelectedResults
from tools import report_size


def test_every_model_dataset_and_utterance_is_in_the_report(tmp_path: Path) -> None:
    report_size.fill(tmp_path, models=2, datasets=2, utterances=6, sessions=1)
    entries, warnings = ledger.read(tmp_path / "mlruns")
    assert (len(entries), warnings) == (4, [])
    made = assemble(Shown([SelectedResults("latest", tuple(entries))], entries))
    assert [group.utterances for group in made.groups] == [12]
    assert html.render_html(made).count("<li><b>") == 24


@pytest.mark.parametrize(("rate", "least", "most"), [(0.0, 0, 0), (0.3, 200, 400)])
def test_errors_come_at_the_rate_that_is_asked_for(rate: float, least: int, most: int) -> None:
    from modellab.metrics.edit_distance import align

    words = ["word"] * 1000
    said = report_size.heard(words, rate, random.Random(1))
    assert least <= align(" ".join(words), said).words.errors <= most
