"""SubRip (.srt) and WebVTT (.vtt): who says what when, for people to read.

Tags are taken out (`<i>`, `{\\an8}`), `<v Name>` is the speaker. Cues for the hard of hearing (`[music]`) stay as
they are: what of a text counts is the normaliser's to say.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.records import LeftOut, seconds

ARROW = re.compile(r"^\s*(?P<start>[\d:.,]+)\s*-->\s*(?P<end>[\d:.,]+)(?:\s|$)")
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
TAG = re.compile(r"</?[A-Za-z][^<>]*>|<\d[\d:.]*>|\{\\[^{}]*\}")
SKIPPED = ("NOTE", "STYLE", "REGION")


class Cue(NamedTuple):
    """A subtitle."""

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


def read(path: Path) -> list[Cue | LeftOut]:
    """The subtitles of a file, in its order; DatasetError for what is no text."""
    return list(cues(textfiles.whole(path), str(path)))


def cues(text: str, name: str) -> Iterator[Cue | LeftOut]:
    """The subtitles of a text in either form; what is wrong with one is told with its line."""
    line = 1
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n") + "\n\n"):
        rows = block.split("\n")
        cue = _cue(rows, name, line)
        line += block.count("\n") + 2
        if cue:
            yield cue


def _cue(rows: list[str], name: str, line: int) -> Cue | LeftOut | None:
    while rows and not rows[0].strip():
        rows, line = rows[1:], line + 1
    if not rows or rows[0].lstrip("\ufeff").startswith(("WEBVTT", *SKIPPED)):
        return None
    at = next((i for i, row in enumerate(rows[:2]) if "-->" in row), None)
    if at is None:
        return LeftOut(f"{name}, line {line}", f"expected times (0:00:01.000 --> 0:00:02.500), got {rows[0][:40]!r}")
    match = ARROW.match(rows[at])
    start_s, end_s = (seconds(match[key].replace(",", ".")) if match else None for key in ("start", "end"))
    if start_s is None or end_s is None:
        return LeftOut(f"{name}, line {line + at}", f"{rows[at][:60]!r} are no times")
    if end_s <= start_s:
        return LeftOut(f"{name}, line {line + at}", f"it ends at {end_s:g} s and starts at {start_s:g} s")
    spoken = " ".join(" ".join(rows[at + 1 :]).split())
    voice = VOICE.search(spoken)
    return Cue(start_s, end_s, " ".join(html.unescape(TAG.sub("", spoken)).split()), voice[1].strip() if voice else "")
