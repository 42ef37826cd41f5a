"""Results taken out of the ledger because a person asked for it, and brought back: a line moves, none is lost.

    mlruns/forgotten/<session>.jsonl     the lines that were taken out, in files of the same names
    mlruns/forgotten/why.jsonl.txt       who took what out, when and why; only grows

Every reader of the ledger looks at the files of its folder alone, so what moved is gone for all of them at once. A line
is on disk in its new place before it leaves the old one: what is interrupted leaves it in both, where asking again ends
it. A run that goes on meanwhile waits with its next line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from modellab.results import baseline_file, ledger

FOLDER = "forgotten"
WHY = "why.jsonl.txt"


def forget(mlruns: Path, ids: Collection[str], by: str, because: str) -> list[Path]:
    """Take the entries with these ids out of the ledger; the files of the ledger that held them.

    Raises OSError where the folder cannot be written: what had not moved yet is still in the ledger.
    """
    told = {"at": datetime.now(UTC).isoformat(), "by": by, "because": because, "ids": sorted(ids)}
    ledger.append_line(mlruns / FOLDER / WHY, [json.dumps(told, ensure_ascii=False).encode()])
    touched = []
    with ledger.held(mlruns / FOLDER, alone=True):
        for path in ledger.files(mlruns):
            with ledger.held(path.parent, alone=True):
                if _take(path, mlruns / FOLDER / path.name, ids):
                    touched.append(path)
    return touched


def _take(path: Path, out: Path, ids: Collection[str]) -> bool:
    """Move the lines with these ids from one file to another; whether there were any."""
    lines = path.read_bytes().split(b"\n")
    taken = [line for line in lines if _id(line) in ids]
    if taken:
        _append(out, taken)
        _write_over(path, [line for line in lines if _id(line) not in ids])
    return bool(taken)


def bring_back(mlruns: Path) -> int:
    """Put everything that was taken out back into the ledger; how many results."""
    count = 0
    if not (folder := mlruns / FOLDER).is_dir():
        return count
    with ledger.held(folder, alone=True):
        for path in sorted(folder.glob("*.jsonl")):
            lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
            _append(mlruns / "ledger" / path.name, lines)
            path.unlink()
            count += len({_id(line) for line in lines})
    return count


def _id(line: bytes) -> str:
    """The id of an entry; '' of a line that is none, which stays where it is."""
    try:
        entry_id = json.loads(line)["id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return entry_id if isinstance(entry_id, str) else ""


def _append(path: Path, lines: Iterable[bytes]) -> None:
    for line in lines:
        ledger.append_line(path, [line])


def _write_over(path: Path, lines: Sequence[bytes]) -> None:
    """The file with these lines in place of its own; without any it goes."""
    if not any(line.strip() for line in lines):
        path.unlink()
    else:
        beside = path.with_suffix(".rest")
        beside.write_bytes(b"\n".join(lines))
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    baseline_file.sync_folder(path.parent)
