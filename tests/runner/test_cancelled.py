"""A run ends when it is asked to: no process is left, and the ledger misses no case."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab.runner.events import CaseDone, CaseStarted, Event, SuiteSettled, UtteranceDone
from modellab.runner.run import run
from modellab.runner.settling import STOPPED
from modellab.types import Status
from tests.processes import workers_below

from .suites import CALM, ONE, entries, statuses, write_project


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    return write_project(tmp_path, "fake", "fake_calm", "fake_crash")


@pytest.mark.parametrize(
    ("moment", "measured"),
    [(UtteranceDone, []), (CaseDone, [ONE])],
    ids=["between utterances", "between cases"],
)
def test_a_run_ends_when_it_is_asked_to(root: Path, moment: type, measured: list[str]) -> None:
    told: list[Event] = []
    result = run([ONE, CALM], root, listeners=[told.append], cancelled=lambda: any(isinstance(e, moment) for e in told))
    assert list(statuses(result)) == measured
    assert result.not_run == tuple(name for name in (ONE, CALM) if name not in measured)
    assert result.exit_status == STOPPED
    assert sum(isinstance(event, CaseStarted) for event in told) == 1
    assert sum(isinstance(event, UtteranceDone) for event in told) == (8 if measured else 1)
    assert isinstance(told[-1], SuiteSettled)
    assert workers_below() == []
    errors = [entry.error for entry in entries(root) if entry.status is Status.ERROR]
    assert errors == ["not run: the run was stopped before"] * len(result.not_run)


def test_ctrl_c_leaves_no_process_and_no_gap_in_the_ledger(root: Path) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, UtteranceDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run([ONE, CALM], root, listeners=[interrupt])
    assert workers_below() == []
    assert [entry.error for entry in entries(root)] == ["not run: the run was stopped before"] * 2
