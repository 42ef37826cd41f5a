"""robust_curve_v1: twenty utterances of asr_smoke_v1 under many levels of each condition, for curves worth drawing."""

from __future__ import annotations

from collections.abc import Iterator

from tools.golden import robust_smoke_v1
from tools.golden.write import Clip

LEVELS = {
    "noise": (30, 20, 15, 10, 5, 0),
    "reverb": (0.2, 0.5, 1.0),
    "mp3": (32, 16, 8),
    "speed": (0.8, 0.9, 1.1, 1.25),
    "clipping": (5, 20, 50),
}
CONDITIONS = ("clean", "telephone", *(f"{kind}:{level}" for kind, levels in LEVELS.items() for level in levels))
HEADER = {**robust_smoke_v1.HEADER, "tier": "full"}


def clips() -> Iterator[Clip]:
    """Every other utterance under each condition."""
    return robust_smoke_v1.under([f"{number:03}" for number in range(1, 41, 2)], CONDITIONS)
