"""Which of espeak-ng's voices the embedded model was trained on, and which were kept from it.

A voice is an accent and a variant of the speaker, such as `en-us+f3`. The lists and the order of the
random draws are part of the recipe of the embedded model: changing them changes what "seen" means.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


def _names(line: str) -> list[str]:
    return line.split()


ACCENTS = _names("en-us en-us en en-gb-scotland en-gb-x-rp en-gb-x-gbclan en-gb-x-gbcwmd en-us-nyc en-029")
VARIANTS = _names(
    "m1 m2 m3 m4 m5 m7 f1 f2 f3 f5 Alex Alicia Andrea Andy Annie adam belinda benjamin boris david ed edward Gene "
    "Hugo iven john Lee linda max Michael paul quincy rob robert steph travis victor zac klatt klatt2 grandma"
)
SEEN = ["", "", "", *VARIANTS]  # the plain voice three times as often
HELD_OUT = ["f4", "m6", "Mike", "Diogo", "steph2", "aunty", "caleb", "anika"]  # never trained on


@dataclass(frozen=True, slots=True)
class Voice:
    """How espeak-ng is to speak. `rate_wpm` is words per minute; pitch and range are espeak's 0 to 100."""

    name: str
    rate_wpm: int = 170
    pitch: int = 50
    pitch_range: int = 50


def pick(r: Random, held_out: bool = False) -> Voice:
    """A random voice: 110 to 190 words a minute, pitch 25 to 75, range 20 to 80."""
    accent = r.choice(ACCENTS)
    variant = r.choice(HELD_OUT if held_out else SEEN)
    name = f"{accent}+{variant}" if variant else accent
    return Voice(name, rate_wpm=r.randint(110, 190), pitch=r.randint(25, 75), pitch_range=r.randint(20, 80))
