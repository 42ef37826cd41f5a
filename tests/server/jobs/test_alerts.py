"""`modellab serve` tells by itself what changed: once for each state of the ledger, and a digest once for each day."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modellab.plan.settings import Project
from modellab.reports.alerts.rules import Digest
from modellab.server.jobs.alerts import Schedule
from modellab.server.jobs.store import Jobs
from modellab.types import Status
from tests.reports.alerts.conftest import Hook, entry, hooked
from tests.server.conftest import Server, project, serving
from tests.server.jobs.conftest import Put
from tests.server.results.conftest import write
from tests.server.test_access import until

RULES = """
hosts = ["127.0.0.1"]
{more}
[[rule]]
on = ["regression", "recovery"]
to = ["chat"]
[to.chat]
webhook = "{url}"
"""
DIGEST = '[digest]\nto = ["chat"]\nat = "00:00"\n'
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.modellab]\n")
    return tmp_path


def asked(jobs: Jobs) -> list[str]:
    return [f"{row.kind} {row.state}" for row in reversed(jobs.newest("default"))]


def test_alerts_are_asked_for_once_where_the_ledger_rests(root: Path, jobs: Jobs) -> None:
    schedule = Schedule(Project.at(root), jobs)
    write(root / "mlruns", entry(1))
    schedule.look(NOON)
    schedule.look(NOON)
    assert asked(jobs) == []  # there are no rules
    (root / "alerts.toml").write_text(RULES.format(more="", url="http://127.0.0.1:1/"))
    other = Schedule(Project.at(root), jobs)  # another server, or this one after it began anew
    for each in (other, schedule, other, schedule):
        each.look(NOON)
    assert asked(jobs) == ["alerts queued"]
    write(root / "mlruns", entry(2))
    schedule.look(NOON)
    assert asked(jobs) == ["alerts queued"]  # more may be on its way
    schedule.look(NOON)
    assert asked(jobs) == ["alerts queued", "alerts queued"]


def test_nothing_is_told_while_a_run_goes_on(root: Path, jobs: Jobs, put: Put) -> None:
    (root / "alerts.toml").write_text(RULES.format(more="", url="http://127.0.0.1:1/"))
    write(root / "mlruns", entry(1))
    schedule = Schedule(Project.at(root), jobs)
    put(project="other")
    claim = jobs.claim(["runs"], "w", 1)
    assert claim
    for _ in range(3):
        schedule.look(NOON)
    assert asked(jobs) == []
    jobs.finish(claim, {})
    schedule.look(NOON)
    assert asked(jobs) == ["alerts queued"]


def test_what_was_not_sent_is_tried_again_after_a_while(root: Path, jobs: Jobs) -> None:
    (root / "alerts.toml").write_text(RULES.format(more="", url="http://127.0.0.1:1/"))
    write(root / "mlruns", entry(1))
    schedule = Schedule(Project.at(root), jobs)
    schedule.look(NOON)
    schedule.look(NOON)
    claim = jobs.claim(["alerts"], "w", 1)
    assert claim
    jobs.fail(claim, {"code": "not_sent", "message": "no"})
    schedule.look(NOON)
    assert asked(jobs) == ["alerts failed"]
    later = Schedule(Project.at(root), jobs, again_s=0.0)
    later.look(NOON)
    later.look(NOON)
    assert asked(jobs) == ["alerts queued"]


def test_a_digest_is_asked_for_once_a_day_for_each_target(root: Path, jobs: Jobs) -> None:
    (root / "alerts.toml").write_text(RULES.format(more=DIGEST.replace("00:00", "07:30"), url="http://127.0.0.1:1/"))
    schedule = Schedule(Project.at(root), jobs)
    for hour, minute, day in ((7, 29, 1), (7, 30, 1), (23, 0, 1), (7, 0, 2), (8, 0, 2)):
        schedule.look(datetime(2026, 11, day, hour, minute, tzinfo=UTC))
    bodies = [row.body for row in jobs.newest("default")]
    assert [body.pop("of") for body in bodies] == ["digest 2026-11-02 chat", "digest 2026-11-01 chat"]
    assert bodies == 2 * [{"to": "chat", "days": 1}]


def test_a_digest_of_a_week_is_due_every_seventh_day() -> None:
    digest = Digest(to=("chat",), days=7)
    due = [day for day in range(1, 29) if digest.due(datetime(2026, 11, day, 12, tzinfo=UTC))]
    assert len(due) == 4
    assert {b - a for a, b in itertools.pairwise(due)} == {7}


@pytest.mark.slow
def test_a_server_tells_a_regression_once_and_a_digest_once(tmp_path: Path, hook: Hook) -> None:
    root = project(tmp_path)
    (root / "alerts.toml").write_text(RULES.format(more=DIGEST, url=hook.url))
    write(root / "mlruns", entry(1), entry(2, Status.REGRESSED))
    with serving(root) as up:
        until(lambda: {"alerts", "digest"} <= set(sent(up)), within_s=120)
        assert titles(hook, "1 regression") == 1
    with serving(root) as up:  # it has told, and knows it
        write(root / "mlruns", entry(3))
        until(lambda: sent(up).count("alerts") == 2, within_s=120)
        assert (titles(hook, "1 regression"), titles(hook, "1 recovery")) == (1, 1)
        assert len(hook.bodies) == len(sent(up))


def sent(server: Server) -> list[str]:
    """The kinds of the jobs that are done."""
    return [job["kind"] for job in server.get("/api/v1/jobs?state=done")[1]["data"]]


def titles(hook: Hook, text: str) -> int:
    """How many alerts, not digests, say a text in their first line."""
    first = [body["text"].splitlines()[0] for body in hook.bodies]
    return sum(text in line and not line.rstrip("*").endswith("days") for line in first)
