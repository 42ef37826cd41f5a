"""Experiments: a name, what is expected, and the results that it is about, as facts in a file beside the ledger.

    mlruns/lab/experiments.jsonl     a line for each change; the last one of an id is how the experiment is

Members are selectors as `modellab compare` takes them; runs that were started with the label `experiment` belong to it
besides.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Literal

import pydantic

from modellab.results.entry import now
from modellab.server.appended import Appended
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
        self.lines = Appended(mlruns / FILE)

    def every(self, project: str) -> list[Record]:
        """Those of a project, newest first."""
        records = [record for record in self._read().values() if record.project == project]
        return sorted(records, key=lambda record: (record.created_at, record.id), reverse=True)

    def get(self, project: str, id: str) -> Record:
        """One; ApiError 404 where the project has none of that id."""
        record = self._read().get(id)
        if record is None or record.project != project:
            raise ApiError(404, "not_found", f"there is no experiment {id[:40]!r} here", "experiment")
        return record

    def make(self, project: str, by: str, given: Given) -> Record:
        """A new one; ApiError without a name."""
        if given.name is None:
            raise ApiError(400, "missing_field", "expected `name`: what the experiment is called", "name")
        moment = now()
        made = Record(id=secrets.token_hex(8), project=project, version=1, by=by, created_at=moment, changed_at=moment,
                      **given.model_dump(exclude_none=True))  # fmt: skip
        with self.lines.alone():
            self.lines.append(made.model_dump_json())
        return made

    def change(self, project: str, id: str, given: Given, expected: int | None) -> Record:
        """One with other words or members; ApiError 412 where it is not of the version `expected` any more."""
        with self.lines.alone():
            before = self.get(project, id)
            if expected is not None and expected != before.version:
                message = f"the experiment is of version {before.version} now, not {expected}: look again"
                raise ApiError(412, "changed", message)
            more = {"version": before.version + 1, "changed_at": now()}
            made = before.model_copy(update={**given.model_dump(exclude_none=True), **more})
            self.lines.append(made.model_dump_json())
        return made

    def _read(self) -> dict[str, Record]:
        """Each as its last line has it."""
        records: dict[str, Record] = {}
        for line in self.lines.read():
            try:
                record = Record.model_validate(line)
            except ValueError:  # pydantic's is one
                continue
            records[record.id] = record
        return records
