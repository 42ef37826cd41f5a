"""What was told to whom, in `mlruns/alerts.json`: each event is told once, and again only where sending it failed."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.reports.alerts.events import Standing

FILE = "alerts.json"
LOCK = ".alerts.lock"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Message:
    """What is on its way to a target. It is written down before it is sent and goes again as it is, under its id."""

    id: str
    title: str
    said: Sequence[str]
    cases: Mapping[str, Standing]  # how they were when it was written, and which releases it tells of
    releases: Sequence[str]


@dataclass
class Told:
    """How each case was when a target was told last, which releases it knows of, and what may not have arrived."""

    cases: dict[str, Standing] = field(default_factory=dict)
    releases: set[str] = field(default_factory=set)
    sending: Message | None = None

    def knows(self, cases: Mapping[str, Standing], releases: Iterable[str]) -> None:
        """All of this was told, or is nothing for this target."""
        self.cases.update(cases)
        self.releases.update(releases)
        self.sending = None


@contextmanager
def alone(mlruns: Path) -> Iterator[None]:
    """While the block lasts nobody else tells: two who began at once would both tell what is new."""
    mlruns.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(mlruns / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def read(mlruns: Path) -> dict[str, Told]:
    """By target; ConfigError for a file that cannot be read, since everything would be told again."""
    path = mlruns / FILE
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ValueError(f"its format is {data['format']}, expected {FORMAT}")
        return {name: _told(record) for name, record in data["to"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): remove it, and what is red now is told again") from error


def write(mlruns: Path, told: Mapping[str, Told]) -> None:
    """Whole, or as it was."""
    mlruns.mkdir(parents=True, exist_ok=True)
    new = mlruns / f".{FILE}.new"
    targets = {}
    for name, record in told.items():
        targets[name] = {**asdict(record), "releases": sorted(record.releases)}
    new.write_text(json.dumps({"format": FORMAT, "to": targets}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    os.replace(new, mlruns / FILE)


def _told(data: Mapping[str, Any]) -> Told:
    left = data.get("sending")
    sending = Message(**{**left, "cases": _cases(left["cases"])}) if left else None
    return Told(_cases(data["cases"]), set(data["releases"]), sending)


def _cases(data: Mapping[str, Any]) -> dict[str, Standing]:
    return {case: Standing(bool(how["red"]), dict(how["versions"])) for case, how in data.items()}
