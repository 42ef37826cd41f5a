"""A baseline's file: JSON with one line for each utterance, so that `git diff` shows which of them changed.

Read and written line by line: twenty thousand utterances are never in memory at once. A file that somebody laid out
otherwise is read as a whole. Of more than MOST_IN_FILE utterances it has the sums and a hash, and the rows are a file
of their own (`baseline_rows.py`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from modellab.errors import MALFORMED, BaselineError
from modellab.results import baseline_rows
from modellab.types.rows import ROWS_MISSING
from modellab.types.spooled import Table

FORMAT, ROWS_OUTSIDE = 1, 2  # the second has its rows in another file
UTTERANCES, ROWS = "utterances", "rows"
BEGIN, END = f' "{UTTERANCES}": {{\n', " }\n"


def read(path: Path) -> dict[str, Any] | None:
    """The file's parts, its utterances a mapping by id; None if there is none. BaselineError for one of no use."""
    try:
        with path.open(encoding="utf-8") as lines:
            stored = _in_lines(lines)
        if stored is None:
            stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error) from error
    if not isinstance(stored, dict) or stored.get("format") not in (FORMAT, ROWS_OUTSIDE):
        stated = stored.get("format") if isinstance(stored, dict) else type(stored).__name__
        raise BaselineError(
            f"{path} has format {stated!r}, expected {FORMAT} or {ROWS_OUTSIDE}: made by another version of modellab?"
        )
    if stored["format"] == ROWS_OUTSIDE:
        return _with_rows(path, stored)
    if isinstance(whole := stored.get(UTTERANCES), dict):
        stored[UTTERANCES] = Table(whole.items())
    return stored


def _with_rows(path: Path, stored: dict[str, Any]) -> dict[str, Any]:
    """The parts with the rows from their own file; where that is not at hand, the header says why."""
    try:
        stored_rows = baseline_rows.read(path.parent, stored[ROWS])
        if stored_rows is None:
            stored["header"] = {**stored["header"], ROWS_MISSING: baseline_rows.missing(path.parent, stored[ROWS])}
    except MALFORMED as error:
        raise damaged(path, error) from error
    return {**stored, UTTERANCES: Table() if stored_rows is None else stored_rows}


def rows(path: Path, stored: dict[str, Any], *, needed: bool) -> dict[str, Any]:
    """Take the utterances out of a file's parts; BaselineError where they are `needed` and not at hand."""
    if needed and (why := stored["header"].get(ROWS_MISSING)):
        raise BaselineError(f"{path}: {why}")
    return dict(stored.pop(UTTERANCES))


def _in_lines(lines: Iterator[str]) -> Any:
    """A file as `write` lays it out; None for any other."""
    head = []
    for line in lines:
        if line == BEGIN:
            break
        head.append(line)
    else:
        return None
    try:
        utterances = Table(_utterances(lines))
        stored = json.loads("".join(head) + f'"{UTTERANCES}": {{}}' + "".join(lines))
    except ValueError:
        return None
    return {**stored, UTTERANCES: utterances} if isinstance(stored, dict) else None


def _utterances(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    """Name and value of each line up to the last; ValueError for what is no such line."""
    last = False
    for line in lines:
        if line == END:
            if not last:
                raise ValueError("a comma after the last utterance")
            return
        if last:
            raise ValueError("no comma after an utterance")
        text = line.strip()
        last = not text.endswith(",")
        ((name, value),) = json.loads("{" + text.removesuffix(",") + "}").items()
        yield name, value
    raise ValueError("the file ends among the utterances")


def write(path: Path, top: Mapping[str, Any], utterances: Mapping[str, Any]) -> None:
    """One line per utterance and session; written beside and moved into place: a kill leaves the old or the new."""
    write_all([(path, top, utterances)])


def write_all(files: Sequence[tuple[Path, Mapping[str, Any], Mapping[str, Any]]]) -> None:
    """The same for several files that belong together: all of them are new, or none; on the disk when it returns."""
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path, _, _ in files}
    path = files[0][0]
    try:
        for path, top, utterances in files:
            _make_folder(path.parent)
            top, utterances = _parted_rows(path, top, utterances)
            # a lone surrogate becomes its own JSON escape
            with drafts[path].open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.writelines(_lines({"format": ROWS_OUTSIDE if ROWS in top else FORMAT, **top}, utterances))
                file.flush()
                os.fsync(file.fileno())
        _replace(drafts)  # everything is on the disk, in the same folder: no room is needed any more
        for folder in {path.parent for path in drafts}:
            sync_folder(folder)
    except OSError as error:
        # the system's words may name another file
        at = next((named for named in drafts if f"'{named}'" in str(error)), path)
        raise BaselineError(f"{at} could not be written: {error}: the baseline before it stays as it was") from error
    finally:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _parted_rows(
    path: Path, top: Mapping[str, Any], utterances: Mapping[str, Any]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Many utterances in a file of their own; those that are not at hand stay where they are."""
    rest = {name: part for name, part in top.items() if name not in ("format", ROWS)}
    header = dict(rest.get("header", {}))
    if header.pop(ROWS_MISSING, ""):
        return {**rest, "header": header, ROWS: top[ROWS]}, {}
    if len(utterances) <= baseline_rows.MOST_IN_FILE:
        return rest, utterances
    return {**rest, ROWS: baseline_rows.write(path.parent, utterances)}, {}


def _replace(drafts: Mapping[Path, Path]) -> None:
    """Move every draft to its place; where one cannot be moved, those before it are taken back."""
    former = {path: _aside(path) for path in drafts} if len(drafts) > 1 else {}
    moved: list[Path] = []
    try:
        for path, draft in drafts.items():
            os.replace(draft, path)
            moved.append(path)
    except BaseException as error:  # Ctrl-C too: the files belong together
        if stuck := [str(path) for path in moved if not _taken_back(path, former[path])]:
            what = f"{', '.join(stuck)} is the new one already and could not be taken back"
            raise BaselineError(f"a baseline is written in part ({error}): {what}, restore it with git") from error
        raise
    finally:
        for before in former.values():
            if before is not None:
                with suppress(OSError):
                    before.unlink(missing_ok=True)


def _aside(path: Path) -> Path | None:
    """A second name of a file as it is, or a copy where the disk knows no such names; None where there is no file."""
    before = path.with_name(f".{path.name}.{os.getpid()}.before")
    before.unlink(missing_ok=True)
    try:
        os.link(path, before)
    except FileNotFoundError:
        return None
    except OSError:
        shutil.copyfile(path, before)
    return before


def _taken_back(path: Path, before: Path | None) -> bool:
    """Make a file what it was; whether that went well."""
    try:
        if before is None:
            path.unlink()
        else:
            os.replace(before, path)
    except OSError:
        return False
    return True


def _make_folder(folder: Path) -> None:
    """Make a folder with those above it, each on the disk."""
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir(exist_ok=True)
        sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _lines(top: Mapping[str, Any], utterances: Mapping[str, Any]) -> Iterator[str]:
    sessions = [json.dumps(session, sort_keys=True) for session in top.get("sessions", [])]
    rest = {name: part for name, part in top.items() if name != "sessions"}
    head = json.dumps(rest, indent=1, sort_keys=True, ensure_ascii=False).removesuffix("\n}")
    if sessions:
        head += ',\n "sessions": [\n  ' + ",\n  ".join(sessions) + "\n ]"
    if ROWS in top:
        yield f"{head}\n}}\n"
        return
    yield f"{head},\n{BEGIN}  "
    rows = (f"{json.dumps(id)}: {_row(utterances[id])}" for id in sorted(utterances))
    yield from _parted(rows)
    yield f"\n{END}}}\n"


def _row(utterance: Any) -> str:
    return json.dumps(utterance, sort_keys=True, ensure_ascii=False)


def _parted(rows: Iterable[str]) -> Iterator[str]:
    """The rows with a comma and a new line between them."""
    for number, row in enumerate(rows):
        yield f",\n  {row}" if number else row


def damaged(path: Path, error: Exception, name: str = "") -> BaselineError:
    """What to say of a file that cannot be used; `name` is the utterance or key that the error is about, if known."""
    line = line_of(path, name) if name else 0
    where = f"{path}, line {line}" if line else str(path)
    return BaselineError(
        f"{where} is not a baseline ({type(error).__name__}: {error}): damaged, or a merge conflict?"
        " Restore it with git, or accept a new one with --update-baselines --reason '...'"
    )


def line_of(path: Path, name: str) -> int:
    """The first line that begins with this name, from 1; 0 where there is none."""
    begins = {f"{json.dumps(name)}:", f"{json.dumps(name, ensure_ascii=False)}:"}
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            numbers = (number for number, line in enumerate(lines, start=1) if line.strip().startswith(tuple(begins)))
            return next(numbers, 0)
    except OSError:
        return 0
