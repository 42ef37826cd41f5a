"""Same inputs, same bytes: whatever the order, the number of workers, the locale, the time zone, the hash seed."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from modellab.cli.app import app as cli
from modellab.reports.scorecard import table
from modellab.runner.summary import CaseSummary
from modellab.types import CaseId, Status

from ..make import case, outcome, verdict
from .conftest import FakeProject

USUAL = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0"}
PLACES = {  # Kiritimati is 14 hours before Greenwich: often another day
    "far away": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "4711"},
    "nowhere": {"LC_ALL": "C", "LANG": "C", "TZ": "America/Los_Angeles", "PYTHONHASHSEED": "1"},
}
COMMANDS = {command.name or getattr(command.callback, "__name__", "") for command in cli.registered_commands}


def widen(project: FakeProject) -> None:
    """Two variants, two datasets, and outputs that differ from what was said."""
    project.configure(variants={name: {"weights": "package", "tier": "smoke"} for name in ("one", "two")})
    project.dataset("second_v1", language="en")
    for number, said in ((0, "turn öff the kitchen light"), (3, "what is the weather İstanbul")):
        project.answer(number, said)


def accept_anew(project: FakeProject, *options: str) -> dict[str, bytes]:
    """Accept everything anew; the bytes of each baseline of quality."""
    root = project.root / "baselines"
    for path in root.rglob("*.json"):
        path.unlink()
    done = project.run_subprocess("--update-baselines", "--reason", "same input", *options)
    assert done.ret == 0, done.stdout.str()
    quality = (path for path in root.rglob("*.json") if ".machine-" not in path.name)
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(quality)}


def reversed_rows(folder: Path) -> None:
    path = folder / "dataset.yaml"
    head = yaml.safe_load(path.read_text(encoding="utf-8"))
    cases = head.pop("cases")
    path.write_text(yaml.safe_dump({**head, "cases": cases[::-1]}, sort_keys=False), encoding="utf-8")


@pytest.mark.slow
def test_a_baseline_has_the_same_bytes_wherever_and_however_it_is_made(
    fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    widen(fake_project)
    for name, value in USUAL.items():
        monkeypatch.setenv(name, value)
    first = accept_anew(fake_project)
    assert len(first) == 4
    assert b"\xc3\xb6ff" in b"".join(first.values()), "text as it was said"
    reversed_rows(fake_project.root / "golden" / "second_v1")
    for (place, variables), options in zip(PLACES.items(), (("-n", "2"), ()), strict=True):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        assert accept_anew(fake_project, *options) == first, place


# ---------------------------------------------------------------------------- reports


def rows() -> list[CaseSummary]:
    """Cases of two tasks with notes, doubts and failures, as they reach the controller."""
    doubt = "other processes kept 1.9 of 2 cores busy"
    made = []
    for number in range(8):
        key = CaseId("asr", f"d{number % 2}_v1", f"m{number}", "one", "cpu", "float32")
        status = (Status.PASS, Status.REGRESSED, Status.INCONCLUSIVE, Status.NEW)[number % 4]
        why = doubt if status is Status.INCONCLUSIVE else ""
        notes = (f"note {number % 3}",)
        made.append(outcome(status, verdict(status=status, why=why), case=case(key=key), notes=notes).summary())
    return made


def test_the_scorecard_is_the_same_in_whichever_order_the_cases_end() -> None:
    ordered, dice = rows(), random.Random(1)
    for _ in range(10):
        mixed = dice.sample(ordered, len(ordered))
        for style in ("plain", "github"):
            assert table.tables(mixed, style) == table.tables(ordered, style)
        assert table.footnotes(mixed) == table.footnotes(ordered)
        assert table.title("abc", "here", mixed) == table.title("abc", "here", ordered)


@pytest.mark.slow
@pytest.mark.skipif("report" not in COMMANDS, reason="no command makes reports of stored results here")
def test_a_report_of_one_ledger_has_the_same_bytes_everywhere(fake_project: FakeProject) -> None:
    widen(fake_project)
    fake_project.run()
    made = {name: report(fake_project.root, {**USUAL, **place}) for name, place in {"usual": {}, **PLACES}.items()}
    assert all(made["usual"].values())
    assert {name for name, files in made.items() if files != made["usual"]} == set()


def report(root: Path, environment: dict[str, str]) -> dict[str, bytes]:
    """What `modellab report` writes in such an environment."""
    names = {"--markdown": "report.md", "--csv": "report.csv", "--json": "report.json", "--html": "report.html"}
    options = itertools.chain.from_iterable((option, str(root / name)) for option, name in names.items())
    done = subprocess.run(
        [sys.executable, "-m", "modellab", "report", *options],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {name: (root / name).read_bytes() for name in names.values()}
