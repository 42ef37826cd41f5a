"""Datasets whose audio is another one's: the rows that name it, with what the new task needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modellab import datasets
from modellab.types import Row
from tools.golden.write import Clip

GOLDEN = Path(__file__).parents[2] / "golden"
SOURCE = "audio of {name}"


def rows(name: str, ids: Sequence[str]) -> Iterator[Row]:
    """The named rows of a dataset in this repository, in the order of `ids`."""
    of = {row["id"]: row for row in datasets.load(GOLDEN / name).rows}
    return (of[id] for id in ids)


def clip(row: Row, id: str, **keys: Any) -> Clip:
    """A case of its own on the audio of `row`."""
    path = Path(row["audio"])
    place = f"../{path.relative_to(GOLDEN).as_posix()}"
    return Clip(id, None, {"audio": place, "duration_s": row["duration_s"], **keys})
