"""Which rows of many are taken: the same ones every time, and a smaller sample is part of a larger one.

Rows stand in the order of a keyed hash of their ids; of each stratum the first ones are taken, as many as its part of
all rows, at least one where there is room for all strata. Where speakers are to stay whole, they stand in the order of
theirs, and are taken one after the other until there are rows enough.
"""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Sequence

from modellab.datasets.importers.request import ImportRequest
from modellab.errors import ConfigError
from modellab.types import Row


def sample(ids: Sequence[str], strata: Sequence[str], count: int, seed: int) -> list[int]:
    """The places of `count` of the rows, by place.

    >>> sample(["a", "b", "c", "d"], ["x", "y", "y", "x"], 2, seed=7)
    [0, 1]
    >>> sample(["a", "b", "c", "d"], ["x", "y", "y", "x"], 3, seed=7)
    [0, 1, 3]
    """
    if count >= len(ids):
        return list(range(len(ids)))
    groups: dict[str, list[int]] = {}
    for i in sorted(range(len(ids)), key=lambda i: _place(ids[i], seed)):
        groups.setdefault(strata[i], []).append(i)
    taken = _parts({name: len(group) for name, group in groups.items()}, count)
    return sorted(i for name, group in groups.items() for i in group[: taken[name]])


def whole(speakers: Sequence[str], strata: Sequence[str], count: int, seed: int) -> list[int]:
    """The places of all rows of as many speakers as have `count` rows or more, by place.

    >>> whole(["ann", "bob", "ann", "cleo"], ["f", "m", "f", "f"], 2, seed=7)
    [1, 3]
    >>> whole(["ann", "bob", "ann", "cleo"], ["f", "m", "f", "f"], 3, seed=7)
    [0, 1, 2, 3]
    """
    rows: dict[str, list[int]] = {}
    for i, speaker in enumerate(speakers):
        rows.setdefault(speaker, []).append(i)
    groups: dict[str, list[list[int]]] = {}
    for speaker in sorted(rows, key=lambda name: _place(name, seed)):
        groups.setdefault(strata[rows[speaker][0]], []).append(rows[speaker])
    sizes = {name: sum(map(len, group)) for name, group in groups.items()}
    waiting = sorted((-math.inf, -size, name) for name, size in sizes.items())
    taken: list[int] = []
    of = dict.fromkeys(sizes, 0)
    while waiting and len(taken) < count:
        _, less, name = heapq.heappop(waiting)
        speakers_rows = groups[name].pop(0)
        taken += speakers_rows
        of[name] += len(speakers_rows)
        if groups[name]:
            heapq.heappush(waiting, (-sizes[name] / (2 * of[name] + 1), less, name))
    return sorted(taken)


def _parts(sizes: dict[str, int], count: int) -> dict[str, int]:
    """How many of each stratum: Webster's method, which unlike largest remainders never takes one back for more."""
    taken = dict.fromkeys(sizes, 0)
    waiting = sorted((-math.inf, -size, name) for name, size in sizes.items())  # nobody goes without
    for _ in range(count):
        _, less, name = heapq.heappop(waiting)
        taken[name] += 1
        if taken[name] < sizes[name]:
            heapq.heappush(waiting, (-sizes[name] / (2 * taken[name] + 1), less, name))
    return taken


def _place(id: str, seed: int) -> bytes:
    return hashlib.blake2b(id.encode("utf-8", "surrogatepass"), key=str(seed).encode()[:64], digest_size=16).digest()


def chosen(rows: Sequence[Row], request: ImportRequest) -> list[int]:
    """Which rows a person wants, by id; ConfigError for a key of which no row says anything."""
    ids = [str(row["id"]) for row in rows]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    if not request.sample:
        return order
    if parted := next((row for row in rows if "chunk" in row), None):
        raise ConfigError(f"--sample would part sessions: {parted['id']} is a chunk of one; use --where")
    if unknown := [key for key in request.by if not any(_value(row, key) for row in rows)]:
        raise ConfigError(f"--by {unknown[0]}: no row says anything of it")
    if request.whole_speakers:
        _check_whole(rows, request)
    strata = ["\0".join(_value(rows[i], key) for key in request.by) for i in order]
    if request.whole_speakers:
        speakers = [_speaker(rows[i]) for i in order]
        return [order[k] for k in whole(speakers, strata, request.sample, request.seed)]
    return [order[k] for k in sample([ids[i] for i in order], strata, request.sample, request.seed)]


def _check_whole(rows: Sequence[Row], request: ImportRequest) -> None:
    """ConfigError where speakers cannot stay whole."""
    if not any("speaker" in row for row in rows):
        raise ConfigError("--whole-speakers: no row says who speaks")
    for key in request.by:
        if len({(_speaker(row), _value(row, key)) for row in rows}) > len({_speaker(row) for row in rows}):
            raise ConfigError(f"--whole-speakers: a speaker has rows of several values of {key}: leave it out of --by")
        if key == "speaker":
            raise ConfigError("--whole-speakers takes all rows of a speaker: leave speaker out of --by")


def _speaker(row: Row) -> str:
    """Who speaks; whoever is not named is somebody of his own."""
    return f"speaker {row['speaker']}" if "speaker" in row else f"row {row['id']}"


def _value(row: Row, key: str) -> str:
    """What a row says under a key, or in its groups."""
    return str(row.get(key, row.get("group", {}).get(key, "")))
