"""Bring audio to another sample rate (soxr HQ), such as a telephone's 8000 Hz.

It is handed on at the rate that its model asks for: a lower `rate_hz` takes away what is above half of it, a higher one
changes nothing that can be heard.
"""

from __future__ import annotations

from dataclasses import replace

from modellab.audio import writing
from modellab.audio.preprocessing.parameters import Parameter
from modellab.types import Audio

VERSION = 1
PARAMETERS = {"rate_hz": Parameter(16_000, "the new sample rate", 4_000, 192_000, "Hz")}


def change(audio: Audio, rate_hz: int) -> Audio:
    """The same sound at the new rate."""
    return replace(writing.resample(audio, rate_hz), language=audio.language)
