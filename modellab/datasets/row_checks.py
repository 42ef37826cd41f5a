"""What can be wrong with a row's keys that are the same for every task, each fault in one sentence."""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab.audio import limits, stretch
from modellab.system import yamltext
from modellab.types import Row
from modellab.types.rows import ANYWHERE, FILES, PARTS, ROW_KEYS

FILE_NAME = "dataset.yaml"
TEXTS = ("id", "text", "language", *FILES)  # the keys that are text
NAMES = ("speaker", "recording", "session", "condition", "voice")  # those that are names, which may be whole numbers
FURTHER = (*PARTS, "start_s", "end_s", "channel", "texts", "group")  # those that are checked one by one
LONGEST_BYTES = 255  # of the name of a file or folder


def known_keys(task: Sequence[str]) -> list[str]:
    """The keys that a row of a task may have, whose own ones are given."""
    return [*ROW_KEYS, *task, *ANYWHERE]


def unknown_keys(rows: Iterable[Row], task: Sequence[str]) -> dict[str, int]:
    """The keys that no reader of a task knows, and how many rows have each.

    >>> unknown_keys([{"id": "a", "speeker": "b"}, {"id": "c", "text": "d"}], ["text", "speaker"])
    {'speeker': 1}
    """
    known = frozenset(known_keys(task))
    return dict(Counter(key for row in rows if not known.issuperset(row) for key in row if key not in known))


def row_fault(given: Any) -> str:
    """What is wrong with the keys that are the same for every task; empty if nothing is."""
    if not isinstance(given, dict):
        return f"expected a mapping with {', '.join(ROW_KEYS)}, got {yamltext.shown(given)}"
    needed = ROW_KEYS if "audio" in given or "duration_s" in given or len(given) == 1 else ("id",)
    for key in needed:
        if key not in given:
            return f"the key {key!r} is missing; every row has {', '.join(needed)}"
    if fault := _text_fault(given):
        return fault
    if not given["id"].isprintable() or not given["id"]:
        wanted = "a name without line ends and control characters" if given["id"] else "a name"
        return f"id is {yamltext.shown(given['id'])}, expected {wanted}"
    if fault := next((fault for key in FILES if key in given and (fault := _file_fault(key, given[key]))), ""):
        return f"{fault}, expected a file beside {FILE_NAME}"
    duration_s = given.get("duration_s", 1.0)
    if not isinstance(duration_s, int | float) or isinstance(duration_s, bool) or not 0 < duration_s < math.inf:
        return f"duration_s is {yamltext.shown(duration_s)}, expected a number of seconds above 0"
    if given.keys().isdisjoint(FURTHER):
        return ""
    return _stretch_fault(given) or next(_part_faults(given), "")


def _text_fault(given: Mapping[str, Any]) -> str:
    """What is wrong with the keys that are text or names; '' if nothing is."""
    for key in TEXTS:
        if key in given and not isinstance(given[key], str):
            came = yamltext.shown(given[key])
            return f"{key} is {came}, expected text; YAML reads 7, 0.5 and true as other things unless quoted"
    for key in NAMES:
        if key in given and (isinstance(given[key], bool) or not isinstance(given[key], str | int)):
            return f"{key} is {yamltext.shown(given[key])}, expected a name"
    return ""


def _stretch_fault(given: Mapping[str, Any]) -> str:
    """What is wrong with the stretch of the file that a row is; '' if nothing is."""
    for key in ("start_s", "end_s"):
        value = given.get(key, 0.0)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= stretch.MOST_S:
            return f"{key} is {yamltext.shown(value)}, expected seconds from 0 up"
    if "end_s" in given and given["end_s"] <= given.get("start_s", 0.0):
        return f"end_s is {given['end_s']} and start_s {given.get('start_s', 0.0)}: expected the end after the start"
    channel = given.get("channel", 0)
    if not isinstance(channel, int) or isinstance(channel, bool) or not 0 <= channel < limits.MAX_CHANNELS:
        return f"channel is {yamltext.shown(channel)}, expected a whole number from 0 on"
    for key in (key for key in ("texts", "group") if key in given):
        held = given[key]
        if not isinstance(held, dict) or not all(isinstance(text, str) for pair in held.items() for text in pair):
            return f"{key} is {yamltext.shown(held)}, expected names with a text each"
    return ""


@functools.lru_cache(maxsize=1024)
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
