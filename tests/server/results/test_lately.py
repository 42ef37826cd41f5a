"""What moved in the last days, and who is near a limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab.server.database import Database
from modellab.server.results import follow, lately
from modellab.types import CaseId, Status
from tests import make
from tests.server.conftest import project
from tests.server.results.conftest import entry, write

SINCE = "2026-11-15T00:00:00"
LONG_AGO, NOW = "2026-11-01T10:00:00.000000+00:00", "2026-11-20T10:00:00.000000+00:00"
WORDS = 10.0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return project(tmp_path)


def measured(number: int, variant: str, errors: list[int], at: str, **changes: Any) -> Any:
    key = CaseId("asr", "short_v1", "fake", variant, "cpu", "float32")
    said = tuple(make.utterance(f"u{i}", make.asr_counts(each, WORDS)) for i, each in enumerate(errors))
    fields = {"key": key, "started_at": at, "finished_at": at, "session": f"s{number}", **changes}
    provenance = {**make.PROVENANCE, **fields.pop("provenance", {})}
    return entry(number, result=make.result(said, key=key, provenance=provenance), **fields)


def asked(root: Path, database: Database, *entries: Any, **order: Any) -> dict[str, Any]:
    write(root / "mlruns", *entries)
    follow.follow(database.engine, root / "mlruns")
    url = database.engine.url.render_as_string(hide_password=False)
    given = {"owner": "default", "since": SINCE, "task": "", "dataset": "", "url": url, **order}
    return lately.lately(root, given)


def test_what_surely_moved_is_told_and_the_rest_is_counted(root: Path, database: Database) -> None:
    found = asked(
        root, database,
        measured(1, "worse", [0, 1] * 15, LONG_AGO), measured(2, "worse", [2, 3] * 15, NOW),
        measured(3, "better", [3, 4, 2] * 10, LONG_AGO), measured(4, "better", [1, 1, 0] * 10, NOW),
        measured(5, "same", [0, 1, 2] * 10, LONG_AGO), measured(6, "same", [1, 0, 2] * 10, NOW),
        measured(7, "new", [0] * 30, NOW), measured(8, "old", [0] * 30, LONG_AGO),
    )  # fmt: skip
    assert found["cases"] == 4
    assert [each["case"].partition("-")[0] for each in found["moved"]] == ["fake:worse", "fake:better"]
    assert found["unmoved"] == 1
    worse = found["moved"][0]
    assert (worse["before"], worse["now"], worse["change"], worse["n"]) == ("5.00 %", "25.00 %", "+20.00 %", 30)
    assert worse["worse"]
    assert worse["p"] <= 0.05


def test_the_newest_before_the_moment_is_what_is_compared_with(root: Path, database: Database) -> None:
    found = asked(
        root, database,
        measured(1, "one", [5, 6] * 10, "2026-11-01T10:00:00.000000+00:00"),
        measured(2, "one", [0, 1] * 10, "2026-11-14T10:00:00.000000+00:00"),
        measured(3, "one", [0, 1] * 10, "2026-11-16T10:00:00.000000+00:00"),
        measured(4, "one", [3, 4] * 10, NOW),
    )  # fmt: skip
    assert [(each["before"], each["now"]) for each in found["moved"]] == [("5.00 %", "35.00 %")]


@pytest.mark.parametrize("other", [{"dataset_digest": "another"}, {"normaliser": "none@1"}])
def test_other_data_or_another_normaliser_is_no_change(root: Path, database: Database, other: dict[str, str]) -> None:
    found = asked(
        root, database,
        measured(1, "one", [0] * 20, LONG_AGO), measured(2, "one", [9] * 20, NOW, provenance=other),
    )  # fmt: skip
    assert found["moved"] == []
    assert found["not_comparable"] == 1


def test_another_project_and_errors_do_not_count(root: Path, database: Database) -> None:
    found = asked(
        root, database,
        measured(1, "one", [0, 1] * 10, LONG_AGO), measured(2, "one", [5, 6] * 10, NOW, labels={"project": "other"}),
        entry(3, Status.ERROR, started_at=NOW, finished_at=NOW),
    )  # fmt: skip
    assert found["cases"] == 0
    assert asked(root, database, owner="other")["cases"] == 1


@pytest.mark.parametrize(
    ("errors", "is_near"),
    [
        ([0] * 30, False),
        ([0, 1] * 15, False),
        ([0, 2] * 15, True),
        ([1, 0, 0, 0, 0, 9] * 5, False),
        ([0, 0, 0, 0, 0, 5] * 5, True),
    ],
    ids=["without an error", "far", "by a tenth", "beyond", "by what chance explains"],
)
def test_who_keeps_a_limit_by_little_is_near_it(
    root: Path, database: Database, errors: list[int], is_near: bool
) -> None:
    folder = root / "golden" / "short_v1"
    folder.mkdir(parents=True)
    head = {"task": "asr", "version": 1, "language": "en", "tier": "smoke", "licence": "CC0-1.0", "source": "made",
            "normaliser": "basic", "limits": {"wer": 0.105}}  # fmt: skip
    cases = [{"id": "u0", "audio": "clip.wav", "duration_s": 1.0, "text": "yes"}]
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**head, "cases": cases}, sort_keys=False))
    found = asked(root, database, measured(1, "one", errors, NOW))
    near = [each for each in found["near"] if each["metric"] == "wer"]
    assert bool(near) is is_near, found
    if near:
        assert (near[0]["limit"], near[0]["n"]) == ("10.50 %", 30)
