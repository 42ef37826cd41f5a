"""`/api/v1/runs` and `/api/v1/results` of a real server: what the ledger has, and nothing of private datasets."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio
from modellab.results import ledger
from modellab.results.entry import Entry, encode
from modellab.types import Audio, Status
from tests import make
from tests.server.conftest import Server, project, serving

from .conftest import entry, write

CANARY = "swordfish"
PRIVATE = {**make.PROVENANCE, "privacy": "hashes 0123abcd"}


def with_sound(mlruns: Path) -> Entry:
    """A result whose utterances have sound: one that is there, one that was pruned, one that is another file."""
    folder = mlruns / "audio" / "s1" / "case"
    folder.mkdir(parents=True)
    audio.write(folder / "a.flac", Audio(np.zeros(1600, np.float32), 16_000))
    (mlruns.parent / "secret.flac").write_bytes(b"secret")
    places = {"a": folder / "a.flac", "gone": folder / "gone.flac", "out": mlruns.parent / "secret.flac"}
    said = [
        make.utterance(id, make.asr_counts(0), {"audio": {"audio": str(path), "rate_hz": 16_000, "duration_s": 0.1}})
        for id, path in places.items()
    ]
    return entry(100, session="sounds", result=make.result(said, key=entry(100).key))


def private(mlruns: Path) -> list[Entry]:
    """Results of a private dataset: the ledger has what was said, in outputs and in an error."""
    folder = mlruns / "audio" / "s1" / "private"
    folder.mkdir(parents=True)
    audio.write(folder / "p.flac", Audio(np.zeros(1600, np.float32), 16_000))
    output = {"text": CANARY, "audio": {"audio": str(folder / "p.flac"), "rate_hz": 16_000, "duration_s": 0.1}}
    said = (make.utterance("p1", make.asr_counts(0), output, error=f"ValueError: {CANARY}"),)
    heard = entry(
        101, session="private", settings={"privacy": "hashes"},
        result=make.result(said, key=entry(101).key, provenance=PRIVATE),
    )  # fmt: skip
    failed = entry(
        102, Status.ERROR, session="private", error=f"RuntimeError: {CANARY}", settings={"privacy": "hashes"}
    )
    return [heard, failed]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, list[Entry]]]:
    root = project(tmp_path_factory.mktemp("results"))
    mlruns = root / "mlruns"
    entries = write(mlruns, *map(entry, range(10)), with_sound(mlruns), *private(mlruns))
    with serving(root) as up:
        yield up, entries


def raw(server: Server, path: str, **headers: str) -> tuple[int, bytes, Any]:
    asked = urllib.request.Request(f"{server.address}{path}", headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


def test_runs_and_one_of_them(known: tuple[Server, list[Entry]]) -> None:
    server, _ = known
    found = server.get("/api/v1/runs")[1]
    assert {each["id"] for each in found["data"]} == {"s00000", "s00001", "s00002", "sounds", "private"}
    assert (found["behind"], found["warnings"], found["has_more"]) == (False, [], False)
    one = server.get("/api/v1/runs/s00000")[1]
    assert (one["cases"], one["red"], len(one["results"])) == (4, 0, 4)
    assert server.get("/api/v1/runs/nobody")[0] == 404


def test_what_comes_while_it_serves_is_in_the_next_answer(known: tuple[Server, list[Entry]]) -> None:
    server, _ = known
    (new,) = write(server.root / "mlruns", entry(200, session="later", commit=replace(entry(0).commit, hash="beef")))
    (found,) = server.get("/api/v1/results?commit=beef")[1]["data"]
    assert (found["id"], found["session"]) == (new.id, "later")


def test_a_result_is_what_the_ledger_has(known: tuple[Server, list[Entry]]) -> None:
    server, entries = known
    found = server.get(f"/api/v1/results/{entries[3].id}")[1]
    stored = json.loads(json.dumps(encode(entries[3])))
    assert {name: found[name] for name in ("id", "session", "key", "values", "verdicts", "versions")} == {
        name: stored[name] for name in ("id", "session", "key", "values", "verdicts", "versions")
    }
    assert found["result"]["utterances_count"] == 1
    (said,) = server.get(f"/api/v1/results/{entries[3].id}/utterances")[1]["data"]
    assert said["output"] == {"text": "said 3"}
    assert said["reference"] is None  # the dataset is not here
    assert server.get(f"/api/v1/results/{entries[3].id}/utterances?start=1")[1]["data"] == []
    assert server.get(f"/api/v1/results/{'0' * 32}")[0] == 404


def test_a_list_gives_the_fields_that_are_asked_for(known: tuple[Server, list[Entry]]) -> None:
    server, _ = known
    found = server.get("/api/v1/results?fields=id,value&limit=2&model=m0&sort=value")[1]
    assert [sorted(each) for each in found["data"]] == [["id", "value"]] * 2


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("modle=m0", "modle"),
        ("limit=0", "limit"),
        ("sort=name", "sort"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WzFd", "cursor"),
        ("fields=vlaue", "fields"),
        ("commit=xyz", "commit"),
    ],
)
def test_what_no_list_knows_is_one_sentence(known: tuple[Server, list[Entry]], query: str, param: str) -> None:
    status, said = known[0].get(f"/api/v1/results?{query}")
    assert (status, said["error"]["param"]) == (400, param)


def test_a_sound_whole_and_in_part(known: tuple[Server, list[Entry]]) -> None:
    server, entries = known
    place = f"/api/v1/results/{entries[10].id}/audio"
    status, body, headers = raw(server, f"{place}/a")
    assert (status, body[:4], headers["content-type"]) == (200, b"fLaC", "audio/flac")
    assert headers["x-content-type-options"] == "nosniff"
    status, part, headers = raw(server, f"{place}/a", Range="bytes=4-7")
    assert (status, part) == (206, body[4:8])
    assert headers["content-range"] == f"bytes 4-7/{len(body)}"


@pytest.mark.parametrize(("utterance", "status"), [("gone", 410), ("out", 404), ("nobody", 404), ("..%2f..%2fa", 404)])
def test_sounds_that_are_not_given(known: tuple[Server, list[Entry]], utterance: str, status: int) -> None:
    server, entries = known
    found, body, _ = raw(server, f"/api/v1/results/{entries[10].id}/audio/{utterance}")
    assert found == status
    assert b"secret" not in body
    assert str(server.root).encode() not in body


def test_places_of_this_machine_are_not_told(known: tuple[Server, list[Entry]]) -> None:
    server, entries = known
    said = raw(server, f"/api/v1/results/{entries[10].id}/utterances")[1]
    assert b'"a.flac"' in said
    assert str(server.root).encode() not in said


def test_nothing_that_was_said_in_a_private_dataset_is_given(known: tuple[Server, list[Entry]]) -> None:
    server, entries = known
    heard, failed = entries[11:13]
    assert CANARY in "".join(path.read_text() for path in ledger.files(server.root / "mlruns"))
    places = ["/api/v1/results", "/api/v1/runs", "/api/v1/runs/private", "/api/v1/candidates"]
    places += ["/api/v1/findings", "/api/v1/leaderboard", "/api/v1/recommendation"]
    for each in (heard, failed):
        places += [f"/api/v1/results/{each.id}{rest}" for rest in ("", "/utterances", "/audio/p1")]
    for path in places:
        assert CANARY.encode() not in raw(server, path)[1], path
    assert raw(server, f"/api/v1/results/{heard.id}/audio/p1")[0] == 404
    assert server.get("/api/v1/results?session=private")[1]["data"][0]["private"] is True
    stored = (server.root / "mlruns" / "server").glob("*")
    assert [path for path in stored if path.is_file() and CANARY.encode() in path.read_bytes()] == []


@pytest.mark.slow
def test_the_index_is_made_again_where_it_is_damaged(tmp_path: Path) -> None:
    root = project(tmp_path)
    entries = write(root / "mlruns", *map(entry, range(8)))
    with serving(root) as up:
        before = up.get("/api/v1/results")[1]["data"]
        path = ledger.files(root / "mlruns")[0]
        times = path.stat()
        moved = b"\n".join(reversed(path.read_bytes().rstrip(b"\n").split(b"\n"))) + b"\n"
        with path.open("r+b") as file:  # the same file, as long as before, with other lines in their places
            file.write(moved)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        assert up.get(f"/api/v1/results/{entries[0].id}")[1]["id"] == entries[0].id
        with sqlite3.connect(root / "mlruns" / "server" / "server.db") as raw_database:
            raw_database.execute("drop table index_entry")
        assert up.get("/api/v1/results")[1]["data"] == before


@pytest.mark.slow
def test_much_that_is_new_is_read_by_a_process_of_its_own(tmp_path: Path) -> None:
    root = project(tmp_path)
    said = make.utterance("u", make.asr_counts(0), {"text": "x" * 3_000_000})
    wide = [entry(number, result=make.result([said], key=entry(number).key), session="wide") for number in range(3)]
    write(root / "mlruns", *wide)
    with serving(root) as up:
        found = up.get("/api/v1/results")[1]
        end = time.monotonic() + 120
        while found["behind"] and time.monotonic() < end:
            time.sleep(0.1)
            found = up.get("/api/v1/results?limit=10")[1]
        assert {each["id"] for each in found["data"]} == {each.id for each in wide}
