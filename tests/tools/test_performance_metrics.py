"""The speed of our metrics beside the reference implementations: what is timed, not how fast it is."""

from __future__ import annotations

import pytest

from modellab.metrics import diarization
from modellab.types import Ratio
from tools.performance import draws, metrics


@pytest.fixture(autouse=True)
def _pyannote() -> None:
    pytest.importorskip("pyannote.core", reason="pip install 'modellab[pyannote]'")


def test_both_sides_score_the_same_recording() -> None:
    assert metrics.measure(turns=60, pairs=1).keys() == {"der_speedup"}


def test_a_speed_of_a_wrong_score_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diarization.Diarization, "der", lambda self: Ratio(1.0, 3.0))
    with pytest.raises(AssertionError, match="the two disagree"):
        metrics.measure(turns=60, pairs=1)


def test_meetings_where_meeteval_is_installed() -> None:
    pytest.importorskip("meeteval", reason="pip install --group references")
    assert metrics.meetings_too(words=200, pairs=1).keys() == {"cpwer_speedup", "tcpwer_speedup"}


def test_a_long_recording_is_as_long_as_asked() -> None:
    reference, hypothesis = draws.meeting(600, 6, 600.0)
    assert len(reference) == 600
    assert len({turn.speaker for turn in reference}) == len({turn.speaker for turn in hypothesis}) == 6
    assert max(turn.end_s for turn in reference) <= 600.0
    session = draws.long_session(500)
    assert sum(len(said.text.split()) for said in session.reference) == 500
    assert len({said.speaker for said in session.reference}) == 4
