"""What asking a server took and cost, beside what the clocks around a call say.

The wall time of a call is that of the try that was answered: tries that failed, and the waiting between them, are the
network's or a rate limit's, are counted as `retries` and taken off (`lost_s`).
"""

from __future__ import annotations

import math
import re
import statistics
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from modellab.models.servers import Price

TOLD = {  # headers that tell how long the server itself took -> seconds in their unit
    "openai-processing-ms": 0.001,
    "x-processing-time-ms": 0.001,
    "x-envoy-upstream-service-time": 0.001,
    "x-process-time": 1.0,
    "x-compute-time": 1.0,
}
LEAST_STEP_S = 0.001  # what is billed finer is billed as it is
DURATION = re.compile(r"(?:^|[;,\s])dur=([0-9.]+)")  # of Server-Timing, ms


@dataclass(slots=True)
class Meter:
    """Sums since the last `start`; several callers may write at once."""

    price: Price = field(default_factory=Price)
    retries: int = 0
    lost_s: float = 0.0  # in the present call
    audio_s: float = 0.0
    cost_usd: float = 0.0
    walls_s: list[float] = field(default_factory=list)
    servers_s: list[float] = field(default_factory=list)  # NaN where it did not tell
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Begin anew, with the next dataset."""
        self.retries, self.lost_s, self.audio_s, self.cost_usd = 0, 0.0, 0.0, 0.0
        self.walls_s, self.servers_s = [], []

    def lost(self, seconds: float) -> None:
        """A try that failed, with the waiting after it."""
        with self.lock:
            self.retries += 1
            self.lost_s += seconds

    def taken(self) -> float:
        """The seconds lost in the present call, which thereby ends."""
        lost_s, self.lost_s = self.lost_s, 0.0
        return lost_s

    def answered(self, wall_s: float, headers: Mapping[str, str]) -> None:
        """A try that was answered."""
        with self.lock:
            self.walls_s.append(wall_s)
            self.servers_s.append(server_s(headers))

    def billed(self, audio_s: float = 0.0, characters: int = 0) -> None:
        """What a call is charged for."""
        with self.lock:
            self.audio_s += audio_s
            self.cost_usd += cost_usd(self.price, audio_s, characters)

    def readings(self) -> dict[str, float]:
        """What of it could be told, named as in `modellab.types.readings`."""
        figures = {"retries": float(self.retries)}
        if self.walls_s and not any(map(math.isnan, self.servers_s)):
            outside = [max(0.0, wall - server) for wall, server in zip(self.walls_s, self.servers_s, strict=True)]
            figures["server_p50_s"] = statistics.median(self.servers_s)
            figures["network_p50_s"] = statistics.median(outside)
        if self.price != Price():
            figures["cost_usd"] = self.cost_usd
            if self.audio_s:
                figures["cost_usd_per_audio_h"] = self.cost_usd / self.audio_s * 3600
        return figures


def cost_usd(price: Price, audio_s: float = 0.0, characters: int = 0) -> float:
    """What so much audio, or so long a text, costs.

    >>> round(cost_usd(Price(usd_per_audio_min=0.6, billed_step_s=1, billed_least_s=10), 3.2), 6)
    0.1
    >>> cost_usd(Price(usd_per_million_characters=15), characters=1000)
    0.015
    """
    if audio_s and price.billed_step_s >= LEAST_STEP_S:
        audio_s = math.ceil(round(audio_s / price.billed_step_s, 6)) * price.billed_step_s
    billed_s = max(audio_s, price.billed_least_s) if audio_s else 0.0
    return billed_s / 60 * price.usd_per_audio_min + characters / 1e6 * price.usd_per_million_characters


def server_s(headers: Mapping[str, str]) -> float:
    """How long the server says it took, in s; NaN where it does not say. Names of headers in lower case.

    >>> server_s({"openai-processing-ms": "250"}), server_s({"server-timing": "db;dur=20, total;dur=310.5"})
    (0.25, 0.3105)
    """
    for name, unit_s in TOLD.items():
        if (number := _number(headers.get(name, ""))) is not None:
            return number * unit_s
    told = [took for text in DURATION.findall(headers.get("server-timing", "")) if (took := _number(text)) is not None]
    return max(told) / 1000 if told else math.nan


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
