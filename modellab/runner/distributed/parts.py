"""What a distributed pass has computed so far: lines on disk, appended by the controller alone.

    mlruns/ledger/<session>.parts/<case>.jsonl

The first line says of what, each other one holds utterances that follow each other in the dataset. Appended as the
ledger is, so half a line at the end is left out and harms nothing. When all utterances are there the ledger's entry is
made of them. The clocks stay here: workers that share a machine disturb each other, so nobody judges them.
"""

from __future__ import annotations

import fcntl
import json
import os
from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.audio.saved import unique_name
from modellab.errors import MALFORMED, ConfigError
from modellab.results.ledger import append_line, make_folder
from modellab.system.machine import slug

FORMAT = 1
FOLDER = ".parts"
HASH_DIGITS = 16


def place(mlruns: Path, session: str, case: str) -> Path:
    """The file of a case."""
    return mlruns / "ledger" / f"{slug(session)}{FOLDER}" / f"{unique_name(case)}.jsonl"


class Parts:
    """The file of one case. `torn`: how many lines of it were cut off; `loaded`: what loading told."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        """`identity` says what is computed. ConfigError for a file about something else: it would be mixed up."""
        self.path, self.identity = path, dict(identity)
        self.known: list[tuple[int, Sequence[int]]] = []  # first places, and hashes
        self.loaded: dict[str, Any] = {}
        self.seconds: list[tuple[str, float, float]] = []  # worker, wall and audio seconds of each line
        self.torn = 0
        self._lines: list[tuple[int, int, int, int]] = []  # place, utterances, where the line begins, its bytes
        make_folder(path.parent.parent)
        path.parent.mkdir(exist_ok=True)
        self._lock = _locked(path)
        if path.stat().st_size:
            self._read()

    def close(self) -> None:
        """Let another run go on with it."""
        os.close(self._lock)

    def start(self, loaded: Mapping[str, Any]) -> None:
        """Say what this is about, where the file is new."""
        if not self.loaded:
            self.loaded = dict(loaded)
            self._append({"format": FORMAT, "identity": self.identity, "loaded": self.loaded})

    def keep(self, worker: str, start: int, lines: Sequence[str], hashes: Sequence[int]) -> None:
        """Put utterances on disk, whose `lines` are JSON already. OSError where there is no room."""
        digits = "".join(f"{value:0{HASH_DIGITS}x}" for value in hashes)
        head = json.dumps({"start": start, "count": len(lines), "worker": worker, "hashes": digits})
        text = f'{head[:-1]},"utterances":[{",".join(lines)}]}}'.encode()
        begin = append_whole(self.path, text)
        self._lines.append((start, len(lines), begin, len(text)))

    def utterances(self) -> Iterator[Any]:
        """All that is kept, as it was encoded, in the order of the dataset."""
        with self.path.open("rb") as file:
            for _, _, begin, size in sorted(self._lines):
                file.seek(begin)
                yield from json.loads(file.read(size))["utterances"]

    def _append(self, data: Mapping[str, Any]) -> None:
        append_whole(self.path, json.dumps(data).encode())

    def _read(self) -> None:
        begin = 0
        with self.path.open("rb") as file:
            for line in file:
                try:
                    self._take(json.loads(line), begin, len(line.rstrip(b"\n")))
                except MALFORMED:
                    self.torn += bool(line.strip())
                begin += len(line)

    def _take(self, data: Any, begin: int, size: int) -> None:
        if "identity" in data:
            if data["identity"] != self.identity:
                raise ConfigError(f"{self.path} cannot be resumed: {_difference(data['identity'], self.identity)}")
            self.loaded = data["loaded"]
            return
        digits = data["hashes"]
        hashes = array("Q", (int(digits[i : i + HASH_DIGITS], 16) for i in range(0, len(digits), HASH_DIGITS)))
        start, count = int(data["start"]), int(data["count"])
        if not len(hashes) == count == len(data["utterances"]) or start < 0 or start + count > self.identity["rows"]:
            raise ValueError("a part does not fit its own numbers")
        self.known.append((start, hashes))
        self._lines.append((start, count, begin, size))


def _locked(path: Path) -> int:
    """The descriptor that holds the file for one controller; ConfigError where another one has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise ConfigError(f"{path} is held by another run of this session: wait for its end, or stop it") from None
    return descriptor


def append_whole(path: Path, line: bytes) -> int:
    """Append a line as the ledger does; where it begins."""
    make_folder(path.parent.parent)
    append_line(path, [line])
    return path.stat().st_size - len(line) - 1


def _difference(then: Any, now: Mapping[str, Any]) -> str:
    for name, value in now.items():
        before = then.get(name) if isinstance(then, dict) else None
        if before != value:
            return f"{name.replace('_', ' ')} was {before!r} when it began and is {value!r} now: start a new session"
    return "it is about something else: start a new session"
