"""Entries come back from MLflow as the ledger has them, and what cannot is told."""

from __future__ import annotations

import dataclasses
import gzip
import json

import pytest

from modellab import tracking
from modellab.errors import ConfigError, TrackingError
from modellab.results import entry, ledger, serialization
from modellab.results.ledger import Ledger
from modellab.system.machine import Commit
from modellab.tracking import Wanted, fetch, store

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair
OLDER = Commit("9f" * 20, 6, "main")


def encoded(entries: list[entry.Entry]) -> list[str]:
    """As they lie in the ledger: on Python 3.13 an entry that holds a NaN does not equal itself."""
    return [serialization.dumps(entry.encode(each)) for each in entries]


@pytest.fixture
def filled(ready, make) -> str:
    """The address of a database with two sessions, of two commits."""
    book = Ledger(ready, "s2")
    for dataset in ("asr_smoke_v1", "asr_lab_v1"):
        times = {"started_at": "2026-01-01T00:00:00+00:00", "finished_at": "2026-01-01T00:01:00+00:00"}
        book.append(make(session="s2", dataset=dataset, commit=OLDER, **times))
    tracking.sync(ready)
    return store.own(ready)


def test_a_round_trip_changes_nothing(filled, ready):
    warnings: list[str] = []

    found = fetch.entries(filled, warn=warnings.append)

    assert encoded(found) == encoded(ledger.read(ready)[0])
    assert [entry.finished_at for entry in found] == sorted(entry.finished_at for entry in found)
    assert warnings == []


FILTERS = [
    (Wanted(), 0, 6),
    (Wanted(task="vad"), 0, 1),
    (Wanted(task="asr"), 0, 5),
    (Wanted(model="faster_whisper"), 0, 4),
    (Wanted(model="faster_whisper:lab"), 0, 4),
    (Wanted(model="faster.whisper"), 0, 0),
    (Wanted(model="faster_whisper:tiny"), 0, 0),
    (Wanted(session="s2"), 0, 2),
    (Wanted(session="s"), 0, 6),
    (Wanted(session="_2"), 0, 0),
    (Wanted(commit="9f9f"), 0, 2),
    (Wanted(commit="1a2b3c4d" * 5), 0, 4),
    (Wanted(task="asr", commit="1a2b", model="whisper"), 0, 1),
    (Wanted(), 4, 4),
    (Wanted(), 99, 6),
]


@pytest.mark.parametrize(("wanted", "limit", "count"), FILTERS, ids=str)
def test_only_what_is_wanted_comes(filled, ready, wanted, limit, count):
    found = fetch.entries(filled, wanted, limit)

    everything = ledger.read(ready)[0]
    assert len(found) == count
    ids = {each.id for each in found}
    assert encoded(found) == encoded([each for each in everything if each.id in ids]), "in the ledger's order"
    if limit:
        assert encoded(found) == encoded(everything[-limit:]), "the newest"


def test_what_cannot_be_asked_for_is_an_error(filled, tmp_path):
    with pytest.raises(ConfigError, match="has no results of asrr: did you mean asr"):
        fetch.entries(filled, Wanted(task="asrr"))
    with pytest.raises(ConfigError, match="model \"a' or 'b\" cannot be"):
        fetch.entries(filled, Wanted(model="a' or 'b"))
    with pytest.raises(TrackingError, match=r"there is no database .*nowhere\.db"):
        fetch.entries(f"sqlite:///{tmp_path}/nowhere.db")
    assert not (tmp_path / "nowhere.db").exists()


def test_deleted_and_unfinished_runs_are_left_out(filled, client_class):
    client = client_class(filled)
    experiment = client.get_experiment_by_name("asr").experiment_id
    deleted, unfinished, *_ = client.search_runs([experiment], order_by=["tags.session"])
    client.delete_run(deleted.info.run_id)
    client.update_run(unfinished.info.run_id, "RUNNING")

    left = {entry.id for entry in fetch.entries(filled)}

    gone = {tag for run in (deleted, unfinished) for tag in run.data.tags if tag.startswith("modellab.entry.")}
    assert len(left) == 6 - len(gone)
    assert not left & {tag.removeprefix("modellab.entry.") for tag in gone}


def damage(content: bytes) -> bytes:
    return content[: len(content) // 2]


def from_the_future(content: bytes) -> bytes:
    data = json.loads(gzip.decompress(content))
    return gzip.compress(json.dumps(data | {"format": entry.NEWEST + 1}).encode())


BROKEN = [
    (damage, "is damaged (EOFError"),
    (from_the_future, f"newer modellab (format {entry.NEWEST + 1}, this one reads {entry.NEWEST})"),
    (lambda _: b"{}", "is damaged (BadGzipFile"),
    (lambda _: gzip.compress(b"[]"), "is damaged (TypeError"),
    (lambda _: gzip.compress(b"[" * 100_000), "is damaged (RecursionError"),
]


@pytest.mark.parametrize(("change", "said"), BROKEN)
def test_an_entry_that_cannot_be_read_is_told(filled, ready, change, said):
    path = next(path for path in ready.glob("artifacts/vad/*/artifacts/entries/*.gz"))
    path.write_bytes(change(path.read_bytes()))
    warnings: list[str] = []

    found = fetch.entries(filled, warn=warnings.append)

    assert len(found) == 5
    assert said in warnings[0]
    assert "1 of the 1 results of silero_vad:lab cpu-int8 @ 1a2b3c4 have no readable entry" in warnings[1]


def test_results_of_a_newer_modellab_are_kept_and_sent_by_it(filled, ready, make, monkeypatch):
    """The ledger of an older modellab may be continued by a newer one, in the same file even."""
    book = Ledger(ready, "s3")
    book.append(make(session="s3"))
    future = entry.encode(make(session="s3", dataset="asr_lab_v1")) | {"format": entry.NEWEST + 1}
    with book.path.open("a") as file:
        file.write(json.dumps(future) + "\n")

    older = tracking.sync(ready)
    monkeypatch.setattr(entry, "NEWEST", entry.NEWEST + 1)
    monkeypatch.setattr(entry, "FORMAT", entry.NEWEST)
    monkeypatch.setattr("modellab.tracking.syncing.NEWEST", entry.NEWEST)
    newer = tracking.sync(ready)

    assert older.new == 1
    assert len(older.warnings) == 1
    assert f"format {entry.NEWEST}" in older.warnings[0]
    assert "newer" in older.warnings[0]
    assert newer.new == 1


def test_an_entry_with_everything_comes_back(ready, make):
    whole = dataclasses.replace(make(), error="é\ud800", values={"wer": float("nan"), "x": float("inf")})
    Ledger(ready, "s1").append(whole)
    tracking.sync(ready)

    found = fetch.entries(store.own(ready))

    assert {item.id for item in found} >= {whole.id}
    assert encoded(found) == encoded(ledger.read(ready)[0])
