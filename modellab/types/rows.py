"""A dataset's row: which of its keys are files, which hold rows of their own, and how much audio it has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modellab.errors import DatasetError
from modellab.types import Row
from modellab.types.finite import is_number

ROW_KEYS = ("id", "audio", "duration_s")  # what a row may have for every task; a task's ROW names the rest
HASHES = ("sha256", "size_bytes")  # of the encoded audio: of its file, where a row is a stretch
ANYWHERE = (
    "start_s",
    "end_s",
    "channel",
    "recording",
    "texts",
    "group",
    *HASHES,
)  # every task's row may, too
FILES = ("audio", "reference_audio", "rttm", "stm", "uem")  # the keys that name a file, beside the manifest
SETTING_FILES = ("glm",)  # the settings that name a file beside the manifest
ROWS_MISSING = "rows_missing"  # of a baseline's header: why what it holds of each utterance is not at hand
PARTS = ("script",)  # the keys that hold a list of mappings with files of their own: what is said in a dialogue


def sendable(row: Row) -> Row:
    """A row as JSON types: its files as text."""
    return {**row, **{key: str(row[key]) for key in FILES if key in row}, **in_parts(row, sendable)}


def sounding(row: Row) -> Iterator[tuple[str, Row]]:
    """What of a row has audio: the row itself, and its parts; each with its place, such as `script[0]`."""
    places = [("", row), *((f"{key}[{i}]", part) for key in PARTS for i, part in enumerate(row.get(key, ())))]
    return ((place, part) for place, part in places if "audio" in part)


def in_parts(row: Row, change: Callable[[Row], Any]) -> dict[str, list[Any]]:
    """The row's parts, each changed, under the keys that the row has."""
    return {key: [change(part) for part in row[key]] for key in PARTS if key in row}


def length_s(row: Row) -> float:
    """The length of the row's audio, in s; DatasetError for a row without any, whose task needs it."""
    if "audio" not in row:
        raise DatasetError(
            f"case {row['id']!r}: the key 'audio' is missing; every row of this task has {', '.join(ROW_KEYS)}"
        )
    return float(row["duration_s"])


def text_of(row: Row, options: Mapping[str, Any]) -> Any:
    """The row's reference: `text`, or the one of its `texts` that the header's `text` names; DatasetError for none.

    >>> text_of({"id": "1", "text": "um hi", "texts": {"clean": "hi"}}, {"text": "clean"})
    'hi'
    """
    name = options.get("text", "")
    if not name:
        return row.get("text")
    known = row.get("texts", {})
    if name not in known:
        there = ", ".join(sorted(known)) or "none"
        raise DatasetError(
            f"case {row['id']!r} has no text called {name!r}, which the header's `text` asks for; it has {there}"
        )
    return known[name]


def timed_words(row: Row) -> tuple[tuple[str, float, float], ...]:
    """The row's `words`, each (word, start_s, end_s), () for none; DatasetError for times outside of its audio."""
    return tuple(_timed(row["id"], entry, length_s(row)) for entry in row.get("words", ()))


def _timed(id: str, entry: Any, duration_s: float) -> tuple[str, float, float]:
    try:
        word, start_s, end_s = entry
        if isinstance(word, str) and 0 <= float(start_s) <= float(end_s) <= duration_s + 0.05:
            return word, float(start_s), float(end_s)
    except (TypeError, ValueError):
        pass
    wanted = f"expected [word, start_s, end_s] inside the clip's {duration_s:g} s"
    raise DatasetError(f"case {id!r}: `words` holds {entry!r}, {wanted}")


def asked(row: Row) -> int:
    """How often a call on the row may ask the model: once, or anew for each `step_s` that a stream's settings name."""
    return 1 + math.ceil(seconds(row) / _setting(row, "step_s", math.inf))


def seconds(row: Row) -> float:
    """How much audio the row gives to a model, in s: none if it is text, each of the settings' `repeats` anew."""
    once = sum(float(part["duration_s"]) for _, part in sounding(row))
    return once * int(_setting(row, "repeats", 1))


def _setting(row: Row, name: str, otherwise: float) -> float:
    """A setting of the dataset; `otherwise` where it is no number above 0: what is wrong with it its task says."""
    given = row.get("settings", {}).get(name)
    return given if is_number(given) and given > 0 else otherwise
