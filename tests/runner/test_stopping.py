"""Signals that end a run: noted while workers are at a case, raised at any other time, and never in the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from modellab.runner import stopping
from modellab.runner.stopping import AsCtrlC, Stopped, Stopping


@pytest.fixture
def signals() -> Iterator[AsCtrlC]:
    """Those of a session, whatever this process has for them."""
    before = {number: signal.getsignal(number) for number in stopping.NAMES}
    for number in stopping.NAMES:
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    listening = AsCtrlC()
    listening.listen()
    yield listening
    listening.close()
    assert {signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)} == {signal.SIG_DFL}
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_interrupts_once(signals: AsCtrlC, number: signal.Signals) -> None:
    with pytest.raises(Stopped, match=f"stopped by {number.name}"):
        signal.raise_signal(number)
    signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_what_is_written_in_the_end_is_not_interrupted(signals: AsCtrlC) -> None:
    signals.is_ending = True
    signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda *_: None], ids=["nohup", "somebody else's"])
def test_a_signal_that_is_somebody_elses_is_left_to_them(handler: signal.Handlers) -> None:
    before = signal.signal(signal.SIGHUP, handler)
    try:
        listening = AsCtrlC()
        listening.listen()
        with Stopping():
            assert signal.getsignal(signal.SIGHUP) == handler
        listening.close()
        assert signal.getsignal(signal.SIGHUP) == handler
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_pass_of_workers_notes_it_and_a_second_one_says_no_more(signals: AsCtrlC) -> None:
    """`timeout` sends SIGTERM to the process, and then to its group, of which that is one."""
    with Stopping() as noted:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGHUP):
            signal.raise_signal(number)
        assert noted.why == "stopped by SIGTERM"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGTERM)  # the run is about to end


def test_a_pass_that_nobody_stops_leaves_everything_as_it_was(signals: AsCtrlC) -> None:
    with Stopping() as noted:
        pass
    assert noted.why == ""
    with pytest.raises(Stopped):
        signal.raise_signal(signal.SIGTERM)
