"""Ledgers of made-up results, with the index beside them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab.results.entry import Entry, pooled
from modellab.results.ledger import Ledger
from modellab.server.database import Database
from modellab.system.machine import Commit
from modellab.types import CaseId, Status
from tests import make

COMMIT = Commit("c0ffee" + 34 * "0", 7, "main", False)


def entry(number: int, status: Status = Status.PASS, **changes: Any) -> Entry:
    """Result `number`, of the model m<number mod 3> and a session for every four."""
    errors = float(number % 5)
    said = (make.utterance("u1", make.asr_counts(errors), {"text": f"said {number}"}),)
    key = CaseId("asr", "short_v1", f"m{number % 3}", "one", "cpu", "float32")
    result = None if status is Status.ERROR else make.result(said, key=key)
    moment = f"2026-11-{1 + number // 1000:02}T10:{number // 60 % 60:02}:{number % 60:02}.000000+00:00"
    fields: dict[str, Any] = {
        "key": key,
        "status": status,
        "session": f"s{number // 4:05}",
        "result": result,
        "values": pooled(result) if result else {},
        "error": "RuntimeError: gone" if status is Status.ERROR else "",
        "commit": COMMIT,
        "started_at": moment,
        "finished_at": moment,
    }
    return Entry(**{**fields, **changes})


def write(mlruns: Path, *entries: Entry) -> list[Entry]:
    """The entries in the ledger, each in its session's file."""
    for each in entries:
        assert Ledger(mlruns, each.session).append(each)
    return list(entries)


@pytest.fixture
def mlruns(tmp_path: Path) -> Path:
    return tmp_path / "mlruns"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database("", tmp_path / "server")
    yield opened
    opened.close()
