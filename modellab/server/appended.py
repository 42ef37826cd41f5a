"""Facts that people gave, as lines of JSON that are only ever appended: nothing is changed or removed, nothing lost.

One writer at a time, also of several processes; a line that a kill cut is left out, and the next one begins anew.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Appended:
    """The lines of a file, which need not be there."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Iterator[Any]:
        """What each whole line says."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in filter(None, lines):
            try:
                yield json.loads(line)
            except (ValueError, RecursionError):
                continue

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else appends to a file of this folder while the block lasts."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def append(self, line: str) -> None:
        """A line, on the disk when this returns; call it `alone`."""
        with self.path.open("ab+") as file:
            torn = False
            if file.tell():
                file.seek(-1, os.SEEK_END)
                torn = file.read(1) != b"\n"
            file.write((b"\n" if torn else b"") + line.encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
