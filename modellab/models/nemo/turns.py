"""What Sortformer says, `0.080 1.520 speaker_0`, as turns."""

from __future__ import annotations

from collections.abc import Iterable

from modellab.types import Turn


def turns(lines: Iterable[str], length_s: float) -> list[Turn]:
    """Turns in order, cut to the sound's length. ValueError for a line that has not the form.

    >>> turns(["1.0 2.5 speaker_1", "0.0 1.2 speaker_0"], 2.0)
    [Turn(start_s=0.0, end_s=1.2, speaker='speaker_0'), Turn(start_s=1.0, end_s=2.0, speaker='speaker_1')]
    """
    kept: list[Turn] = []
    for line in lines:
        try:
            start, end, speaker = line.split()
            turn = Turn(max(0.0, float(start)), min(float(end), length_s), speaker)
        except ValueError as error:
            raise ValueError(
                f"NeMo's diarizer said {line!r}, expected start, end and speaker: another release?"
            ) from error
        if turn.end_s > turn.start_s:
            kept.append(turn)
    return sorted(kept)
