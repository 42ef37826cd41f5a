"""What happened to a case beside its results: baselines accepted, stages moved, libraries and weights changed.

Baselines are what git says of their files, stages what `baselines/lifecycle/` records, upgrades what differs between
one result and the next.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from modellab.errors import ConfigError
from modellab.lifecycle import stages
from modellab.results.baselines import quality_path, resources_path
from modellab.system.machine import changes, content
from modellab.types import CaseId

Kind = Literal["baseline", "stage", "upgrade"]
MOST_FACTS = 4  # named of one upgrade


@dataclass(frozen=True, slots=True)
class Event:
    """Something that may explain a step, at a moment in UTC."""

    at: datetime.datetime
    kind: Kind
    text: str


def of(
    key: CaseId, machine: str, baselines: Path, facts: Sequence[tuple[datetime.datetime, Mapping[str, str]]]
) -> list[Event]:
    """Every event of a case, oldest first. `facts` are the results' moments, weights and versions, oldest first."""
    happened = [*accepted(key, machine, baselines), *moves(key, baselines), *upgrades(facts)]
    return sorted(happened, key=lambda event: (event.at, event.kind, event.text))


def accepted(key: CaseId, machine: str, baselines: Path) -> Iterator[Event]:
    """The commits that changed the case's accepted quality, or its accepted speed on a machine class."""
    paths = {
        "quality": quality_path(baselines, key),
        "speed": resources_path(baselines, key, machine),
    }
    merged: dict[str, tuple[str, str, list[str]]] = {}
    for what, path in paths.items():
        for hash, at, subject in changes(path):
            reason = _reason(path, hash) or subject
            merged.setdefault(hash, (at, reason, []))[2].append(what)
    for hash, (at, reason, parts) in merged.items():
        yield Event(_utc(at), "baseline", f"{' and '.join(parts)} accepted ({hash[:7]}): {reason}")


def _reason(path: Path, hash: str) -> str:
    """What the file gave as its reason at a commit."""
    try:
        return str(json.loads(content(path, hash))["header"]["reason"])
    except (ValueError, KeyError, TypeError):
        return ""


def moves(key: CaseId, baselines: Path) -> Iterator[Event]:
    """The stages that the case's variant was moved to; a damaged file says so."""
    try:
        records = stages.read(baselines, key.model).get(key.variant, ())
    except ConfigError:
        return
    for record in records:
        how = "rolled back to" if record.rollback else "moved to"
        yield Event(_utc(record.when), "stage", f"{how} {record.stage} by {record.by}: {record.because}")


def upgrades(facts: Sequence[tuple[datetime.datetime, Mapping[str, str]]]) -> Iterator[Event]:
    """What changed of weights and versions since the result before."""
    for (_, before), (at, after) in pairwise(facts):
        changed = [
            f"{name} {before.get(name) or 'none'} -> {after.get(name) or 'none'}"
            for name in sorted(before.keys() | after.keys())
            if before.get(name) != after.get(name)
        ]
        if before and after and changed:
            more = [f"{len(changed) - MOST_FACTS} more"] if len(changed) > MOST_FACTS else []
            yield Event(at, "upgrade", ", ".join([*changed[:MOST_FACTS], *more]))


def _utc(moment: str) -> datetime.datetime:
    instant = datetime.datetime.fromisoformat(moment)
    return instant.astimezone(datetime.UTC) if instant.tzinfo else instant.replace(tzinfo=datetime.UTC)
