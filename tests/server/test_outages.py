"""What the log hears of something that fails for a while."""

from __future__ import annotations

import pytest

from modellab.server.outages import MOST_S, REPEAT_S, Outage


def test_it_is_told_at_once_each_minute_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 100.0
    outage = Outage("no job can be taken", lambda: now_s)
    for _ in range(1300):  # ten a second
        outage.tell(OSError("starting up\nand more"))
        now_s += 0.1
    outage.over()
    outage.over()
    outage.tell(OSError("gone again"))
    outage.over()
    outage.tell(TimeoutError())  # says nothing of itself
    assert [record.getMessage() for record in caplog.records] == [
        "no job can be taken: starting up",
        "no job can be taken: starting up, for 60 s now",
        "no job can be taken: starting up, for 120 s now",
        "no job can be taken: that is over, after 130 s",
        "no job can be taken: gone again",
        "no job can be taken: that is over, after 0 s",
        "no job can be taken: TimeoutError",
    ]


def test_the_longer_it_lasts_the_longer_are_the_pauses() -> None:
    now_s = [0.0]
    outage = Outage("no job can be taken", lambda: now_s[0])
    assert outage.pause_s(1.0) == 1.0
    outage.tell(OSError("gone"))
    for now_s[0], pause_s in ((0.0, 1.0), (2.0, 1.0), (20.0, 5.0), (REPEAT_S, MOST_S)):
        assert outage.pause_s(1.0) == pause_s
    outage.over()
    assert outage.pause_s(1.0) == 1.0
