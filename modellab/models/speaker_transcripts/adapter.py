"""Who said what: a diarizer finds the turns, a recogniser hears each of them; both are models of this project."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from modellab.models import parts
from modellab.types import Audio, Setting, SpokenTurn, Turn

NEIGHBOURS = Path(__file__).parents[1]  # model folders beside this one, wherever it lies


class SpeakerTranscripts:
    """A diarizer and a recogniser in one process."""

    def __init__(self, setting: Setting) -> None:
        options: dict[str, Any] = dict(setting.options)
        self.diarizer = parts.load(options["diarizer"], setting, more=[NEIGHBOURS])
        self.recogniser = parts.load(options["recogniser"], setting, setting.weights, more=[NEIGHBOURS])
        self.gap_s: float = options["gap_s"]
        self.margin_s: float = options["margin_s"]
        self.shortest_s: float = options["shortest_s"]

    def transcribe_speakers(self, audio: Audio) -> list[SpokenTurn]:
        """The turns in 16 kHz audio that have words, by start."""
        turns = joined(self.diarizer.diarize(audio, None), self.gap_s)
        heard = ((turn, self._words(audio, turn)) for turn in turns if turn.end_s - turn.start_s >= self.shortest_s)
        return [SpokenTurn(*turn, words) for turn, words in heard if words]

    def _words(self, audio: Audio, turn: Turn) -> str:
        """What is said in a turn, heard with a margin around it."""
        start, end = (
            round(at_s * audio.rate_hz) for at_s in (turn.start_s - self.margin_s, turn.end_s + self.margin_s)
        )
        cut = Audio(audio.samples[max(0, start) : end], audio.rate_hz, audio.language)
        return str(self.recogniser.transcribe(cut).text).strip()


def joined(turns: Iterable[Turn], gap_s: float) -> list[Turn]:
    """Turns of a speaker with less than `gap_s` between them made one, unless somebody else speaks in between."""
    merged: list[Turn] = []
    for turn in sorted(turns):
        if merged and merged[-1].speaker == turn.speaker and turn.start_s - merged[-1].end_s < gap_s:
            merged[-1] = Turn(merged[-1].start_s, max(merged[-1].end_s, turn.end_s), turn.speaker)
        else:
            merged.append(turn)
    return merged


load = SpeakerTranscripts
