"""The page of `modellab try`: each recording to hear, what each model made of it, and where that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modellab import units
from modellab.audio import stretch
from modellab.datasets.importers.own_recordings import Recording
from modellab.errors import AudioError
from modellab.reports.case.utterance import Player
from modellab.reports.html import FOLDER, RELATIVE, audio_clips, page
from modellab.runner.tryout import Heard, Tried

MARK = "modellab try: "  # begins the title: what may be written over
BUDGET_BYTES = 15_000_000  # of sound in a page
HEADINGS = ("model", "runs on", "WER", "words", "RTF", "peak", "loaded in")


def render(recordings: Sequence[Recording], tried: Sequence[Tried], folder: Path) -> str:
    """The page as it will lie in `folder`: sound is in it, or beside it where it is too long."""
    left, articles = BUDGET_BYTES, []
    for at, recording in enumerate(recordings):
        player = _player(recording, folder, left)
        left -= len(player.sound)
        articles.append((recording, player, [_side(model, model.heard[at]) for model in tried]))
    return page(
        "tried.html.j2",
        style="\n".join((FOLDER / name).read_text(encoding="utf-8") for name in ("style.css", "compare.css")),
        title=MARK + ", ".join(model.model for model in tried),
        headings=HEADINGS,
        figures=[figures(model) for model in tried],
        articles=articles,
        worded=any(heard.steps for model in tried for heard in model.heard),
    )


def _player(recording: Recording, folder: Path, left: int) -> Player:
    try:
        sound = audio_clips.sound(recording.audio)
    except AudioError as problem:
        return _beside(recording, folder, f"no sound: {problem}")
    if len(sound) > left:
        return _beside(recording, folder, "no room for more sound in this page")
    return Player(recording.name, sound)


def _beside(recording: Recording, folder: Path, problem: str) -> Player:
    """A player of the file itself, where it lies below the page and its name can stand in an address."""
    file = stretch.parsed(recording.audio).file.absolute()
    if file.is_relative_to(folder):
        there = file.relative_to(folder).as_posix()
        if RELATIVE.match(there):
            return Player(recording.name, there, problem="")
    return Player(recording.name, problem=problem)


def _side(tried: Tried, heard: Heard) -> dict[str, object]:
    return {
        "model": tried.model,
        "text": heard.text,
        "error": heard.error,
        "steps": heard.steps,
        "wer": units.value(heard.wer, "ratio") if heard.wrong else "",
    }


def figures(tried: Tried) -> list[str]:
    """What was measured of one model, under `HEADINGS`."""
    words = f"{tried.wrong.top:g} of {tried.wrong.bottom:g}" if tried.wrong.bottom else units.MISSING
    return [
        tried.model,
        tried.setting,
        units.value(tried.wer, "ratio"),
        words,
        units.value(tried.rtf, "s/s"),
        units.value(tried.peak_bytes, "bytes"),
        units.value(tried.load_s, "s"),
    ]
