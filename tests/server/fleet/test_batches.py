"""Several files that wait in one call of a model: who may go together, and what a bad one costs the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from modellab.server.fleet.queues import Job, ModelQueue
from tests.server.conftest import FAKE as ADAPTER
from tests.server.conftest import Server, project, serving
from tests.server.fleet.test_fleet import ask

MOST = 4
SEVERAL = """

class Several(Fake):
    def transcribe(self, audio):
        if round(10 * audio.duration_s) == 22:
            (HERE / "begun").touch()
            while not (HERE / "go").exists():
                time.sleep(0.01)
        return super().transcribe(audio)

    def transcribe_batch(self, every):
        with (HERE / "batches").open("a") as file:
            file.write(f"{len(every)}\\n")
        return [self.transcribe(each) for each in every]


load = Several
"""


@pytest.fixture
def several(tmp_path: Path) -> Iterator[Server]:
    root = project(tmp_path, 'max_queue = 32\nbatches = {"fake:one" = 4}')
    (root / "models" / "fake" / "adapter.py").write_text(ADAPTER + SEVERAL)
    with serving(root) as up:
        yield up


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def together(server: Server, lengths: list[int]) -> list[Future[str]]:
    """These clips, asked for while the model is at another: they all wait when it is done."""
    pool = ThreadPoolExecutor(1 + len(lengths))
    (server.fake / "begun").unlink(missing_ok=True)
    (server.fake / "go").unlink(missing_ok=True)
    first = pool.submit(ask, server, 22)
    until((server.fake / "begun").exists)
    asked = [pool.submit(ask, server, each) for each in lengths]
    until(lambda: server.get("/stats")[1]["models"]["fake:one"]["waiting"] == len(lengths))
    (server.fake / "go").touch()
    assert first.result() == "22 tenths"
    pool.shutdown()
    return asked


def sizes(server: Server) -> list[int]:
    path = server.fake / "batches"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


@pytest.mark.slow
def test_files_that_wait_go_in_one_call_and_each_gets_its_own_answer(several: Server) -> None:
    lengths = [3, 4, 5, 6, 7, 9]
    assert [each.result() for each in together(several, lengths)] == [f"{each} tenths" for each in lengths]
    assert sizes(several) == [4, 2]
    assert ask(several, 5) == "5 tenths"  # alone
    assert sizes(several) == [4, 2]


@pytest.mark.slow
def test_a_file_that_fails_costs_the_others_nothing(several: Server) -> None:
    heard = together(several, [5, 13, 6])
    assert isinstance(heard[1].exception(), openai.UnprocessableEntityError)
    assert [heard[0].result(), heard[2].result()] == ["5 tenths", "6 tenths"]
    heard = together(several, [5, 12, 6])  # it kills the process, whenever it is heard
    lost = heard[1].exception()
    assert isinstance(lost, openai.InternalServerError)
    assert lost.status_code == 503
    assert [heard[0].result(), heard[2].result()] == ["5 tenths", "6 tenths"]


@pytest.mark.slow
def test_a_model_that_takes_one_at_a_time_still_answers(tmp_path: Path) -> None:
    with serving(project(tmp_path), batches={"fake:one": MOST}) as up, ThreadPoolExecutor(6) as pool:
        ask(up, 3)
        assert list(pool.map(lambda each: ask(up, each), [20, 4, 5, 6, 7])) == [f"{n} tenths" for n in (20, 4, 5, 6, 7)]


def job(name: str, owner: str = "a", **changes: object) -> Job:
    given = {"task": "asr", "row": {"id": name}, "audio_s": 3.0, "owner": owner, **changes}
    return Job(**given)  # type: ignore[arg-type]


def test_who_goes_along_is_alike_and_everybody_else_keeps_their_turn() -> None:
    queue = ModelQueue(16, 1)
    first = job("1")
    german = job("2", row={"id": "2", "language": "de"})
    times = job("3", "b", task="alignment")
    waiting = [german, times, job("4"), job("5", "b"), job("6", is_live=True), job("7", audio_s=90.0), job("8")]
    for each in (first, *waiting):
        queue.put(each)
    turns = [taken.row["id"] for _ in range(2) if (taken := queue.take())]
    assert turns == ["6", "7"]
    assert queue.take() is first
    assert [each.row["id"] for each in queue.take_more(first, 2)] == ["5", "4"]
    assert first.together == 3
    left = [taken.row["id"] for _ in range(4) if (taken := queue.take())]
    assert sorted(left) == ["2", "3", "8"]
