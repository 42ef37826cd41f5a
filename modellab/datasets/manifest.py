"""The file `dataset.yaml`: its header, its rows, and what can be wrong with them.

`__init__.py` is the way in; here is what both loading and validating need. Every message names the file, and the
case where there is one.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal, TextIO

from pydantic import ConfigDict, Field

from modellab.audio import limits, stretch
from modellab.audio.stretch import Stretch
from modellab.errors import DatasetError, UnreadableError, YamlError
from modellab.schema import MOST, Number, Settings, Strict, Thresholds, parse
from modellab.system import textfile, yamltext
from modellab.types import Row
from modellab.types.rows import FILES, PARTS, ROW_KEYS, in_parts
from modellab.types.spooled import Spool

FILE_NAME = "dataset.yaml"
TEXTS = ("rttm", "stm", "uem")  # those that are text, whose line ends a checkout may change
STRETCH = ("start_s", "end_s", "channel")  # the keys that make a row a part of its file
IN_DIGEST = ("task", "version", "language")  # the header's facts that change what is measured
IN_DIGEST_IF_SET = ("judge", "settings")
CASES = re.compile(r"^cases\s*:", re.MULTILINE)
FIRST_CASE = re.compile(r" *- ")
LONGEST_BYTES = 255  # of the name of a file or folder
TOGETHER = 200  # cases read at a time


class Header(Strict):
    """Everything in `dataset.yaml` but the cases."""

    model_config = ConfigDict(strict=True)

    task: str
    version: int = Field(ge=1, le=MOST)
    language: str  # ISO 639-1, e.g. "en"; "mul" where each row has its own
    tier: Literal["smoke", "full", "nightly"]
    licence: str  # SPDX
    source: str
    normaliser: str = "none"
    domain: Literal["open", "lab"] = "open"  # lab: inside the vocabulary of the embedded model
    rate_hz: int | None = Field(default=None, gt=0)  # every file's sample rate; None where they differ
    limits: dict[str, Number] = {}  # metric -> absolute limit, whatever the baseline says
    thresholds: Thresholds = {}  # metric -> margin, cap, alpha, ...: how its change is judged
    cluster: Literal["speaker", "recording", "utterance"] | None = None  # None: recording, else speaker, where named
    judge: str = ""  # MODEL:VARIANT that listens to what a model says, for tasks whose output is audio
    settings: Settings = {}  # what the task lets a dataset choose: its SETTINGS
    imported: Settings = Field(default={}, alias="import", exclude=True)  # where `datasets import` had it from
    digest: str = ""  # "sha256:...", written by `dataset.write_digest`


def file(folder: Path) -> Path:
    """The manifest of a dataset folder."""
    return folder / FILE_NAME


def read(folder: Path, head_only: bool = False) -> str:
    """The manifest's text, or what comes before its line `cases:`."""
    with _opened(folder) as lines:
        return "".join(takewhile(lambda line: not CASES.match(line), lines) if head_only else lines)


@contextmanager
def _opened(folder: Path) -> Iterator[TextIO]:
    """The manifest's lines; DatasetError where there are none."""
    try:
        with textfile.opened(file(folder)) as lines:
            yield lines
    except UnreadableError as fault:
        raise DatasetError(f"{file(folder)}: {fault}; a dataset is a folder with a {FILE_NAME} in UTF-8") from None


def whole(folder: Path) -> dict[str, Any]:
    """The manifest as keys and values, unchecked; of its `cases` some hundreds are in memory at a time.

    The parse tree of YAML takes thirty times its text. What is laid out in another way than one case below the other,
    or cannot be read in parts, is read at once, and so is what is wrong: the whole text tells its line.
    """
    with _opened(folder) as lines:
        found = _case_by_case(lines)
    return mapping(folder, read(folder)) if found is None else found


def mapping(folder: Path, text: str) -> dict[str, Any]:
    """The manifest's text as keys and values, unchecked."""
    try:
        raw = yamltext.parse(text)
    except YamlError as fault:
        raise DatasetError(f"{file(folder)}: not YAML: {fault}") from None
    if not isinstance(raw, dict):
        raise DatasetError(f"{file(folder)}: expected a mapping of keys to values, got {yamltext.shown(raw)}")
    return raw


def _case_by_case(lines: Iterator[str]) -> dict[str, Any] | None:
    """A manifest whose cases are a list at the end, one below the other; None for any other."""
    head: list[str] = []
    for line in lines:
        if CASES.match(line):
            break
        head.append(line)
    else:
        return None
    if line.rstrip() != "cases:":
        return None
    try:
        top, cases = yamltext.parse("".join(head)), Spool(_each_case(lines))
    except (YamlError, TypeError):
        return None
    return {**top, "cases": cases} if isinstance(top, dict) and "cases" not in top else None


def _each_case(lines: Iterator[str]) -> Iterator[Any]:
    """The items of a list in YAML; TypeError for what is none."""
    first = next(lines, "")
    if not (mark := FIRST_CASE.match(first)):
        raise TypeError(f"a list of cases was expected, got {first!r}")
    part, count = [first], 1
    for line in lines:
        if line.startswith(mark[0]):
            if count == TOGETHER:
                yield from _list(part)
                part, count = [], 0
            count += 1
        part.append(line)
    yield from _list(part)


def _list(lines: Sequence[str]) -> list[Any]:
    """A list in YAML; TypeError for anything else."""
    if isinstance(found := yamltext.parse("".join(lines)), list):
        return found
    raise TypeError(f"a list was expected, got {type(found).__name__}")


def header(folder: Path, raw: Mapping[str, Any]) -> Header:
    """The header's keys, checked; ConfigError names an unknown key and the known ones."""
    return parse(Header, file(folder), {key: value for key, value in raw.items() if key != "cases"})


def rows(folder: Path, raw: Mapping[str, Any]) -> tuple[Sequence[Row], list[DatasetError]]:
    """The sound rows, their files made absolute paths, and every fault of the others and of the list."""
    sound: Spool[Row] = Spool()
    known: set[str] = set()
    faults = list(_list_faults(folder, raw))
    for i, given in enumerate(raw["cases"] if isinstance(raw.get("cases"), list | Spool) else []):
        fault = row_fault(given)
        if fault:
            called = given.get("id") if isinstance(given, dict) else None
            name = called if isinstance(called, str) and called and called.isprintable() else f"number {i + 1}"
            faults.append(DatasetError(f"{file(folder)}: case {name}: {fault}"))
        elif given["id"] in known:
            faults.append(DatasetError(f"{file(folder)}: case {given['id']}: duplicate id, every case needs its own"))
        else:
            known.add(given["id"])
            sound.append(_absolute(folder, given))
    return sound, faults


def _absolute(folder: Path, given: Row) -> Row:
    files = {key: (folder / Path(given[key]).expanduser()).absolute() for key in FILES if key in given}
    if "audio" in files and any(key in given for key in STRETCH):
        files["audio"] = stretch.named(Stretch(files["audio"], given.get("start_s", 0.0), *map(given.get, STRETCH[1:])))
    return {**given, **files, **in_parts(given, lambda part: _absolute(folder, part))}


def row_fault(given: Any) -> str:
    """What is wrong with the keys that are the same for every task; empty if nothing is."""
    if not isinstance(given, dict):
        return f"expected a mapping with {', '.join(ROW_KEYS)}, got {yamltext.shown(given)}"
    needed = ROW_KEYS if "audio" in given or "duration_s" in given or len(given) == 1 else ("id",)
    for key in needed:
        if key not in given:
            return f"the key {key!r} is missing; every row has {', '.join(needed)}"
    for key in ("id", "text", *FILES):
        if not isinstance(given.get(key, ""), str):
            came = yamltext.shown(given[key])
            return f"{key} is {came}, expected text; YAML reads 7, 0.5 and true as other things unless quoted"
    if not given["id"]:
        return f"id is {given['id']!r}, expected a name"
    if not given["id"].isprintable():
        return f"id is {yamltext.shown(given['id'])}, expected a name without line ends and control characters"
    if fault := next((fault for key in FILES if (fault := _file_fault(key, given.get(key, "file")))), ""):
        return f"{fault}, expected a file beside {FILE_NAME}"
    duration_s = given.get("duration_s", 1.0)
    if not isinstance(duration_s, int | float) or isinstance(duration_s, bool) or not 0 < duration_s < math.inf:
        return f"duration_s is {yamltext.shown(duration_s)}, expected a number of seconds above 0"
    return _stretch_fault(given) or next(_part_faults(given), "")


def _stretch_fault(given: Mapping[str, Any]) -> str:
    """What is wrong with the stretch of the file that a row is; '' if nothing is."""
    for key in ("start_s", "end_s"):
        value = given.get(key, 0.0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= stretch.MOST_S:
            return f"{key} is {yamltext.shown(value)}, expected seconds from 0 up"
    if "end_s" in given and given["end_s"] <= given.get("start_s", 0.0):
        return f"end_s is {given['end_s']} and start_s {given.get('start_s', 0.0)}: expected the end behind the start"
    channel = given.get("channel", 0)
    if not isinstance(channel, int) or isinstance(channel, bool) or not 0 <= channel < limits.MAX_CHANNELS:
        return f"channel is {yamltext.shown(channel)}, expected a whole number from 0 on"
    for key in ("texts", "group"):
        held = given.get(key, {})
        if not isinstance(held, dict) or not all(isinstance(each, str) for pair in held.items() for each in pair):
            return f"{key} is {yamltext.shown(held)}, expected names with a text each"
    return ""


def _file_fault(key: str, name: str) -> str:
    """What is wrong with the name of a file, whether it is there or not; '' if nothing is."""
    if not name:
        return f"{key} is empty"
    if not name.isprintable():
        return f"{key} is {yamltext.shown(name)}, which has control characters in it"
    if len(name) > 10 * LONGEST_BYTES or any(len(part.encode()) > LONGEST_BYTES for part in name.split("/")):
        return f"{key} is {yamltext.shown(name)}, longer than the {LONGEST_BYTES} bytes that a file's name may have"
    try:
        Path(name).expanduser()
    except RuntimeError:
        return f"{key} is {yamltext.shown(name)}, and there is no such user"
    return ""


def _part_faults(given: Mapping[str, Any]) -> Iterator[str]:
    for key in PARTS:
        parts = given.get(key, [])
        if not isinstance(parts, list):
            yield f"{key} is {yamltext.shown(parts)}, expected a list"
            continue
        for i, part in enumerate(parts):
            is_part = isinstance(part, dict)
            fault = row_fault({"id": key, **part}) if is_part else f"{yamltext.shown(part)}, expected a mapping"
            if fault:
                yield f"{key}[{i}]: {fault}"


def _list_faults(folder: Path, raw: Mapping[str, Any]) -> Iterator[DatasetError]:
    """What can be wrong with the list of cases as a whole."""
    cases = raw.get("cases")
    if not isinstance(cases, list | Spool) or not cases:
        yield DatasetError(
            f"{file(folder)}: expected `cases:` and at least one case below it, got {yamltext.shown(cases)}"
        )
    elif list(raw)[-1] != "cases":
        last = list(raw)[-1]
        yield DatasetError(
            f"{file(folder)}: {last!r} comes after `cases`, which must be last: collecting reads no further"
        )


def digest(head: Header, rows: Sequence[Row]) -> str:
    """SHA-256 over what changes a result: task, version, language, the rows by id, the bytes of their files."""
    chosen = [getattr(head, key) for key in IN_DIGEST]
    chosen += [value for key in IN_DIGEST_IF_SET if (value := getattr(head, key))]
    total = hashlib.sha256(json.dumps(chosen, sort_keys=True).encode())
    ids = [str(row["id"]) for row in rows]
    known: dict[Path, str] = {}  # a recording of many stretches is hashed once
    for each in (rows[i] for i in sorted(range(len(ids)), key=ids.__getitem__)):
        total.update(json.dumps([_facts(each), *_contents(each, known)], sort_keys=True, default=str).encode())
    return f"sha256:{total.hexdigest()}"


def _facts(row: Row) -> Row:
    """The row without the names of its files."""
    return {**{key: value for key, value in row.items() if key not in FILES}, **in_parts(row, _facts)}


def _contents(row: Row, known: dict[Path, str]) -> Iterator[str]:
    """What its files hold, its parts' behind its own."""
    for key in (key for key in FILES if key in row):
        file = stretch.parsed(row[key]).file
        if file not in known:
            known[file] = _content(file, is_text=key in TEXTS)
        yield known[file]
    for key in PARTS:
        for part in row.get(key, ()):
            yield from _contents(part, known)


def _content(file: Path, *, is_text: bool) -> str:
    """What a file holds, as a hash; `missing` also for one that cannot be read, which fails its own case later."""
    with suppress(OSError):
        if file.is_file():
            return textfile.digest(file, is_text=is_text)
    return "missing"
