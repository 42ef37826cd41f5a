"""Experiments: a name, what is expected, and the results that it is about, as facts in a file beside the ledger.

    mlruns/lab/experiments.jsonl     a line for each change; the last one of an id is how the experiment is

One writer at a time; nothing is ever changed or removed. Members are selectors as `modellab compare` takes them; runs
that were started with the label `experiment` belong to it besides.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pydantic

from modellab.results.entry import now
from modellab.server.errors import ApiError

FILE = Path("lab") / "experiments.jsonl"
MOST_MEMBERS = 20
Text = pydantic.StringConstraints(strip_whitespace=True, max_length=2_000)


class Given(pydantic.BaseModel):
    """What a client says of an experiment; None leaves it as it is."""

    model_config = pydantic.ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str | None = pydantic.Field(default=None, min_length=1, max_length=200)
    hypothesis: str | None = pydantic.Field(default=None, max_length=4_000)
    conclusion: str | None = pydantic.Field(default=None, max_length=4_000)
    state: Literal["open", "closed"] | None = None
    members: list[pydantic.constr(min_length=1, max_length=300)] | None = pydantic.Field(  # type: ignore[valid-type]
        default=None, max_length=MOST_MEMBERS, description="MODEL[:VARIANT][/DEVICE[-PRECISION]][@WHEN]"
    )


class Record(pydantic.BaseModel):
    """An experiment after a change."""

    id: str
    project: str
    version: int
    name: str
    hypothesis: str = ""
    conclusion: str = ""
    state: str = "open"
    members: list[str] = []
    by: str = ""
    created_at: str
    changed_at: str


class Experiments:
    """The experiments of a project's folder."""

    def __init__(self, mlruns: Path) -> None:
        self.path = mlruns / FILE

    def every(self, project: str) -> list[Record]:
        """Those of a project, newest first."""
        found = [each for each in self._read().values() if each.project == project]
        return sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)

    def get(self, project: str, id: str) -> Record:
        """One; ApiError 404 where the project has none of that id."""
        found = self._read().get(id)
        if found is None or found.project != project:
            raise ApiError(404, "not_found", f"there is no experiment {id[:40]!r} here", "experiment")
        return found

    def make(self, project: str, by: str, given: Given) -> Record:
        """A new one; ApiError without a name."""
        if given.name is None:
            raise ApiError(400, "missing_field", "expected `name`: what the experiment is called", "name")
        moment = now()
        made = Record(id=secrets.token_hex(8), project=project, version=1, by=by, created_at=moment, changed_at=moment,
                      **given.model_dump(exclude_none=True))  # fmt: skip
        with self._alone():
            self._append(made)
        return made

    def change(self, project: str, id: str, given: Given, expected: int | None) -> Record:
        """One with other words or members; ApiError 412 where it is not of the version `expected` any more."""
        with self._alone():
            before = self.get(project, id)
            if expected is not None and expected != before.version:
                said = f"the experiment is of version {before.version} now, not {expected}: look again"
                raise ApiError(412, "changed", said)
            more = {"version": before.version + 1, "changed_at": now()}
            made = before.model_copy(update={**given.model_dump(exclude_none=True), **more})
            self._append(made)
        return made

    def _read(self) -> dict[str, Record]:
        """Each as its last line has it; a line that was cut by a kill is left out."""
        found: dict[str, Record] = {}
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return found
        for line in filter(None, lines):
            try:
                each = Record.model_validate(json.loads(line))
            except (ValueError, RecursionError):  # pydantic's is a ValueError
                continue
            found[each.id] = each
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _append(self, made: Record) -> None:
        """A line, on the disk; after one that was cut on a line of its own."""
        with self.path.open("ab+") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                torn = file.read(1) != b"\n"
            else:
                torn = False
            file.write((b"\n" if torn else b"") + made.model_dump_json().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
