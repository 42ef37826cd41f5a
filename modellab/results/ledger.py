"""The ledger: every finished case is a line on disk before anyone else hears of it.

    mlruns/ledger/<session>.jsonl        one file per session and pytest-xdist worker (<session>-gw0.jsonl)

Each line is one `Entry`, appended with one write (a long one with several) and synced to the disk. Nothing is ever
changed, and removed only where a person asks for it (`forgetting.py`); a later line with the id of an earlier one takes
its place (the suite's test, at a session's end, may turn a verdict). Where the folder cannot be written, lines go to a
folder of this user under the system's temporary folder, and `files` finds them there too.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

from modellab.audio import saved
from modellab.errors import MALFORMED, NewerError
from modellab.results import baseline_file, withheld
from modellab.results.entry import Entry, decode, pieces
from modellab.system.machine import slug
from modellab.types import CaseId, Status, Verdict

HALF_ESCAPED = re.compile(rb"\\u[dD][89a-fA-F]")  # of a surrogate pair, perhaps the other half is beside it
HALF = re.compile("[\ud800-\udfff]")  # alone: text that nobody could print, encode or store
BLOCK_BYTES = 2**20  # of a line that are written at once
CUT_OFF = "was cut off (a kill or a full disk in the middle of the write?)"
MOST_TOLD = 5  # lines of a file that are no results, each in a sentence of its own
TOO_DEEP = (RecursionError, *MALFORMED)  # what a damaged line can raise when it is parsed and decoded


def new_session(resumed: str = "") -> str:
    """A name that sorts by time; that of the session that is `resumed`, which may be given as its file is called."""
    named = re.sub(r"^(\d{8})t(\d{6}-)", r"\1T\2", resumed)
    return named or f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%S')}-{uuid.uuid4().hex[:8]}"


class Ledger:
    """One process's writer. `trouble` is a sentence for the user when something could not be written, else ""."""

    def __init__(
        self, folder: Path, session: str, worker: str = "main", labels: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        """`folder` is the project's mlruns; `worker` is the pytest-xdist worker's name, or "main".

        `labels` go into every entry.
        """
        name = slug(session) + ("" if worker == "main" else f"-{slug(worker)}") + ".jsonl"
        self.session, self.labels = session, labels
        self.path = folder / "ledger" / name
        self.spare = fallback(folder) / name
        self.trouble = ""
        self._unsaved: list[Entry] = []  # those that found no room, oldest first; tried again at each append

    def append(self, entry: Entry) -> Path | None:
        """Put the entry on disk. Returns the file that has it, None where there was no room anywhere.

        Raises what encoding the entry raises, after which it is not tried again; never for want of room.
        """
        self._unsaved.append(replace(entry, labels=dict(self.labels)) if self.labels else entry)
        problem = self._save(self.path)
        if not problem:
            return self.path
        if not (second := self._save(self.spare, private=True)):
            self.trouble = (
                f"{self.path.parent} cannot be written ({problem}): results are kept in {self.spare.parent},"
                " `modellab sync` takes them from there"
            )
            return self.spare
        self.trouble = (
            f"neither {self.path.parent} ({problem}) nor {self.spare.parent} ({second}) can be written:"
            f" what is on this screen only: {len(self._unsaved)} of this session's results"
        )
        return None

    def _save(self, path: Path, *, private: bool = False) -> str:
        """Write what is unsaved; "" if all went well, else what the system said."""
        try:
            if private:
                _own(path.parent)
            while self._unsaved:
                _append(path, self._unsaved[0])
                self._unsaved.pop(0)
        except OSError as problem:
            return problem.strerror or str(problem)
        except BaseException:  # it is no disk that refuses it: it would be refused again, and those after it with it
            self._unsaved.pop(0)
            raise
        return ""


def places(folder: Path) -> list[Path]:
    """Where ledger files lie: in the mlruns folder, and in its stand-in in the temporary folder."""
    spare = fallback(folder)
    return [folder / "ledger", *([spare] if _is_own(spare) else [])]


def files(folder: Path) -> list[Path]:
    """Every ledger file of these."""
    return [path for place in places(folder) for path in sorted(place.glob("*.jsonl")) if path.is_file()]


def read(folder: Path, *, private: bool = False) -> tuple[list[Entry], list[str]]:
    """All entries, oldest first and each once, with one sentence for every line that is not an entry.

    Those of private datasets without what was said, unless `private` asks for it: for who writes to this ledger or to
    baselines, and shows nothing.
    """
    by_id: dict[str, Entry] = {}
    warnings: list[str] = []
    for path in files(folder):
        entries, complaints = read_file(path, folder, private=private)
        warnings += complaints
        for entry in entries:
            by_id.setdefault(entry.id, entry)
    return sorted(by_id.values(), key=lambda entry: (entry.finished_at, entry.id)), warnings


def read_file(path: Path, folder: Path, *, private: bool = False) -> tuple[list[Entry], list[str]]:
    """The entries of one file, in its order, with one sentence for every line that is not an entry.

    `folder` is the project's mlruns: a sound that lies elsewhere than in its saved audio is left alone.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as problem:
        return [], [f"{path.name} cannot be read ({problem.strerror}): its results are left out"]
    entries: dict[str, Entry] = {}
    warnings, left_out, newer = list[str](), list[str](), list[NewerError]()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry, strangers = _of_line(line, folder, private=private)
            warnings += [f"{path.name}, line {number}: {stranger}" for stranger in strangers]
            entries[entry.id] = entry
        except NewerError as problem:
            newer.append(problem)
        except TOO_DEEP as problem:
            what = CUT_OFF if number == len(lines) else f"is not a result ({type(problem).__name__}: {problem})"
            left_out.append(f"{path.name}, line {number} {what[:200]}: left out")
    more = f"{path.name}: {len(left_out) - MOST_TOLD} more of its {len(lines)} lines are not results: left out"
    warnings += left_out if len(left_out) <= MOST_TOLD else [*left_out[:MOST_TOLD], more]
    if newer:
        results = "1 result was" if len(newer) == 1 else f"{len(newer)} results were"
        warnings.append(f"{path.name}: {results} {newer[0]}: left out here, kept for it")
    return list(entries.values()), warnings


def read_at(path: Path, offset: int, length: int, folder: Path, *, private: bool = False) -> Entry:
    """The entry whose line is so many bytes at a place of a file, as `read_file` gives it.

    OSError where the file is not to be had, one of TOO_DEEP for what is no entry.
    """
    with path.open("rb") as file:
        file.seek(offset)
        return _of_line(file.read(length), folder, private=private)[0]


def _of_line(line: bytes, folder: Path, *, private: bool) -> tuple[Entry, list[str]]:
    """The entry of a line, and a sentence where it names a sound that is none of this project."""
    entry, strangers = decode(parsed(line)), list[str]()
    if b'"rate_hz"' in line:
        entry, strangers = confined(entry, folder)
    return entry if private else withheld.entry(entry), strangers


def confined(entry: Entry, folder: Path) -> tuple[Entry, list[str]]:
    """The entry without foreign sounds, and a sentence where there are some that exist."""
    if entry.result is None:
        return entry, []
    utterances, strangers = [], []
    for utterance in entry.result.utterances:
        output, refused = saved.confined(utterance.output, folder)
        utterances.append(replace(utterance, output=output) if refused else utterance)
        strangers += [path for path in refused if Path(path).exists()]
    told = f"{strangers[0]!r} is no saved audio of this project: left alone" if strangers else ""
    more = f", and {len(strangers) - 1} more" if len(strangers) > 1 else ""
    kept = replace(entry, result=replace(entry.result, utterances=tuple(utterances)))
    return kept, [told + more] if told else []


def parsed(line: bytes) -> Any:
    """A line as JSON; half a surrogate pair, which the file keeps, is read as U+FFFD: it is no character."""
    data = json.loads(line)
    if not HALF_ESCAPED.search(line):
        return data
    return json.loads(HALF.sub("\ufffd", json.dumps(data, ensure_ascii=False)))


def amend(folder: Path, session: str, turned: Mapping[CaseId, tuple[Status, tuple[Verdict, ...]]]) -> str:
    """Write a session's entries of these cases again with other verdicts; '' or what the system said."""
    for path in files(folder):
        if not path.name.startswith(slug(session)):
            continue
        for entry in read_file(path, folder, private=True)[0]:
            if entry.key in turned:
                status, verdicts = turned[entry.key]
                try:
                    _append(path, replace(entry, status=status, verdicts=verdicts))
                except OSError as problem:
                    return f"{path} cannot be amended ({problem.strerror or problem})"
    return ""


def fallback(folder: Path) -> Path:
    """Where the lines of this mlruns folder go when it cannot be written."""
    place = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"modellab-ledger-{os.getuid()}" / place


def _own(folder: Path) -> None:
    """Make a private folder in the temporary folder; OSError if somebody else has put one there."""
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_own(folder):
        raise OSError(errno.EPERM, "it belongs to another user")


def _is_own(folder: Path) -> bool:
    try:
        return all(
            path.is_dir() and not path.is_symlink() and path.lstat().st_uid == os.getuid()
            for path in (folder.parent, folder)
        )
    except OSError:
        return False


def _append(path: Path, entry: Entry) -> None:
    make_folder(path.parent)
    with held(path.parent):
        append_line(path, pieces(entry))


@contextmanager
def held(folder: Path, *, alone: bool = False) -> Iterator[None]:
    """While the block lasts, others may append to the folder's files, unless it is held `alone`, to replace some."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def append_line(path: Path, line: Iterable[bytes]) -> None:
    """One line, with one write unless it is long, then to the disk. After a torn line it starts on a fresh one."""
    fresh = not path.exists()
    if fresh:
        make_folder(path.parent)
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(file).st_size
        torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
        for block in _blocks(chain([b"\n"] if torn else [], line, [b"\n"])):
            if (written := os.write(file, block)) != len(block):
                raise OSError(errno.ENOSPC, f"only {written} of {len(block)} bytes were taken: is the disk full?")
        os.fsync(file)
    finally:
        os.close(file)
    if fresh:
        baseline_file.sync_folder(path.parent)


def _blocks(some: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, so many at a time that each is worth a write."""
    block = bytearray()
    for piece in some:
        block += piece
        if len(block) >= BLOCK_BYTES:
            yield bytes(block)
            block.clear()
    if block:
        yield bytes(block)


def make_folder(folder: Path) -> None:
    """Make `<mlruns>/ledger`, and with it a .gitignore that keeps all of mlruns out of every commit."""
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    ignoring = folder.parent / ".gitignore"
    if not ignoring.exists():  # the folder itself may be MLflow's, which is started before anything is measured
        ignoring.write_text("*\n", encoding="ascii")
    folder.mkdir(exist_ok=True)
