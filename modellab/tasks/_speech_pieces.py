"""Speech that a model gives in pieces: checked, and put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from modellab.errors import described
from modellab.tasks import _returned
from modellab.types import Audio


def joined(pieces: Any) -> Audio:
    """One Audio of whatever speak() gave, or TypeError saying what came."""
    listed = pieces if isinstance(pieces, list) else [pieces]
    for piece in listed:
        if not isinstance(piece, Audio):
            hint = ": does speak() end without a return?" if piece is None else ""
            raise TypeError(f"speak() gave {described(piece)}, expected Audio or an iterator of Audio{hint}")
    listed = [_returned.sound("speak()", piece) for piece in listed]
    if not listed:
        raise TypeError("speak() gave nothing at all, expected at least one piece of Audio")
    rates = sorted({piece.rate_hz for piece in listed})
    if len(rates) > 1:
        raise TypeError(f"speak() gave pieces at {' and '.join(map(str, rates))} Hz, expected one sample rate")
    return Audio(np.concatenate([piece.samples for piece in listed]).astype(np.float32), rates[0])
