"""Where the errors of a recording are, in seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab.reports.case import error_clips
from modellab.reports.case.page import Limits, render
from modellab.reports.html import audio_clips
from modellab.tasks import asr
from modellab.text import get

from ..pages import check
from .test_page import PERFECT, TEXTS, entry, heard, write


def spans(text: str, segments: list[list[Any]], reference: str, duration_s: float = 60.0) -> list[tuple[float, float]]:
    case = asr.Sample("000", duration_s, reference, reference, get("basic"))
    return error_clips.spans(asr, case, {"text": text, "language": "en", "segments": segments}, duration_s)


WORDS = [f"w{chr(97 + i)}" for i in range(20)]  # a sentence of twenty words
WHOLE = " ".join(WORDS)


def times(words: list[str]) -> list[list[Any]]:
    """Two segments of 30 s."""
    half = len(words) // 2
    return [[" ".join(words[:half]), 0.0, 30.0], [" ".join(words[half:]), 30.0, 60.0]]


def changed(*places: int) -> list[str]:
    return ["x" if i in places else word for i, word in enumerate(WORDS)]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ((), []),
        ((0,), [(0.0, 5.5)]),
        ((5,), [(12.5, 20.5)]),
        ((12,), [(33.5, 41.5)]),
        ((19,), [(54.5, 60.0)]),
        ((5, 6), [(12.5, 23.5)]),
        ((5, 15), [(12.5, 20.5), (42.5, 50.5)]),
        ((0, 1, 2, 3, 4, 5, 6), [(0.0, 17.5), (17.5, 23.5)]),
    ],
)
def test_around_each_error(places: tuple[int, ...], expected: list[tuple[float, float]]) -> None:
    said = changed(*places)
    found = spans(" ".join(said), times(said), WHOLE)
    assert [(round(start_s, 3), round(end_s, 3)) for start_s, end_s in found] == expected


def test_a_word_that_is_missing_lies_between_its_neighbours() -> None:
    said = [word for i, word in enumerate(WORDS) if i != 10]
    assert spans(" ".join(said), times(said), WHOLE) == [(29.0, 37.0)], "its neighbours meet at 33 s"


@pytest.mark.parametrize("segments", [[], [[WHOLE, None, None]], [["", 0.0, 60.0]]])
def test_without_times_nothing_is_guessed(segments: list[list[Any]]) -> None:
    assert spans("x", segments, WHOLE) == []


def test_a_stretch_of_a_stretch() -> None:
    assert error_clips.cut(Path("a/call.wav"), (1.0, 2.5)) == Path("a/call.wav#t=1,2.5")
    assert error_clips.cut(Path("a/call.wav#t=10,40&channel=1"), (1.0, 2.5)) == Path("a/call.wav#t=11,12.5&channel=1")


def test_of_a_recording_that_is_too_long_what_is_around_its_errors_can_be_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    golden = write(tmp_path / "golden", [{"id": f"{i:03}", "text": text} for i, text in enumerate(TEXTS)])
    limits = Limits(sound_bytes=int(1.5 * audio_clips.LEAST_BYTES), around_s=0.25)  # 1.5 s may fit
    said = heard(1, "set the timer")
    output = {"text": "set the timer", "language": "en", "segments": [["set the", 0.0, 1.0], ["timer", 1.0, 2.0]]}
    page = render(entry(golden, replace(said, output=output)), golden, limits=limits)
    assert "no sound: clip.flac is too long for a page" in page
    assert "<figcaption>0.5 s to 1.0 s</figcaption>" in page
    assert page.count("<audio") == 1
    perfect = {"text": TEXTS[0], "language": "en", "segments": [[TEXTS[0], 0.0, 2.0]]}
    assert "<audio" not in render(entry(golden, replace(PERFECT[0], output=perfect)), golden, limits=limits)
    check(page)
