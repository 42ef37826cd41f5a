"""The ledger keeps what it is given: through kills, full disks, foreign bytes and several writers at once."""

import dataclasses
import errno
import json
import multiprocessing
import os
import resource
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest

from modellab.results import ledger
from modellab.results.entry import MOST_NOTES, MOST_OF_A_NOTE, Entry
from modellab.results.ledger import Ledger
from modellab.types import CaseId, Status

KEY = CaseId("asr", "asr_smoke_v1", "whisper", "lab", "cpu", "float32")


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    """The stand-in for an unwritable folder lies in the temporary folder; each test gets its own."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))  # of processes that a test starts


def entry(error: str = "") -> Entry:
    return Entry(KEY, Status.ERROR, "s1", error=error)


def ids(folder: Path) -> list[str]:
    entries, warnings = ledger.read(folder)
    assert warnings == []
    return [entry.id for entry in entries]


def test_what_is_appended_is_read_back_oldest_first(tmp_path):
    book = Ledger(tmp_path / "mlruns", "2026-01-01 ab/../c")
    given = [entry("no model"), entry("no audio")]

    assert [book.append(one) for one in given] == [book.path, book.path]
    assert ledger.read(tmp_path / "mlruns") == (given, [])
    assert (book.path.parent, book.trouble) == (tmp_path / "mlruns" / "ledger", "")


def test_each_xdist_worker_has_its_own_file(tmp_path):
    names = [Ledger(tmp_path, "s1", worker).path.name for worker in ("main", "gw0", "gw1")]

    assert names == ["s1.jsonl", "s1-gw0.jsonl", "s1-gw1.jsonl"]


def test_a_new_folder_keeps_itself_out_of_commits_and_an_old_one_is_left_alone(tmp_path):
    (tmp_path / "old" / "ledger").mkdir(parents=True)
    (tmp_path / "begun-by-mlflow").mkdir()
    for name in ("new", "old", "begun-by-mlflow"):
        Ledger(tmp_path / name, "s1").append(entry())

    for name in ("new", "begun-by-mlflow"):
        assert (tmp_path / name / ".gitignore").read_text() == "*\n"
    assert not (tmp_path / "old" / ".gitignore").exists()


def test_an_empty_or_missing_folder_has_no_entries(tmp_path):
    assert ledger.read(tmp_path / "nowhere") == ([], [])


DAMAGE = {
    "garbage": b"\x00\xff\xfe garbage",
    "not an object": b"[1, 2]",
    "an object of something else": b'{"format": 1}',
    "no format": b'{"format": "99"}',
    "a number": b"17",
    "too deep": b"[" * 100_000,
    "a huge integer": b'{"format": ' + b"9" * 10_000 + b"}",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_line_that_is_no_entry_is_named_and_skipped(tmp_path, damage):
    book, before, after = Ledger(tmp_path, "s1"), entry(), entry()
    book.append(before)
    with book.path.open("ab") as file:
        file.write(damage + b"\n\n")
    book.append(after)

    entries, warnings = ledger.read(tmp_path)

    assert entries == [before, after]
    assert len(warnings) == 1
    assert warnings[0].startswith("s1.jsonl, line 2 is not a result")


def test_what_a_newer_modellab_wrote_is_kept_for_it_and_told_once(tmp_path):
    book, mine = Ledger(tmp_path, "s1"), entry()
    book.append(mine)
    with book.path.open("ab") as file:
        file.write(b'{"format": 99}\n' * 3)

    assert ledger.read(tmp_path) == (
        [mine],
        [
            (
                "s1.jsonl: 3 results were written by a newer modellab (format 99, this one reads 2):"
                " left out here, kept for it"
            )
        ],
    )


@pytest.mark.parametrize("field", ["id", "finished_at", "status", "key", "commit", "verdicts", "result", "values"])
def test_an_entry_with_a_wrong_field_is_skipped_and_not_half_read(tmp_path, field):
    book = Ledger(tmp_path, "s1")
    book.append(entry())
    data = json.loads(book.path.read_bytes())
    book.path.write_text(json.dumps(data | {field: "surprise"}) + "\n", encoding="utf-8")

    entries, warnings = ledger.read(tmp_path)

    assert (entries, len(warnings)) == ([], 1)


@pytest.mark.parametrize("kept", [1, 50, -2, -1])
def test_a_line_cut_off_by_a_kill_costs_that_line_only(tmp_path, kept):
    book, first, second, third = Ledger(tmp_path, "s1"), entry(), entry("x" * 100), entry()
    book.append(first)
    size = book.path.stat().st_size
    book.append(second)
    whole = book.path.read_bytes()
    book.path.write_bytes(whole[: size + kept] if kept > 0 else whole[:kept])
    complete = kept == -1  # only the newline is missing

    entries, warnings = ledger.read(tmp_path)
    assert [one.id for one in entries] == [first.id, second.id][: 1 + complete]
    assert [("was cut off" in warning) for warning in warnings] == [True] * (not complete)

    book.append(third)
    assert third in ledger.read(tmp_path)[0], "the next entry starts on a fresh line"


def test_an_entry_written_twice_counts_once(tmp_path):
    one = entry()
    for session in ("s1", "s2"):
        Ledger(tmp_path, session).append(one)

    assert ids(tmp_path) == [one.id]


def _fill_the_disk(monkeypatch, room: int) -> None:
    """Every write from now on takes `room` bytes at most, then fails as a full disk does."""
    real = os.write

    def write(file: int, data: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = data[:room]
        room -= len(taken)
        return real(file, taken)

    monkeypatch.setattr(os, "write", write)


def test_a_full_disk_loses_nothing_once_there_is_room_again(tmp_path, monkeypatch):
    book, given = Ledger(tmp_path / "mlruns", "s1"), [entry(), entry(), entry(), entry()]
    book.append(given[0])
    with monkeypatch.context() as full:
        _fill_the_disk(full, room=40)
        assert [book.append(one) for one in given[1:3]] == [None, None]
        assert "on this screen only: 2 of" in book.trouble
        assert "No space left on device" in book.trouble
    book.append(given[3])

    entries, warnings = ledger.read(tmp_path / "mlruns")

    assert sorted(one.id for one in entries) == sorted(one.id for one in given)
    assert len(warnings) == 1, "the torn line"


def _append_beyond_the_limit(folder: Path, first: Entry, second: Entry) -> None:
    book = Ledger(folder, "s1")
    book.append(first)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (book.path.stat().st_size + 100, resource.RLIM_INFINITY))
    book.append(second)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    book.append(dataclasses.replace(first, id="0" * 32))


def test_a_real_size_limit_tears_a_line_and_the_next_append_heals_it(tmp_path):
    first, second = entry(), entry("y" * 300)

    _in_processes([(_append_beyond_the_limit, tmp_path, first, second)])
    entries, warnings = ledger.read(tmp_path)

    assert {one.id for one in entries} == {first.id, second.id, "0" * 32}
    assert len(warnings) == 2, "a torn line here, and one in the stand-in, which has the same limit"


def test_an_unwritable_folder_sends_the_results_to_the_temporary_folder_where_read_finds_them(tmp_path):
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "mlruns" / "ledger").write_text("a file where a folder should be")
    book, one = Ledger(tmp_path / "mlruns", "s1"), entry()

    path = book.append(one)

    assert path == book.spare
    assert book.trouble.count(str(book.spare.parent)) == 1
    assert "modellab sync" in book.trouble
    assert ids(tmp_path / "mlruns") == [one.id]
    assert ids(tmp_path / "another") == [], "each mlruns folder has its own stand-in"
    assert path.parent.stat().st_mode & 0o077 == 0, "private: the temporary folder is shared"


def test_a_folder_that_somebody_else_put_in_our_place_is_neither_used_nor_read(tmp_path):
    (tmp_path / "mlruns").write_text("not a folder")
    book = Ledger(tmp_path / "mlruns", "s1")
    book.spare.parent.parent.mkdir()
    (tmp_path / "theirs").mkdir()
    book.spare.parent.symlink_to(tmp_path / "theirs")

    assert book.append(entry()) is None
    assert "on this screen only: 1 of" in book.trouble
    assert list((tmp_path / "theirs").iterdir()) == []


def _append_many(folder: Path, session: str, count: int) -> None:
    book = Ledger(folder, session)
    for number in range(count):
        book.append(entry(f"{number} " + "z" * 5000))
    assert book.trouble == ""


@pytest.mark.parametrize("sessions", ["aaaa", pytest.param("abcd", marks=pytest.mark.slow)])  # one file, a file each
def test_four_processes_append_at_once(tmp_path, sessions):
    _in_processes([(_append_many, tmp_path, session, 25) for session in sessions])

    assert len(set(ids(tmp_path))) == 100


def _in_processes(calls: list[tuple[Any, ...]]) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=call[0], args=call[1:]) for call in calls]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * len(children)


def test_half_a_surrogate_pair_is_kept_in_the_file_and_read_as_what_can_be_shown(tmp_path):
    book = Ledger(tmp_path, "s1")
    book.append(entry("torn \ud800, whole \U0001f600, said \\ud800"))

    assert b"\\ud800" in book.path.read_bytes()
    assert [one.error for one in ledger.read(tmp_path)[0]] == ["torn \ufffd, whole \U0001f600, said \\ud800"]


def test_notes_are_kept_bounded_and_old_lines_have_none(tmp_path):
    noted = dataclasses.replace(entry("no model"), notes=("it looks like clipping", "casing changed"))
    many = dataclasses.replace(entry("no audio"), notes=tuple("x" * 9_000 for _ in range(99)))
    book = Ledger(tmp_path, "s1")
    for each in (noted, many, entry("old")):
        book.append(each)
    lines = book.path.read_text().splitlines()
    found, warnings = ledger.read(tmp_path)

    assert warnings == []
    assert [each.notes for each in found[::2]] == [noted.notes, ()]
    assert len(found[1].notes) == MOST_NOTES
    assert found[1].notes[-1] == "and 80 more notes"
    assert all(len(note) < MOST_OF_A_NOTE + 50 for note in found[1].notes)
    assert ["notes" in json.loads(line) for line in lines] == [True, True, False]


@pytest.mark.parametrize("notes", ["a text", [1], {"a": "b"}, None])
def test_notes_of_another_kind_are_no_entry(tmp_path, notes):
    book = Ledger(tmp_path, "s1")
    book.append(dataclasses.replace(entry(), notes=("fine",)))
    line = json.loads(book.path.read_text())
    book.path.write_text(json.dumps({**line, "notes": notes}) + "\n")
    found, (warning,) = ledger.read(tmp_path)

    assert found == []
    assert "notes" in warning


def test_labels_are_kept_and_old_lines_have_none(tmp_path):
    labels = {"by": "ada", "job": "job_1", "experiment": "beam size"}
    Ledger(tmp_path, "s", "gw0", labels).append(entry())
    Ledger(tmp_path, "s").append(entry())
    found, warnings = ledger.read(tmp_path)
    assert warnings == []
    assert [each.labels for each in found] == [labels, {}]
    texts = {path.name: path.read_text() for path in ledger.files(tmp_path)}
    assert ('"labels"' in texts["s-gw0.jsonl"], '"labels"' in texts["s.jsonl"]) == (True, False)
