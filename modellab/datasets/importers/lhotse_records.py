"""Lhotse's cuts, recordings and supervisions as records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from modellab.datasets.importers import commands
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.records import Item, LeftOut, Record, Sound, seconds

SAVE = "save its audio with Lhotse first"
SIMPLE = ("MonoCut", "MultiCut", "Cut")
DECIMALS = 6
WHOLE_S = 0.001  # a supervision that begins and ends with its recording, within rounding


def of_cut(where: str, cut: Mapping[str, Any], finder: Finder, sound: Sound | None = None) -> Iterator[Item]:
    """A record for each supervision of a cut; `sound` is the cut's own audio, where it comes with it."""
    id = str(cut.get("id"))
    if (kind := str(cut.get("type", "MonoCut"))) not in SIMPLE or "tracks" in cut:
        yield LeftOut(where, f"the cut {id} is a {kind}, no stretch of one file; {SAVE}")
        return
    recording, supervisions = cut.get("recording"), cut.get("supervisions")
    start_s, length_s = seconds(cut.get("start")), seconds(cut.get("duration"))
    if not isinstance(recording, Mapping):
        yield LeftOut(where, f"the cut {id} has no recording")
    elif start_s is None or length_s is None:
        yield LeftOut(where, f"the cut {id} has no start or no duration in seconds")
    elif recording.get("transforms"):
        yield LeftOut(where, f"the recording of {id} is changed ({str(recording['transforms'])[:60]}); {SAVE}")
    elif not isinstance(supervisions, list) or not supervisions:
        yield LeftOut(where, f"the cut {id} has no supervision, so nothing says what is spoken")
    else:
        for supervision in supervisions:
            if isinstance(supervision, Mapping):
                yield of_supervision(where, supervision, recording, 0.0 if sound else start_s, finder, sound)
            else:
                yield LeftOut(where, f"a supervision of {id} is {str(supervision)[:40]!r}, expected a record ({{...}})")


def of_supervision(
    where: str,
    supervision: Mapping[str, Any],
    recording: Mapping[str, Any],
    from_s: float,
    finder: Finder,
    own: Sound | None = None,
) -> Item:
    """A supervision of a recording as a record; its times count from `from_s` of the recording."""
    id = str(supervision.get("id"))
    start_s, length_s = _signed(supervision.get("start")), seconds(supervision.get("duration"))
    if start_s is None or not length_s:
        return LeftOut(where, f"{id} has no start or no duration in seconds")
    sound = own or _source(recording, finder, supervision.get("channel"))
    if isinstance(sound, str):
        return LeftOut(where, f"{id}: {sound}")
    end_s = round(from_s + start_s + length_s, DECIMALS)
    start_s = max(0.0, round(from_s + start_s, DECIMALS))
    channel = _channel(supervision.get("channel"), recording)
    if isinstance(channel, str):
        return LeftOut(where, f"{id}: {channel}")
    whole_s = seconds(recording.get("duration")) or 0.0
    is_whole = start_s <= WHOLE_S and abs(end_s - whole_s) <= WHOLE_S
    stretch = sound if is_whole else replace(sound, start_s=start_s, end_s=end_s)
    text = supervision.get("text")
    gender = supervision.get("gender")
    return Record(
        id=id,
        where=where,
        sound=replace(stretch, channel=stretch.channel if channel is None else channel),
        text=text.strip() if isinstance(text, str) else None,
        language=str(supervision.get("language") or ""),
        speaker=str(supervision.get("speaker") or ""),
        recording="" if is_whole else str(recording.get("id") or ""),
        duration_s=whole_s if is_whole else None,
        group={"gender": str(gender)} if gender else {},
    )


def _signed(value: Any) -> float | None:
    """A start, which is below 0 where a cut begins within a supervision."""
    time_s = seconds(value)
    if time_s is None and isinstance(value, int | float) and seconds(-value) is not None:
        return float(value)
    return time_s


def _source(recording: Mapping[str, Any], finder: Finder, channel: Any = None) -> Sound | str:
    """The file of a recording, or that of a supervision's channel where each has its own."""
    sources = recording.get("sources")
    if not isinstance(sources, list) or not sources or not all(isinstance(entry, Mapping) for entry in sources):
        return "its recording has no sources"
    own = sources[0] if len(sources) == 1 else _holder(sources, channel)
    if own is None:
        return (
            f"its recording is in {len(sources)} files, and it is not of one of their channels: one row takes one file"
        )
    kind, source = own.get("type"), own.get("source")
    if kind == "command":
        decoded = commands.decoded(str(source))
        refusal = f"its audio is the output of a shell command, which is not run ({str(source)[:80]})"
        return Sound(finder.find(decoded.file), channel=decoded.channel) if decoded else refusal
    if kind != "file" or not isinstance(source, str) or not source:
        return f"its audio is a source of type {str(kind)[:20]!r}, only files are read"
    return Sound(finder.find(source))


def _holder(sources: list[Mapping[str, Any]], channel: Any) -> Mapping[str, Any] | None:
    """The source that holds all channels of a supervision; None for none of several."""
    wanted = {str(wanted_channel) for wanted_channel in (channel if isinstance(channel, list) else [channel])}
    held = (source for source in sources if isinstance(source.get("channels"), list))
    return next((source for source in held if wanted <= set(map(str, source["channels"]))), None)


def _channel(given: Any, recording: Mapping[str, Any]) -> int | str | None:
    """The channel of a supervision in its file; None where that is all that the file has."""
    sources = [source for source in recording.get("sources") or () if isinstance(source, Mapping)]
    own = (sources[0] if len(sources) == 1 else _holder(sources, given)) if sources else None
    held = own.get("channels") if own else None
    channels = given if isinstance(given, list) else [given]
    if given is None or not isinstance(held, list) or len(held) <= 1:
        return None
    if len(channels) == 1 and channels[0] in held:
        return held.index(channels[0])
    if set(map(str, channels)) == set(map(str, held)):
        return None
    return f"it is of the channels {str(given)[:40]}, expected one of {str(held)[:40]} or all"
