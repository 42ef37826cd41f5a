"""Long sequences that take no memory: what does not fit into 128 KiB lies in a temporary file without a name.

    Store    bytes to append to
    Spool    a sequence to append to
    Table    a mapping from names, such as the ids of utterances

Items are pickled: what comes back is equal to what went in, and never the same object. The file has no name in the
file system, so nobody else reads it and it is gone with its process, however that ends. Where there is no room on the
disk the rest stays in memory.
"""

from __future__ import annotations

import math
import os
import pickle
import sys
import tempfile
from abc import abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, overload

TOGETHER = 256  # items read at once


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store holds in memory."""

    memory_bytes: int = 2**17  # before it goes to the disk
    buffer_bytes: int = 2**15  # afterwards, to be written at once


LIMITS = Limits()  # where nobody says otherwise


class Store:
    """Bytes to append to, in memory while they are few."""

    __slots__ = ("_buffer_bytes", "_file", "_limit", "_memory", "_written", "size")

    def __init__(self, limits: Limits | None = None) -> None:
        limits = limits or LIMITS
        self.size = 0  # in bytes
        self._memory = bytearray()  # what is behind the file's end; everything, while there is no file
        self._file: int | None = None  # its descriptor
        self._written = 0  # bytes in the file
        self._limit: float = limits.memory_bytes
        self._buffer_bytes = limits.buffer_bytes

    def append(self, data: bytes) -> None:
        """Put bytes at the end."""
        self._memory += data
        self.size += len(data)
        if self._file is None:
            if self.size > self._limit:
                self._move()
        elif len(self._memory) >= self._buffer_bytes:
            self._flush()

    def read(self, start: int, end: int) -> memoryview:
        """What lies from `start` to `end`, in bytes."""
        if end > self._written and self._file is not None:
            self._flush()
        if self._file is None:
            return memoryview(bytes(memoryview(self._memory)[start:end]))
        parts = []
        while start < end:
            parts.append(os.pread(self._file, end - start, start))
            if not parts[-1]:
                raise OSError("a temporary file of modellab was cut short by somebody else")
            start += len(parts[-1])
        return memoryview(b"".join(parts))

    def _move(self) -> None:
        """From memory to a file, if there is room for one; tried once."""
        self._limit = math.inf
        with suppress(OSError):
            file, name = tempfile.mkstemp(prefix="modellab-")
            Path(name).unlink()
            if _written(file, self._memory, 0):
                self._file, self._written, self._memory = file, len(self._memory), bytearray()
            else:
                os.close(file)

    def _flush(self) -> None:
        """Into the file; where that takes no more, from it into memory, to stay."""
        if self._file is None or not self._memory:
            return
        if _written(self._file, self._memory, self._written):
            self._written += len(self._memory)
            self._memory = bytearray()
            return
        behind, end = self._memory, self._written
        self._memory = bytearray()
        whole = bytearray(self.read(0, end))
        self._memory = whole + behind
        self._written = 0
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __del__(self) -> None:
        self._close()

    def __reduce__(self) -> NoReturn:
        """Neither copied nor pickled: two would close one file."""
        raise TypeError(f"a {type(self).__name__} stays with its process: copy a list of what it holds")


class Lazy[T](Sequence[T]):
    """A sequence whose items are made anew when they are asked for; equal to any other with equal items."""

    __slots__ = ()

    @abstractmethod
    def item(self, i: int) -> T:
        """The item at a place from 0 on, which there is."""

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        places = range(len(self))[place]
        return self.item(places) if isinstance(places, int) else tuple(map(self.item, places))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes) or len(self) != len(other):
            return False
        return all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it grows


class Spool[T](Lazy[T]):
    """A sequence of anything that can be pickled, at 8 bytes of memory an item."""

    __slots__ = ("_ends", "_store")

    def __init__(self, items: Iterable[T] = (), limits: Limits | None = None) -> None:
        self._ends = array("q", [0])  # where each item ends, after where the first begins
        self._store = Store(limits)
        for item in items:
            self.append(item)

    def append(self, item: T) -> None:
        """Put an item at the end."""
        self._store.append(pickle.dumps(item, pickle.HIGHEST_PROTOCOL))
        self._ends.append(self._store.size)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def item(self, i: int) -> T:
        """The item at `i`, read back from where it lies."""
        item: T = pickle.loads(self._store.read(self._ends[i], self._ends[i + 1]))  # noqa: S301  (nobody else has the file)
        return item

    def __iter__(self) -> Iterator[T]:
        start = 0
        while start < len(self):
            end = min(start + TOGETHER, len(self))
            first, block = self._ends[start], self._store.read(self._ends[start], self._ends[end])
            for i in range(start, end):
                yield pickle.loads(block[self._ends[i] - first : self._ends[i + 1] - first])  # noqa: S301
            start = end

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self[:3])!r}{' ...' if len(self) > 3 else ''}, {len(self)} items)"


class Table[T](Mapping[str, T]):
    """A mapping whose values lie in a spool. A name that comes twice has its last value, as in a dict."""

    __slots__ = ("_limits", "_places", "_values")

    def __init__(self, items: Iterable[tuple[str, T]] = (), limits: Limits | None = None) -> None:
        self._limits = limits
        self._places: dict[str, int] = {}
        self._values: Spool[T] = Spool(limits=limits)
        for name, value in items:
            self._places[sys.intern(name)] = len(self._values)  # tables of the same utterances share their ids
            self._values.append(value)

    def mapped[U](self, change: Callable[[T], U]) -> Table[U]:
        """The same names, each with what `change` makes of its value."""
        made: Table[U] = Table(limits=self._limits)
        made._places, made._values = self._places, Spool(map(change, self._values), self._limits)
        return made

    def __getitem__(self, name: str) -> T:
        return self._values[self._places[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __repr__(self) -> str:
        return f"Table({len(self)} items)"


def _written(file: int, data: bytes | bytearray, place: int) -> bool:
    """Whether the file took all of the data at this place."""
    try:
        while data:
            taken = os.pwrite(file, data, place)
            data, place = data[taken:], place + taken
    except OSError:
        return False
    return True
