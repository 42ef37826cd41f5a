"""The reference of a recording in which several people speak: its turns, and what of it is scored.

They are written in the row, or in its RTTM and UEM files, which may hold several recordings.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from modellab import audio
from modellab.annotations import rttm
from modellab.errors import DatasetError, described
from modellab.metrics import diarization as metric
from modellab.metrics.vad import merge as merge_regions
from modellab.metrics.vad import subtract
from modellab.tasks import _returned
from modellab.types import Region, Row, Turn


def turns(row: Row, *, merge: bool) -> list[Turn]:
    """The reference of a row, from its file or as written in it."""
    name = str(row["id"])
    if ("rttm" in row) == ("turns" in row):
        raise DatasetError(f"case {name!r}: expected `rttm` with a file or `turns` with a list, one of the two")
    if "rttm" in row:
        return _in_file(row, "rttm", partial(rttm.read, merge=merge))
    given = row["turns"]
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise DatasetError(f"case {name!r}: expected `turns` as a list of [start_s, end_s, speaker], got {given!r}")
    try:
        listed = [turn(stretch) for stretch in given]
    except ValueError as error:
        raise DatasetError(f"case {name!r}: `turns` holds {error}") from error
    if not merge and (pair := rttm.overlap(listed)):
        raise DatasetError(
            f"case {name!r}: {list(pair[0])} and {list(pair[1])} in `turns` overlap and are one speaker's; correct them"
            " or write `same_speaker_overlap: merge` in the settings of the dataset"
        )
    return rttm.merged(listed)


def scorable(row: Row, duration_s: float) -> list[Region]:
    """What of the recording may be scored: what its UEM covers, or all of it, without what its RTTM calls NOSCORE."""
    unscored = _in_file(row, "rttm", rttm.read_unscored) if "rttm" in row else []
    return subtract(_covered(row, duration_s), merge_regions(unscored))


def _covered(row: Row, duration_s: float) -> list[Region]:
    if "uem" not in row:
        return [Region(0.0, duration_s)]
    uem = _in_file(row, "uem", rttm.read_uem)
    covered = metric.covered(uem, duration_s)
    if not covered:
        raise DatasetError(
            f"case {row['id']!r}: {row['uem']} covers nothing of the clip's {duration_s:g} s, its first stretch"
            f" starts at {min(uem).start_s:g} s: is it the UEM of another recording?"
        )
    return covered


def check_count(row: Row, reference: Sequence[Turn], speaker_count: str) -> None:
    """DatasetError where a row's `num_speakers` does not fit its reference or the dataset's setting."""
    name, stated = str(row["id"]), row.get("num_speakers")
    speakers = len({stretch.speaker for stretch in reference if stretch.end_s > stretch.start_s})
    if (stated is None) == (speaker_count == "known"):
        wanted = "expected `num_speakers`" if stated is None else "remove `num_speakers`"
        raise DatasetError(f"case {name!r}: settings.speaker_count is {speaker_count}, {wanted}")
    if stated is not None and (isinstance(stated, bool) or stated != speakers):
        raise DatasetError(f"case {name!r}: num_speakers is {stated!r}, but {speakers} speak in the reference")


def turn(given: Any) -> Turn:
    """A stretch of finite seconds in order with a name, or ValueError saying what came."""
    try:
        start_s, end_s, speaker = given
        start_s, end_s = _returned.seconds(start_s), _returned.seconds(end_s)
    except (TypeError, ValueError):
        raise ValueError(f"{described(given)}, expected [start_s, end_s, speaker]") from None
    if not isinstance(speaker, str) or not speaker:
        raise ValueError(f"{list(given)}, expected a name as speaker")
    if not 0 <= start_s <= end_s < math.inf:
        raise ValueError(f"[{start_s:g}, {end_s:g}, {speaker}], expected finite seconds from 0 up, the end not before")
    return Turn(start_s, end_s, speaker)


def _in_file[T](row: Row, key: str, read: Callable[[Path], Mapping[str, T]]) -> T:
    """What a file of the row holds of its recording."""
    path = Path(row[key])
    return rttm.one(read(path), path, str(row["id"]), audio.stretch.parsed(Path(row["audio"])).file.stem)
