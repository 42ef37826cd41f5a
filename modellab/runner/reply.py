"""What a model's process replies to a timed call: its fields are looked at before any number is made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from modellab.errors import ProtocolError, described
from modellab.types import Row
from modellab.types.finite import is_number

CLOCKS = ("wall_s", "cpu_s", "gpu_s")


def checked(reply: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """The reply; ProtocolError with the utterance and the field for one that the engine cannot have written."""
    if "output" not in reply:
        raise _wrong(row, "has no output")
    for clock in CLOCKS:
        took_s = reply.get(clock, math.nan)
        if not is_number(took_s) and not (isinstance(took_s, float) and math.isnan(took_s) and clock != "wall_s"):
            raise _wrong(row, f"has {described(took_s)} as {clock}, expected seconds")
    given_s = reply.get("given_s")
    if given_s is not None and not (is_number(given_s) and given_s >= 0):
        raise _wrong(row, f"has {described(given_s)} as given_s, expected seconds of audio")
    return dict(reply)


def _wrong(row: Row, what: str) -> ProtocolError:
    id = str(row["id"])
    return ProtocolError(
        f"the worker's reply to utterance {id!r} {what}: does the model write to a pipe of modellab's?"
    )
