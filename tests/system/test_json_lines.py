"""One request, one reply: by a deadline, of bounded length, with its number; everything else is told as what it is."""

from __future__ import annotations

import json
import math
import os
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from modellab.errors import ProtocolError
from modellab.system.json_lines import MOST_REPLY_BYTES, Pipes


class Child:
    """The other side, in this process."""

    def __init__(self, *, older: bool = False, most_bytes: int = MOST_REPLY_BYTES) -> None:
        self.alive = True
        self.pipes = Pipes(lambda: self.alive, older=older, most_bytes=most_bytes)
        self.requests, self.replies = self.pipes.theirs

    def says(self, text: bytes) -> int:
        return os.write(self.replies, text)

    def ask(self, within_s: float = 5.0, **order: object) -> dict[str, object]:
        return self.pipes.ask(order, time.monotonic() + within_s)


@pytest.fixture
def child() -> Iterator[Child]:
    made = Child()
    yield made
    made.pipes.close()


def echo(child: Child, answer: bytes) -> None:
    """Answer the next request with these bytes, once it is there."""
    threading.Thread(target=lambda: (os.read(child.requests, 1 << 16), child.says(answer))).start()


def test_a_request_carries_a_number_and_its_reply_the_same(child: Child) -> None:
    for number in (1, 2):
        echo(child, json.dumps({"id": number, "output": "so"}).encode() + b"\n")
        assert child.ask(verb="start") == {"output": "so"}


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(b"garbage\n", "the worker wrote 'garbage' where a reply was expected", id="garbage"),
        pytest.param(b"\xff\xfe\n", "where a reply was expected", id="no text"),
        pytest.param(b"\n", "the worker wrote '' where a reply was expected", id="nothing"),
        pytest.param(b"42\n", "the worker wrote '42' where a reply was expected", id="a number"),
        pytest.param(b"[]\n", "the worker wrote '[]' where a reply was expected", id="a list"),
        pytest.param(b"{}\n", "the worker wrote '{}' where a reply was expected", id="an empty object"),
        pytest.param(b'{"error":1}\n', "where a reply was expected", id="an error of nobody"),
        pytest.param(b'{"id":"1"}\n', "where a reply was expected", id="a number that is none"),
        pytest.param(b"[" * 9_000 + b"\n", "where a reply was expected", id="deep"),
        pytest.param(b"9" * 9_000 + b"\n", "where a reply was expected", id="a number without end"),
        pytest.param(b'half{"id":1}\n', "the worker wrote 'half{", id="half a line before it"),
        pytest.param(b'{"id":7}\n', "the worker answered request 7 instead of request 1", id="another number"),
        pytest.param(b'{"id":9,"kind":"protocol","error":"it forked"}\n', "it forked", id="its own word"),
    ],
)
def test_what_is_no_reply(child: Child, answer: bytes, says: str) -> None:
    echo(child, answer)
    with pytest.raises(ProtocolError) as caught:
        child.ask(verb="start")
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("early", "says"),
    [
        (b'{"id":1}\n', "the worker answered request 1 when nobody asked: do two processes answer"),
        (b"garbage\n", "the worker wrote 'garbage' where a reply was expected"),
        (b"half", "the worker wrote 'half' where a reply was expected"),
    ],
)
def test_what_comes_before_it_is_asked_for(child: Child, early: bytes, says: str) -> None:
    child.says(early)
    with pytest.raises(ProtocolError) as caught:
        child.ask(verb="start")
    assert str(caught.value).startswith(says)


def test_a_second_reply_is_found_at_the_next_request(child: Child) -> None:
    echo(child, b'{"id": 1, "a": 1}\n{"id": 1, "a": 2}\n')
    assert child.ask(verb="start") == {"a": 1}
    with pytest.raises(ProtocolError, match="answered request 1 when nobody asked"):
        child.ask(verb="start")


def test_a_reply_without_an_end_is_cut() -> None:
    child = Child(most_bytes=2**20)
    writer = threading.Thread(target=lambda: os.write(child.replies, b"x" * (2**20 + 2**17)))
    writer.start()
    with pytest.raises(ProtocolError, match=r"the worker's reply has 1\.\d MiB so far, at most 1 MiB are taken"):
        child.pipes._line(time.monotonic() + 5)
    os.read(child.pipes._replies, 2**18)
    writer.join()
    child.pipes.close()


def test_a_request_that_nobody_reads_ends_in_time(child: Child) -> None:
    with pytest.raises(TimeoutError):
        child.ask(0.5, text="x" * 2**18)


def test_drops_do_not_make_a_reply(child: Child) -> None:
    stop = threading.Event()
    threading.Thread(
        target=lambda: [(child.says(b" "), stop.wait(0.01)) for _ in range(1000) if not stop.is_set()]
    ).start()
    with pytest.raises((TimeoutError, ProtocolError)):
        child.ask(0.3, verb="start")
    stop.set()


@pytest.mark.parametrize("timeout_s", [math.inf, 1e300])
def test_a_dead_worker_is_noticed_though_its_pipe_is_open(child: Child, timeout_s: float) -> None:
    child.alive = False
    with pytest.raises(EOFError):
        child.ask(timeout_s, verb="start")


def test_its_last_words_are_heard(child: Child) -> None:
    child.pipes._number = 1
    threading.Timer(0.1, child.says, [b'{"id": 2}\n']).start()
    threading.Timer(0.1, setattr, [child, "alive", False]).start()
    assert child.ask(verb="start") == {}


def test_a_worker_that_has_gone(child: Child) -> None:
    child.pipes.started()
    with pytest.raises(EOFError):
        child.ask(verb="start")
    child.pipes.close()
    with pytest.raises(EOFError):
        child.ask(verb="start")


@pytest.mark.parametrize(("first", "numbered"), [(b'{"load_s": 1}\n', False), (b'{"id": 1, "load_s": 1}\n', True)])
def test_an_older_worker_sends_no_numbers(first: bytes, numbered: bool) -> None:
    child = Child(older=True)
    echo(child, first)
    assert child.ask(verb="load") == {"load_s": 1}
    echo(child, b'{"output": 1}\n')
    if numbered:
        with pytest.raises(ProtocolError):
            child.ask(verb="utterance")
    else:
        assert child.ask(verb="utterance") == {"output": 1}
    child.pipes.close()


def test_nothing_stays_open() -> None:
    before = psutil.Process().num_fds()
    pipes = Pipes(lambda: True)
    pipes.close()
    pipes.close()
    assert psutil.Process().num_fds() == before
