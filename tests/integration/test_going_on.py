"""A run of pytest says that it goes on, from its first case to its end."""

from __future__ import annotations

import json

import pytest

from modellab.runner.run import run

from .conftest import FakeProject

CASE = "fake:one-short_v1-cpu-float32"

LOOKS = """
import shutil

def pytest_runtest_teardown(item):
    folder = item.config.rootpath / "mlruns" / "running"
    shutil.copytree(folder, item.config.rootpath / "seen", dirs_exist_ok=True)
"""


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_as_long_as_cases_run_a_file_says_so(fake_project: FakeProject, more: tuple[str, ...]) -> None:
    with (fake_project.root / "conftest.py").open("a") as file:
        file.write(LOOKS)
    fake_project.run_subprocess(*more)
    (seen,) = (fake_project.root / "seen").glob("*.json")
    told = json.loads(seen.read_text())
    assert told["cases"] == 1
    assert "benchmarks" in told["command"]
    (line,) = (fake_project.root / "mlruns" / "ledger").glob("*.jsonl")
    assert line.name.startswith(told["session"].lower())
    assert list((fake_project.root / "mlruns" / "running").iterdir()) == []


def test_a_run_from_a_script_says_so_too(fake_project: FakeProject) -> None:
    folder, seen = fake_project.root / "mlruns" / "running", list[str]()
    done = run([CASE], fake_project.root, listeners=[lambda _: seen.extend(each.name for each in folder.glob("*"))])
    assert set(seen) == {f"{done.session}.json"}
    assert list(folder.iterdir()) == []
