"""A dataset cut into shards: runs of rows that follow each other, about so many seconds of audio each.

The cut depends on the rows and on the seconds per shard, and on nothing else: however many workers there are, and
whoever goes on after a stop, finds the same shards. Rows that follow each other are read together from Parquet, and are
often stretches of one recording.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from modellab.types import Row
from modellab.types.rows import seconds

TEXT_S = 4.0  # what a row without audio counts for
SHARD_AUDIO_S = 600.0


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """The rows from `start` up to, and without, `stop`; `error`: it killed its workers, and no model is asked again."""

    start: int
    stop: int
    audio_s: float = 0.0
    error: str = ""

    def __len__(self) -> int:
        return self.stop - self.start


class Waiting(deque[Shard]):
    """Shards that nobody is at; `audio_s` is known without going through them, of which there may be thousands.

    >>> queue = Waiting([Shard(0, 1, 2.0), Shard(1, 2, 3.0)])
    >>> queue.popleft().audio_s, queue.audio_s
    (2.0, 3.0)
    """

    def __init__(self, shards: Iterable[Shard] = ()) -> None:
        super().__init__(shards)
        self.audio_s = float(sum(shard.audio_s for shard in self))

    def popleft(self) -> Shard:
        """The first one."""
        shard = super().popleft()
        self.audio_s -= shard.audio_s
        return shard

    def appendleft(self, shard: Shard) -> None:
        """Put one in front."""
        super().appendleft(shard)
        self.audio_s += shard.audio_s

    def extend(self, shards: Iterable[Shard]) -> None:
        """Put some after."""
        for shard in shards:
            self.append(shard)
            self.audio_s += shard.audio_s

    def leave_out(self, done: Sequence[int], lengths_s: Sequence[float]) -> None:
        """Let go of what somebody has done meanwhile."""
        left = [part for shard in self for part in missing(shard, done, lengths_s)]
        self.clear()
        self.audio_s = 0.0
        self.extend(left)


def lengths(rows: Iterable[Row]) -> Sequence[float]:
    """The seconds of audio of each row, as they are shared out."""
    return array("f", (seconds(row) or TEXT_S for row in rows))


def cut(lengths_s: Sequence[float], shard_audio_s: float, batch: int = 1) -> list[Shard]:
    """All rows in shards of at most so many seconds of audio; a row that is longer is a shard of its own.

    No shard ends within a batch, of which the first begins at the first row: a batch that is longer is one, too.

    >>> [(shard.start, shard.stop) for shard in cut([3, 3, 3, 9, 1], 6, batch=2)]
    [(0, 2), (2, 4), (4, 5)]
    >>> [(shard.start, shard.stop) for shard in cut([3, 3, 3, 9, 1], 6)]
    [(0, 2), (2, 3), (3, 4), (4, 5)]
    """
    shards: list[Shard] = []
    start, audio_s = 0, 0.0
    for place in range(0, len(lengths_s), batch):
        more_s = float(sum(lengths_s[place : place + batch]))
        if place > start and audio_s + more_s > shard_audio_s:
            shards.append(Shard(start, place, audio_s))
            start, audio_s = place, 0.0
        audio_s += more_s
    if len(lengths_s) > start:
        shards.append(Shard(start, len(lengths_s), audio_s))
    return shards


def stretch(lengths_s: Sequence[float], start: int, stop: int, error: str = "") -> Shard:
    """A part of a shard."""
    return Shard(start, stop, float(sum(lengths_s[start:stop])), error)


def missing(shard: Shard, done: Sequence[int], lengths_s: Sequence[float]) -> Iterator[Shard]:
    """What of a shard is not done: the shard itself, parts of it, or nothing.

    >>> [(part.start, part.stop) for part in missing(Shard(0, 4, 4.0), [0, 1, 0, 0], [1.0] * 4)]
    [(0, 1), (2, 4)]
    """
    start = shard.start
    for place in range(shard.start, shard.stop + 1):
        if place == shard.stop or done[place]:
            if place > start:
                whole = (start, place) == (shard.start, shard.stop)
                yield shard if whole else stretch(lengths_s, start, place, shard.error)
            start = place + 1


def pieces(start: int, stop: int, least: int) -> list[tuple[int, int]]:
    """The run of places in pieces of so many; in one for 0.

    >>> pieces(2, 7, 3), pieces(2, 7, 0)
    ([(2, 5), (5, 7)], [(2, 7)])
    """
    step = least or stop - start
    return [(low, min(low + step, stop)) for low in range(start, stop, step)]
