"""What repeating an import would change: added and removed rows, other references, other audio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.audio import stretch
from modellab.types import Row
from modellab.types.rows import FILES, HASHES
from modellab.types.spooled import Table
from modellab.units import counted

SHOWN = 3  # names of rows that a sentence gives
OF_AUDIO = ("duration_s", "start_s", "end_s", "channel")


def told(before: Sequence[Row], after: Sequence[Row], named: bool = True) -> list[str]:
    """A sentence for each kind of change between two sets of rows; none where they are the same.

    It gives the first names of rows where they may be `named`.
    """
    old, new = _by_id(before), _by_id(after)
    both = [id for id in new if id in old]
    hashed: dict[Path, str] = {}
    kinds: dict[str, Iterable[str]] = {
        "added": (id for id in new if id not in old),
        "gone": (id for id in old if id not in new),
        "with another reference": (id for id in both if _reference(old[id]) != _reference(new[id])),
        "with other audio": (id for id in both if _heard(old[id], hashed) != _heard(new[id], hashed)),
    }
    ids_by_kind = {what: list(ids) for what, ids in kinds.items()}
    return [
        f"{counted(len(ids), 'row')} {what}{_listed(ids) if named else ''}" for what, ids in ids_by_kind.items() if ids
    ]


def _by_id(rows: Sequence[Row]) -> Mapping[str, Row]:
    return Table((str(row["id"]), row) for row in rows)


def _reference(row: Row) -> dict[str, Any]:
    """Everything about a row but its files and their lengths."""
    return {key: value for key, value in row.items() if key not in (*FILES, *HASHES, *OF_AUDIO)}


def _heard(row: Row, hashed: dict[Path, str]) -> tuple[object, ...]:
    return tuple(row.get(key) for key in OF_AUDIO), row.get("sha256") or _once(
        stretch.parsed(row["audio"]).file, hashed, _digest
    )


def _once(file: Path, known: dict[Path, str], make: Callable[[Path], str]) -> str:
    if file not in known:
        known[file] = make(file)
    return known[file]


def _digest(file: Path) -> str:
    try:
        return stretch.digest(file)
    except OSError:
        return "missing"


def _listed(ids: Sequence[str]) -> str:
    more = ", ..." if len(ids) > SHOWN else ""
    return f" ({', '.join(ids[:SHOWN])}{more})"
