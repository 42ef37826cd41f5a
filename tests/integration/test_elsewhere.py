"""Quality that was accepted on another CPU is compared, and the difference of hardware told where outputs differ."""

from __future__ import annotations

import json

import pytest

from .conftest import FakeProject

NOTE = "*note: *its quality was accepted on another CPU (intel-xeon-f6.143, this is *"


def accept_as_another_cpu(project: FakeProject) -> None:
    """Accept, then say that it was another CPU."""
    project.accept()
    (path,) = (path for path in (project.root / "baselines").rglob("*.json") if ".machine-" not in path.name)
    stored = json.loads(path.read_text())
    assert stored["header"]["hardware"] == project.ledger()[-1]["result"]["provenance"]["hardware"]
    stored["header"]["hardware"] = "intel-xeon-f6.143"
    path.write_text(json.dumps(stored))


@pytest.mark.parametrize(("damaged", "status"), [(1, 0), (8, 1)], ids=["inconclusive", "red"])
def test_it_is_told_where_outputs_differ(fake_project: FakeProject, damaged: int, status: int) -> None:
    accept_as_another_cpu(fake_project)
    for number in range(damaged):
        fake_project.answer(number, "something else entirely")
    result = fake_project.run()
    assert result.ret == status
    result.stdout.fnmatch_lines([NOTE])


def test_equal_outputs_need_no_note(fake_project: FakeProject) -> None:
    accept_as_another_cpu(fake_project)
    fake_project.run().stdout.no_fnmatch_line(NOTE)
