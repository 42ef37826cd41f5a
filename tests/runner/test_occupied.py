"""Who measures and who answers requests see each other, in every order."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from modellab.runner.occupied import DISTURBED, Occupied


@pytest.fixture
def occupied(tmp_path: Path) -> Occupied:
    return Occupied(tmp_path / "new")


def test_alone_nothing_is_said(occupied: Occupied) -> None:
    assert not occupied.is_measured()
    with occupied.answering():
        pass
    with occupied.measuring() as passage:
        assert occupied.is_measured()
        assert Occupied(occupied.folder).is_measured()
    assert passage.notes == ()
    assert not occupied.is_measured()


def test_several_may_measure_and_the_last_one_ends_it(occupied: Occupied) -> None:
    with occupied.measuring(), occupied.measuring():
        pass
    with occupied.measuring():
        with occupied.measuring():
            pass
        assert occupied.is_measured()


def test_a_passage_waits_for_calls_that_were_begun(occupied: Occupied) -> None:
    is_over, begun = threading.Event(), threading.Event()

    def call() -> None:
        with occupied.answering():
            begun.set()
            assert is_over.wait(30)

    caller = threading.Thread(target=call)
    caller.start()
    assert begun.wait(30)
    threading.Timer(0.2, is_over.set).start()
    with occupied.measuring() as passage:
        assert is_over.is_set()
        notes = passage.notes
    caller.join()
    assert notes == ()


def test_a_passage_that_waits_no_longer_says_so(occupied: Occupied) -> None:
    with occupied.answering(), occupied.measuring(patience_s=0.1) as passage:
        pass
    assert passage.notes == (DISTURBED,)


def test_a_call_that_does_not_wait_is_noticed_by_who_measures(occupied: Occupied) -> None:
    with occupied.measuring() as passage:
        time.sleep(0.02)  # a file system tells times apart that are so far apart
        with occupied.answering(is_shared=True):
            pass
        assert passage.notes == (DISTURBED,)
    with occupied.measuring() as next_one:
        assert next_one.notes == ()


def test_who_measures_a_server_waits_for_nobody_and_holds_up_nobody(occupied: Occupied) -> None:
    with occupied.answering(), occupied.measuring(of_server=True) as passage:
        assert not occupied.is_measured()
        assert passage.notes == ()


def test_one_run_at_a_time_and_who_waits_is_asked(occupied: Occupied) -> None:
    class StopError(Exception):
        pass

    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise StopError

    with occupied.running(check):
        assert asked == []
        with pytest.raises(StopError), Occupied(occupied.folder).running(check):
            pytest.fail("two at once")
    with occupied.running(check):
        assert len(asked) == 3


def test_a_folder_that_cannot_be_written_locks_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    occupied = Occupied(tmp_path / "file" / "folder")
    with occupied.measuring() as passage, occupied.answering():
        assert not occupied.is_measured()
    assert passage.notes == ()
