"""Where a model's last segment ends: of what it answered, and of what was kept when it was accepted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from modellab.types.finite import is_number

KEY = "until_s"  # of an utterance in a baseline's file, where the model gives times

DECIMALS = 3  # a millisecond


def last_end_s(output: Any) -> float:
    """The end of the last segment of an answer, in s; NaN of one without times.

    >>> last_end_s({"segments": [["a", 0.0, 1.5], ["b", 1.5, 2.25]]}), last_end_s({"segments": []})
    (2.25, nan)
    """
    segments = output.get("segments", ()) if isinstance(output, Mapping) else ()
    return max((float(end_s) for _, _, end_s in segments if end_s is not None), default=math.nan)


def kept(output: Any) -> dict[str, float]:
    """What a baseline keeps of it; nothing of an answer without times."""
    end_s = last_end_s(output)
    return {KEY: round(end_s, DECIMALS)} if math.isfinite(end_s) else {}


def accepted_s(entry: Mapping[str, Any]) -> float:
    """Where an accepted utterance's last segment ended, in s; NaN where that was not kept. ValueError for no time.

    >>> accepted_s({"until_s": 3}), accepted_s({"output": "older"})
    (3.0, nan)
    """
    if KEY not in entry:
        return math.nan
    end_s = entry[KEY]
    if not is_number(end_s) or end_s < 0:
        raise ValueError(f"its last segment ends at {end_s!r:.60}, a finite time in seconds was expected")
    return float(end_s)
