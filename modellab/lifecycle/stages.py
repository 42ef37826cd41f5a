"""The stage of each model variant, and the records of how it got there.

A variant starts at the `status:` of its config.yaml. Each later move is a record in `baselines/lifecycle/<model>.yaml`,
written by `modellab promote` and `modellab rollback`, reviewed as a diff; nothing there is changed or removed:

    lab:
    - stage: production
      when: '2026-11-21T17:45:12Z'
      by: Ada Lovelace
      because: three quiet weeks as candidate
      commit: 1a2b3c4...
      evidence:
      - {case: faster_whisper:lab-asr_smoke_v1-cpu-int8, metric: wer, unit: ratio, value: 0.0325, ...}
"""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import itertools
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import Field, field_validator

from modellab.errors import ChangedError, ConfigError
from modellab.models import load_yaml
from modellab.schema import Stage, Strict, parse

FOLDER = "lifecycle"  # in baselines/
STAGES: tuple[Stage, ...] = get_args(Stage)
HEAD = (
    "# Who moved which variant of {model} to which stage, when and why: written by `modellab promote` and\n"
    "# `modellab rollback`, newest record last. After a merge conflict keep both sides, in the order of `when`.\n"
)
FORM = "%Y-%m-%dT%H:%M:%SZ"
WIDE = 1_000_000  # columns: a record's line is never broken


class Evidence(Strict):
    """One number of one case at the time of a move, in its unit, with its 95 % interval (None where there is none).

    `session` and `result` name the ledger's entry, `mlflow_run` the run in MLflow where it was known. `runs` counts the
    sessions with these weights, data and normaliser.
    """

    case: str
    metric: str
    unit: str = "1"
    value: float
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    n: int  # utterances
    runs: int
    verdict: str
    session: str
    result: str
    mlflow_run: str = ""


class Record(Strict):
    """One move of a variant. `when` is UTC, ISO 8601; `commit` ends in + where the working tree had changes."""

    stage: Stage
    when: str = Field(min_length=1)
    by: str = Field(min_length=1)
    because: str = Field(min_length=1)
    commit: str = ""
    rollback: bool = False
    evidence: tuple[Evidence, ...] = ()

    @field_validator("when", mode="before")
    @classmethod
    def _utc(cls, value: Any) -> Any:
        """A time may be written in other ways that ISO 8601 knows; without a zone it is UTC."""
        try:
            given = datetime.datetime.fromisoformat(value)
            return (given.astimezone(datetime.UTC) if given.tzinfo else given).strftime(FORM)
        except (TypeError, ValueError, OverflowError):  # OverflowError: before the year 1 or after 9999
            return value

    @field_validator("when")
    @classmethod
    def _sorts(cls, value: str) -> str:
        datetime.datetime.strptime(value, FORM)
        return value


Records = Mapping[str, tuple[Record, ...]]  # by variant
NOTHING = "none"  # the version of a file that does not exist
VERSION_DIGITS = 16


class _File(Strict):
    variants: dict[str, tuple[Record, ...]]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one variant stands: the stage of its config.yaml, and the records since, oldest first."""

    model: str
    variant: str
    start: Stage
    records: tuple[Record, ...] = ()

    def __str__(self) -> str:
        return f"{self.model}:{self.variant}"

    @property
    def last(self) -> Record | None:
        return self.records[-1] if self.records else None

    @property
    def stage(self) -> Stage:
        return self.records[-1].stage if self.records else self.start

    @property
    def shown(self) -> str:
        """The stage for a person: what needs evidence, and has no record of any in this project, says so."""
        claimed = not self.records and self.start in {"candidate", "production"}
        return f"{self.stage} (no record)" if claimed else self.stage

    @property
    def before(self) -> Stage | None:
        """The stage that a rollback goes back to; None where there is nothing to take back."""
        path = self.path
        return path[-2][0] if len(path) > 1 else None

    @property
    def path(self) -> list[tuple[Stage, Record | None]]:
        """The stages that lead here without those that were taken back, each with the record that brought it.

        None for the start; going back to it is brought by the rollback.
        """
        path: list[tuple[Stage, Record | None]] = [(self.start, None)]
        for record in self.records:
            if record.rollback and len(path) > 1:
                path[-2:] = [(record.stage, path[-2][1] or record)]
            else:
                path.append((record.stage, record))
        return path


def now() -> str:
    """This second in UTC."""
    return datetime.datetime.now(datetime.UTC).strftime(FORM)


def days(since: str, until: str) -> float:
    """The days between two moments of the form of `now`."""
    first, last = (datetime.datetime.strptime(moment, FORM) for moment in (since, until))
    return (last - first).total_seconds() / 86_400


def file(root: Path, model: str) -> Path:
    """The file of a model's records, whether it exists or not; `root` is the project's baselines/."""
    return root / FOLDER / f"{model}.yaml"


def files(root: Path) -> list[Path]:
    """Every file of records, sorted by model."""
    return sorted((root / FOLDER).glob("*.yaml"))


def read(root: Path, model: str) -> Records:
    """A model's records by variant; none without a file; ConfigError for one that is damaged or out of order."""
    path = file(root, model)
    if not path.exists():
        return {}
    try:
        raw = load_yaml(path)
    except ConfigError as error:
        if _has_marks(path):
            why = "a merge conflict is in it: keep the records of both sides, in the order of `when`"
            raise ConfigError(f"{path}: {why}") from error
        if "twice" in str(error):
            raise ConfigError(f"{error}: put its records into one list, in the order of `when`") from error
        raise
    try:
        by_variant = parse(_File, path, {"variants": {str(name): given for name, given in raw.items()}}).variants
    except ConfigError as error:
        raise ConfigError(str(error).replace("'variants.", "'")) from error
    for variant, records in by_variant.items():
        _check_order(path, variant, records)
    return by_variant


def _has_marks(path: Path) -> bool:
    """Whether git has left a conflict in the file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE) is not None


def _check_order(path: Path, variant: str, records: tuple[Record, ...]) -> None:
    for number, (one, other) in enumerate(itertools.pairwise(records), start=2):
        if other.when < one.when:
            raise ConfigError(
                f"{path}: record {number} of {variant} is of {other.when}, the one before it of {one.when}: put them in"
                " the order of `when`, and see that the newest is the stage that is meant"
            )


def standing(root: Path, model: str, variant: str, start: Stage) -> Standing:
    """Where a variant stands; ConfigError as of `read`."""
    return Standing(model, variant, start, read(root, model).get(variant, ()))


def version(root: Path, model: str) -> str:
    """What tells a model's records from what they were; `none` without a file."""
    try:
        return hashlib.sha256(file(root, model).read_bytes()).hexdigest()[:VERSION_DIGITS]
    except FileNotFoundError:
        return NOTHING
    except OSError as error:
        raise ConfigError(f"{file(root, model)} cannot be read: {error.strerror or error}") from error


def append(root: Path, model: str, more: Mapping[str, Record], expected: str = "") -> Path:
    """Add a record to each of these variants, whole or not at all; the file written.

    One writer at a time: of two that add records neither is lost. ChangedError where the file is not of the version
    `expected` any more; '' takes any.
    """
    path = file(root, model)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            if expected and version(root, model) != expected:
                raise ChangedError(f"{path} has changed since: somebody else moved {model} just now, look again")
            draft.write_text(text(model, added(root, model, more)), encoding="utf-8")
            os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"{path} could not be written: {error}: nothing was moved") from error
    return path


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Nobody else writes records meanwhile: a lock on their folder, which ends with its process."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def added(root: Path, model: str, more: Mapping[str, Record]) -> Records:
    """The records as they are now with another one for each of these variants; ConfigError as of `read`."""
    records = {name: tuple(earlier) for name, earlier in read(root, model).items()}
    for variant, record in more.items():
        records[variant] = (*records.get(variant, ()), record)
        _check_order(file(root, model), variant, records[variant])
    return records


def text(model: str, records: Records) -> str:
    """A model's records as the file has them: variants by name, a line for each number of the evidence."""
    body = {variant: [_plain(record) for record in records[variant]] for variant in sorted(records)}
    return HEAD.format(model=model) + yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDE)


class _Line(dict[str, Any]):
    """A mapping that is written in one line."""


class _Dumper(yaml.SafeDumper):
    """Safe YAML with evidence in single lines."""


_Dumper.add_representer(_Line, lambda to, line: to.represent_mapping("tag:yaml.org,2002:map", line.items(), True))


def _plain(record: Record) -> dict[str, Any]:
    """What of a record is not empty, in the order of its fields."""
    given = {name: value for name, value in record if name != "evidence" and value not in ("", False)}
    lines = [_Line({k: v for k, v in entry if v not in (None, "")}) for entry in record.evidence]
    return {**given, **({"evidence": lines} if lines else {})}
