"""What names a model that a server runs: `server:NAME`, or `server:$VARIABLE` where a variable holds the name."""

from __future__ import annotations

import os
from collections.abc import Mapping

SERVER = "server"  # the scheme of such weights, and the device of such cases


def model_name(place: str, environment: Mapping[str, str] = os.environ) -> str:
    """What the server calls the model of `server:place`; of `$NAME` what that variable says, '' where it is not set.

    >>> model_name("whisper-1"), model_name("$MODELLAB_M", {"MODELLAB_M": "tiny.en"}), model_name("$MODELLAB_M", {})
    ('whisper-1', 'tiny.en', '')
    """
    return environment.get(place[1:], "").strip() if place.startswith("$") else place
