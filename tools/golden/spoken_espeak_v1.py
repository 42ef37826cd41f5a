"""spoken_espeak_v1: every fourth passage of spoken_piper_v1 in four voices of espeak-ng, half as recordings are."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import spoken
from tools.golden.write import Clip
from tools.speech.espeak import Espeak
from tools.speech.voices import Voice

VOICES = ("en-us", "en-gb-x-rp+f3", "en-gb-scotland", "en-us-nyc+m2")
HEADER = {
    **spoken.HEADER,
    "source": "every fourth passage of spoken_piper_v1, spoken by espeak-ng (wheel espeakng-loader) by `make real`",
}


def clips() -> Iterator[Clip]:
    """Fifteen passages, three of each kind."""
    espeak = Espeak()

    def voice(i: int) -> Voice:
        return Voice(VOICES[i // 2 % len(VOICES)], rate_wpm=155)  # each voice clean once, and once not

    return spoken.clips(
        spoken.passages()[1::4], lambda i, sentence: espeak.say(sentence, voice(i)).samples, lambda i: voice(i).name
    )
