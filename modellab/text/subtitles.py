"""Timed text as subtitles: SubRip (.srt) and WebVTT (.vtt). The other way: `datasets/importers/subtitles.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MS_PER_H, MS_PER_MIN, MS_PER_S = 3_600_000, 60_000, 1_000
Timed = tuple[str, float | None, float | None]  # text, start_s, end_s


def srt(segments: Sequence[Timed], text: str, duration_s: float) -> str:
    """SubRip of segments; where they have no times, one cue with the whole `text` over `duration_s`.

    >>> srt([("hello", 0.0, 1.5)], "hello", 2.0)
    '1\\n00:00:00,000 --> 00:00:01,500\\nhello\\n\\n'
    """
    return "".join(_cues(segments, text, duration_s, ",", "{number}\n"))


def vtt(segments: Sequence[Timed], text: str, duration_s: float) -> str:
    """WebVTT of segments; where they have no times, one cue with the whole `text` over `duration_s`.

    >>> vtt([("hello", None, None)], "hello", 2.0)
    'WEBVTT\\n\\n00:00:00.000 --> 00:00:02.000\\nhello\\n\\n'
    """
    return "WEBVTT\n\n" + "".join(_cues(segments, text, duration_s, ".", ""))


def _cues(segments: Sequence[Timed], whole: str, duration_s: float, point: str, head: str) -> Iterator[str]:
    timed = [segment for segment in segments if segment[1] is not None and segment[2] is not None]
    shown = timed if len(timed) == len(segments) and timed else [(whole, 0.0, duration_s)]
    for number, (text, start_s, end_s) in enumerate(shown, start=1):
        times = f"{clock(start_s or 0.0, point)} --> {clock(end_s or 0.0, point)}"
        yield f"{head.format(number=number)}{times}\n{text.strip().replace('-->', '->')}\n\n"


def clock(seconds: float, point: str) -> str:
    """A time as subtitles have it.

    >>> clock(3661.5, ","), clock(0.9996, ".")
    ('01:01:01,500', '00:00:01.000')
    """
    whole = round(seconds * MS_PER_S)
    hours, rest = divmod(whole, MS_PER_H)
    minutes, rest = divmod(rest, MS_PER_MIN)
    full, parts = divmod(rest, MS_PER_S)
    return f"{hours:02d}:{minutes:02d}:{full:02d}{point}{parts:03d}"
