"""Every number that is measured of a whole case beside its metrics, once: unit, kind, who measures it, what it is for.

The names are the keys of `Result.readings`, and what ledgers, baselines, thresholds and MLflow call them. Of clocks and
memory less is better; facts of the machine have no direction. The sd of a metric between seeds (`wer_seed_sd`) is the
one reading that is not here: it has the metric's unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEVICES = ("cpu", "cuda", "mps")
SERVER = "server"  # in place of a device: a server runs the model, and its speed is the network's as much as its own
ELSEWHERE = "elsewhere"  # in place of a device: the model ran somewhere, and its hypotheses were scored here


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of a case.

    `meter` is who measures it: the "worker" that holds the model around a call or at the end, the "caller" over all
    utterances, the "reference" workload between the calls. `judged_on` are the devices on which it is held against what
    was accepted; `limited` says that it can have an absolute limit and nothing else. `accepted` is kept in baselines,
    `told` in the scorecard, JUnit and on the page of a case. A clock is pooled from a `field` of the utterances.
    """

    name: str
    unit: str  # "s", "s/s", "bytes", "ratio", "1"
    kind: Literal["speed", "memory", "machine"]
    meter: Literal["worker", "caller", "reference"]
    judged_on: tuple[str, ...] = ()
    limited: bool = False
    accepted: bool = True
    told: bool = False
    field: str = ""
    words: str = ""  # what a sentence calls it

    @property
    def better(self) -> Literal["lower", ""]:
        """The direction: lower, or none for a fact of the machine."""
        return "" if self.kind == "machine" else "lower"


READINGS = {
    reading.name: reading
    for reading in (
        Reading("rtf", "s/s", "speed", "caller", DEVICES, told=True, field="wall_s", words="time"),
        Reading("rtf_cpu", "s/s", "speed", "caller", ("cpu",), told=True, field="cpu_s", words="CPU time"),
        Reading("rtf_gpu", "s/s", "speed", "caller", ("cuda",), told=True, field="gpu_s", words="GPU time"),
        Reading("load_s", "s", "speed", "worker", limited=True, told=True),
        Reading("first_call_s", "s", "speed", "worker", limited=True, told=True),
        Reading("latency_p50_s", "s", "speed", "caller", limited=True, told=True),
        Reading("latency_p95_s", "s", "speed", "caller", limited=True, told=True),
        Reading("latency_p99_s", "s", "speed", "caller", limited=True, told=True),
        Reading("peak_rss_bytes", "bytes", "memory", "worker", DEVICES, told=True),
        Reading("peak_vram_bytes", "bytes", "memory", "worker", ("cuda",), told=True),
        Reading("rtf_preprocessing", "s/s", "speed", "worker", told=True),
        Reading("load_peak_rss_bytes", "bytes", "memory", "worker"),
        Reading("server_p50_s", "s", "speed", "worker", accepted=False, told=True),
        Reading("network_p50_s", "s", "speed", "worker", accepted=False, told=True),
        Reading("retries", "1", "machine", "worker", accepted=False, told=True),
        Reading("cost_usd", "USD", "machine", "worker", accepted=False, told=True),
        Reading("cost_usd_per_audio_h", "USD", "machine", "worker", accepted=False, told=True),
        Reading("audio_s", "s", "machine", "caller", accepted=False),
        Reading("fleet_workers", "1", "machine", "caller", accepted=False, told=True),
        Reading("fleet_rtfx", "1", "machine", "caller", accepted=False, told=True),
        Reading("worker_rtfx", "1", "machine", "caller", accepted=False, told=True),
        Reading("batch", "1", "machine", "caller", accepted=False, told=True),
        Reading("repeat_share", "ratio", "machine", "caller", accepted=False),
        Reading("other_cores", "1", "machine", "worker", told=True),
        Reading("cores", "1", "machine", "worker"),
        Reading("gpu_throttled", "ratio", "machine", "worker", accepted=False),
        Reading("reference_version", "1", "machine", "reference"),
        Reading("reference_arithmetic_s", "s", "machine", "reference"),
        Reading("reference_walk_s", "s", "machine", "reference"),
        Reading("reference_drift", "ratio", "machine", "reference", accepted=False),
    )
}

_POOLED = [reading for reading in READINGS.values() if reading.field]
CLOCKS = {reading.name: column for column, reading in enumerate(_POOLED)}
FIELDS = tuple(READINGS[name].field for name in CLOCKS)  # of an utterance, in the columns that CLOCKS names
REFERENCE = ("reference_arithmetic_s", "reference_walk_s")
PEAKS = tuple(reading.name for reading in READINGS.values() if reading.kind == "memory" and reading.judged_on)
LIMITED = tuple(reading.name for reading in READINGS.values() if reading.limited)
JUDGED = (*CLOCKS, *PEAKS, *LIMITED)  # may have thresholds
# no other device has these
ON_CUDA = tuple(reading.name for reading in READINGS.values() if reading.judged_on == ("cuda",))
ACCEPTED = tuple(reading.name for reading in READINGS.values() if reading.accepted)
TOLD = tuple(reading.name for reading in READINGS.values() if reading.told)


def judged(device: str, kind: Literal["speed", "memory", ""] = "") -> tuple[str, ...]:
    """What is held against what was accepted on a device, of one kind or of both; first what every device has.

    >>> judged("cuda", "speed"), judged("cpu")
    (('rtf', 'rtf_gpu'), ('rtf', 'rtf_cpu', 'peak_rss_bytes'))
    """
    return tuple(
        reading.name for reading in READINGS.values() if device in reading.judged_on and kind in {"", reading.kind}
    )


def unit(name: str) -> str:
    """A reading's unit; "1" for one that is not known here, such as a later version's in a ledger.

    >>> unit("peak_rss_bytes"), unit("rtf"), unit("wer_seed_sd")
    ('bytes', 's/s', '1')
    """
    return READINGS[name].unit if name in READINGS else "1"
