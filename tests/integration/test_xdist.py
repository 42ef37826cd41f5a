"""pytest-xdist changes nothing but the wall clock."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from modellab.runner.turns import BESIDE, Turns

from .conftest import FakeProject


def verdicts(fake_project: FakeProject) -> list[tuple[str, str]]:
    keys = [(entry["key"]["variant"] + entry["key"]["dataset"], entry["status"]) for entry in fake_project.ledger()]
    for path in (fake_project.root / "mlruns" / "ledger").glob("*.jsonl"):
        path.unlink()
    return sorted(keys)


@pytest.mark.slow
def test_two_workers_give_the_same_and_load_each_model_once(fake_project: FakeProject) -> None:
    variants = {name: {"weights": "package", "tier": "smoke"} for name in ("one", "two", "three")}
    fake_project.configure(variants=variants)
    fake_project.dataset("second_v1")
    fake_project.accept()
    verdicts(fake_project)
    fake_project.answer(0, "nonsense")
    alone = fake_project.run_subprocess("-n", "0")
    expected = verdicts(fake_project)
    (fake_project.model / "loads.log").unlink()

    both = fake_project.run_subprocess("-n", "2")
    assert both.ret == alone.ret
    assert verdicts(fake_project) == expected
    assert len(expected) == 6
    loaded = Counter(line.split()[0] for line in fake_project.loads())
    assert loaded == {"one": 3, "two": 3, "three": 3}, "once, and once in a fresh process for each case that broke"
    card = [line for line in both.outlines if line.startswith("fake:") and "float32: " not in line]
    assert len(card) == 6, "the scorecard is whole"


def test_where_no_speed_is_accepted_cases_are_measured_beside_each_other(fake_project: FakeProject) -> None:
    fake_project.configure(variants={name: {"weights": "package", "tier": "smoke"} for name in ("one", "two")})
    run = fake_project.run_subprocess("-n", "2")
    assert (f"note: 2 cases: {BESIDE}" in run.outlines) is Turns(Path("turns"), others=1).leave_room(1)


@pytest.mark.slow
def test_where_speed_is_accepted_each_case_is_measured_alone(fake_project: FakeProject) -> None:
    fake_project.machine = "always-this"
    fake_project.configure(variants={name: {"weights": "package", "tier": "smoke"} for name in ("one", "two")})
    fake_project.accept()
    run = fake_project.run_subprocess("-n", "2")
    assert BESIDE not in run.stdout.str()
    run.assert_outcomes(passed=2)
