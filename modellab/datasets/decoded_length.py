"""Rows and cases with the length that was decoded, where the manifest states another one.

A manifest may be wrong about a file: what was decoded is what RTF, detection and words per second are counted over,
and what a time limit follows. A length within DURATION_TOLERANCE_S of the manifest's is the manifest's, which may be
rounded. What a model made has a length of its own, and is no clip of the manifest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from modellab import audio
from modellab.errors import AudioError, DatasetError
from modellab.types import Row, Utterance
from modellab.types.rows import seconds, sounding
from modellab.types.utterances import audio_s

DURATION_TOLERANCE_S = 0.02  # the manifest's duration may be rounded, and MP3 pads


class Reader(Protocol):
    """The part of a task that makes cases of rows."""

    def read(self, row: Row, options: Mapping[str, Any]) -> Any: ...


def factor(row: Row, given_s: float | None) -> float:
    """How much longer the audio of a call was than the manifest says, of which `given_s` seconds were decoded.

    1 where the two agree, and where one of them is not known.

    >>> factor({"id": "a", "audio": "a.wav", "duration_s": 5.0}, 2.0)
    0.4
    """
    stated_s = sum(float(part["duration_s"]) for _, part in sounding(row))
    if given_s is None or not (0 < given_s < math.inf) or not stated_s:
        return 1.0
    return 1.0 if abs(given_s - stated_s) <= DURATION_TOLERANCE_S else given_s / stated_s


def decoded(row: Row, given_s: float | None) -> Row:
    """The row with its length as decoded, of `given_s` seconds that a call was given; the row itself where they agree.

    >>> decoded({"id": "a", "audio": "a.wav", "duration_s": 5.0}, 2.0)["duration_s"]
    2.0
    """
    scale = factor(row, given_s)
    return row if scale == 1 or "audio" not in row else {**row, "duration_s": float(row["duration_s"]) * scale}


def heard_s(row: Row, given_s: float | None, stated_s: float, output: Any) -> float:
    """The seconds of audio that a call's time is held against: what the model made, else what it was given.

    `stated_s` is the length that the task's case of the row has; a row with an `audio` of its own has its own.
    """
    if is_made(output):
        return float(output["duration_s"])
    known = decoded(row, given_s)
    return stated_s * factor(row, given_s) if known is row else float(known["duration_s"])


def sample(task: Reader, row: Row, options: Mapping[str, Any], given_s: float | None, output: Any) -> Any:
    """The task's case of a row of which `given_s` seconds were decoded, as far as anybody knows.

    A reference that goes on after the file's end leaves the manifest's length, which `doubts` tells.
    """
    known = row if is_made(output) else decoded(row, given_s)
    if known is not row:
        try:
            return task.read(known, options)
        except DatasetError:
            pass
    return task.read(row, options)


def stored(task: Reader, row: Row, options: Mapping[str, Any], utterance: Utterance) -> Any:
    """The task's case of a row as a stored utterance was scored: its length is that of the audio it heard."""
    return sample(task, row, options, None if utterance.error else utterance.duration_s, utterance.output)


def row_of(row: Row, utterance: Utterance) -> Row:
    """The row with the length that a stored utterance had."""
    return row if utterance.error or is_made(utterance.output) else decoded(row, utterance.duration_s)


def is_made(output: Any) -> bool:
    """Whether an output's length is that of audio that the model made."""
    return isinstance(output, Mapping) and output.get("duration_s") is not None


def doubts(task: Reader, rows: Sequence[Row], options: Mapping[str, Any], utterances: Sequence[Utterance]) -> list[str]:
    """What a run has to say of lengths in the manifest that are not the files'; nothing where all are right."""
    wrong, beyond = [], []
    for i, (row, heard_s) in enumerate(zip(rows, audio_s(utterances), strict=False)):
        known_s = seconds(row), float(row.get("duration_s", heard_s))
        is_off = all(abs(heard_s - length_s) > DURATION_TOLERANCE_S for length_s in known_s)
        if is_off and not is_made(utterances[i].output):
            wrong.append((str(row["id"]), heard_s, known_s[0]))
            beyond += _beyond(task, decoded(row, heard_s), options)
    if not wrong:
        return []
    id, heard_s, stated_s = max(wrong, key=lambda mismatch: abs(mismatch[1] - mismatch[2]))
    count = f"{len(wrong)} of {len(utterances)} lengths in its manifest are not the files'"
    told = f"{count}: {id} lasts {heard_s:.2f} s, not {stated_s:.2f} s; RTF and scores count what was decoded"
    if beyond:
        told += f", but for {len(beyond)} whose reference goes on after the file's end ({beyond[0]})"
    return [told]


def _beyond(task: Reader, row: Row, options: Mapping[str, Any]) -> list[str]:
    """The row's name where its reference does not fit into what was decoded."""
    try:
        task.read(row, options)
    except DatasetError:
        return [str(row["id"])]
    return []


def longest_s(row: Row) -> float:
    """The seconds of audio that a call may really be about, in a row as a worker gets it.

    Files are decoded for it: it is asked for when a call has taken longer than the manifest's length allows.
    """
    return sum(_lengths(row)) * int(row.get("settings", {}).get("repeats", 1))


def _lengths(row: Row) -> Iterator[float]:
    """The longer one of the manifest's and the file's length, of each sound."""
    for _, part in sounding(row):
        stated_s = float(part["duration_s"])
        try:
            yield max(stated_s, audio.info(Path(part["audio"])).duration_s)
        except AudioError:
            yield stated_s  # the call itself tells
