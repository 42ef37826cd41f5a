"""A finished case in brief, as it travels: between processes, into JUnit, to the scorecard and to who listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modellab.results import serialization
from modellab.types import CaseId, Status, Verdict


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """What is left of a case once it is in the ledger: plain values, of which `encode` makes JSON."""

    key: CaseId
    tier: str
    status: Status
    utterances: int
    changed: int | None  # outputs that differ from the baseline's; None without a baseline
    verdicts: tuple[Verdict, ...]
    readings: Mapping[str, float]
    error: str = ""
    notes: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    pending: str = ""  # the failure's text, should the suite's test turn a verdict at the end

    @property
    def primary(self) -> Verdict | None:
        """The verdict on the task's first metric: WER for ASR."""
        return self.verdicts[0] if self.verdicts else None

    @property
    def red(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.red)

    def verdict(self, metric: str) -> Verdict | None:
        return next((verdict for verdict in self.verdicts if verdict.metric == metric), None)

    def properties(self) -> list[tuple[str, str]]:
        """The metrics as JUnit properties."""
        metrics = [(verdict.metric, f"{verdict.now:.6g}") for verdict in self.verdicts]
        readings = [(name, f"{value:.6g}") for name, value in self.readings.items()]
        return [("verdict", str(self.status)), *dict([*readings, *metrics]).items()]

    def encode(self) -> dict[str, Any]:
        return {
            "key": serialization.encode_key(self.key),
            "tier": self.tier,
            "status": str(self.status),
            "utterances": self.utterances,
            "changed": self.changed,
            "verdicts": [serialization.encode_verdict(verdict) for verdict in self.verdicts],
            "readings": serialization.encode_numbers(self.readings),
            "error": self.error,
            "notes": list(self.notes),
            "written": list(self.written),
            "pending": self.pending,
        }

    @classmethod
    def decode(cls, data: Mapping[str, Any]) -> CaseSummary:
        return cls(
            key=serialization.decode_key(data["key"]),
            tier=data["tier"],
            status=Status(data["status"]),
            utterances=data["utterances"],
            changed=data["changed"],
            verdicts=tuple(serialization.decode_verdict(verdict) for verdict in data["verdicts"]),
            readings=serialization.decode_numbers(data["readings"]),
            error=data["error"],
            notes=tuple(data["notes"]),
            written=tuple(data["written"]),
            pending=data["pending"],
        )
