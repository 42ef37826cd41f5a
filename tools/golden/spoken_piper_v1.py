"""spoken_piper_v1: three hundred sentences of open vocabulary in a neural voice, half of them as recordings are."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import spoken
from tools.golden.write import Clip
from tools.speech.piper import Piper

HEADER = {
    **spoken.HEADER,
    "licence": "LicenseRef-not-distributed",
    "source": "sentences of this project, spoken by the Piper voice en_US-joe-medium (noise 0) where they are heard:"
    " its card names CC0 data and a start from the voice lessac, so the audio is made by `make real` and not shipped",
}


def clips() -> Iterator[Clip]:
    """All sixty passages."""
    piper = Piper()
    return spoken.clips(spoken.passages(), lambda _, sentence: piper.say(sentence), lambda _: "joe")
