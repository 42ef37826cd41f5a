"""`modellab load` against servers that answer well, badly, slowly and not at all."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stand_in import Asked, Given, serving, silent_port

from .conftest import Desk


def refusals(times: int, given: Given) -> Callable[[Asked], Given]:
    """A server that answers so many requests with `given`, behind the one that warms up, and then well."""
    state, lock = {"count": 0}, threading.Lock()

    def answer(_: Asked) -> Given:
        with lock:
            state["count"] += 1
            number = state["count"]
        return given if 1 < number <= 1 + times else Given({"text": "bravo alfa"})

    return answer


def load(desk: Desk, url: str, *more: str) -> Any:
    return desk.type("load", url, desk.audio(0), desk.audio(1), "--model", "m", *more)


def figures(done: Any) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_closed_loop_asks_so_often_with_what_was_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    asked: list[Asked] = []

    def answer(one: Asked) -> Given:
        asked.append(one)
        return Given({"text": "hello"})

    with serving(answer) as there:
        found = figures(load(desk, there.url, "--requests", "6", "--clients", "3", "--language", "en", "--json", "-"))
    assert (found["requests"], found["answered"], found["errors"], found["loop"]) == (6, 6, {}, "closed")
    assert len(asked) == 7  # one before, which does not count
    assert {one.form["model"] for one in asked} == {"m"}
    assert {one.form["language"] for one in asked} == {"en"}
    assert {one.headers["authorization"] for one in asked} == {"Bearer secret"}
    assert all(one.path == "/v1/audio/transcriptions" and one.n_samples > 0 for one in asked)


def test_an_open_loop_counts_from_when_a_request_was_due(desk: Desk) -> None:
    with serving(lambda _: Given({"text": "x"}, wait_s=0.3)) as there:
        more = ("--rate", "20", "--arrivals", "regular", "--requests", "6", "--in-flight", "1", "--json", "-")
        found = figures(load(desk, there.url, *more))
    assert (found["answered"], found["loop"]) == (6, "open")
    # they are due within 0.25 s, and one is asked at a time: the last one waits for five others
    assert found["latency_s"]["max"] > 3 * found["service_s"]["p50"]


def test_the_same_seed_gives_the_same_moments(desk: Desk, tmp_path: Path) -> None:
    due = []
    with serving(lambda _: Given({"text": "x"})) as there:
        for name in ("a", "b"):
            figures(
                load(desk, there.url, "--rate", "50", "--requests", "5", "--rows", str(tmp_path / name), "--json", "-")
            )
            rows = [json.loads(line) for line in (tmp_path / name).read_text().splitlines()]
            due.append(sorted(row["due_s"] for row in rows))
    assert due[0] == due[1]
    assert len(set(due[0])) == 5


def test_what_is_busy_is_counted_or_asked_again_when_it_says(desk: Desk) -> None:
    busy = Given({"error": {"message": "full", "code": "queue_full"}}, status=429, headers={"Retry-After": "0.2"})
    with serving(refusals(2, busy)) as there:
        found = figures(load(desk, there.url, "--requests", "4", "--json", "-"))
    assert (found["answered"], found["errors"]) == (2, {"429 queue_full": 2})
    with serving(refusals(2, busy)) as there:
        found = figures(load(desk, there.url, "--requests", "4", "--retries", "3", "--json", "-"))
    assert (found["answered"], found["errors"], found["retried"]) == (4, {}, 1)
    assert found["waited_s"] == pytest.approx(0.4)
    assert found["latency_s"]["max"] >= 0.4


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (Given({"error": {"message": "boom", "type": "server_error"}}, status=500), "500 server_error"),
        (Given("<html>Bad Gateway", status=502), "502"),
        (Given({"words": 1}), "200 no_transcription"),
        (Given(b"x" * 100, cut=True), "connection"),
        (Given({"text": "late"}, wait_s=5.0), "timeout"),
    ],
)
def test_what_is_no_answer_has_a_code_and_ends_nothing(desk: Desk, given: Given, code: str) -> None:
    with serving(refusals(1, given)) as there:
        found = figures(load(desk, there.url, "--requests", "3", "--timeout", "2", "--json", "-"))
    assert (found["answered"], found["errors"]) == (2, {code: 1})


def test_words_that_were_got_wrong(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "texts").write_text("000.flac\talfa bravo\n001.flac\tBravo, alfa.\n")
    with serving(lambda _: Given({"text": "bravo alfa"})) as there:
        done = load(
            desk, there.url, "--requests", "2", "--texts", str(tmp_path / "texts"), "--markdown", str(tmp_path / "md")
        )
    assert done.exit_code == 0, done.output
    assert "50.00 % of 4 words" in done.stdout
    assert "| word error rate" in (tmp_path / "md").read_text()


@pytest.mark.parametrize(
    ("more", "given", "says"),
    [
        ((), Given({"error": {"message": "no model 'm': did you mean n"}}, 404), "did you mean n"),
        ((), Given({"error": {"message": "no such key", "code": "invalid_api_key"}}, 401), "no such key"),
        (("--arrivals", "odd"), Given({"text": "x"}), "expected poisson or regular"),
        (("--texts", "no.tsv"), Given({"text": "x"}), "no.tsv: no such file"),
        (("--rows", "/proc/no/rows"), Given({"text": "x"}), "/proc/no/rows cannot be written"),
    ],
)
def test_what_cannot_be_is_one_sentence(desk: Desk, more: tuple[str, ...], given: Given, says: str) -> None:
    with serving(lambda _: given) as there:
        done = load(desk, there.url, *more)
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_nobody_there_is_one_sentence(desk: Desk) -> None:
    with silent_port() as port:
        done = load(desk, f"http://127.0.0.1:{port}/v1")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "nobody answers at" in done.stderr


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_measured(desk: Desk, tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    with serving(refusals(10**6, Given({"text": "x"}, wait_s=0.05))) as there:
        command = [
            sys.executable,
            "-m",
            "modellab",
            "load",
            there.url,
            desk.audio(),
            "--model",
            "m",
            "--duration",
            "600",
        ]
        process = subprocess.Popen(
            [*command, "--rows", str(rows), "--json", "-"], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        end = time.monotonic() + 60
        while not (rows.exists() and len(rows.read_text().splitlines()) >= 3):
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    found = json.loads(said)
    assert process.returncode == 130
    assert found["ended_early"] is True
    assert found["answered"] >= 3
    assert found["answered"] == len(rows.read_text().splitlines())
