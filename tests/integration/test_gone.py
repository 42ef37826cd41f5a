"""A case with an accepted baseline that is no more: no door says that all is well."""

from __future__ import annotations

import pytest

from ..typed import modellab
from .conftest import FakeProject


def test_a_case_that_is_gone_is_green_at_no_door(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_project.configure(devices={"cpu": ["float32", "int8"]})
    fake_project.accept()
    fake_project.configure(devices={"cpu": ["float32"]})
    root, doors = fake_project.root, ["--scorecard=scorecard.md", "--junitxml=junit.xml"]
    on_a_desk = "Nothing regressed in what was judged: * 1 case accepted before and gone"
    fake_project.run(*doors).stdout.fnmatch_lines([on_a_desk, "note: fake:one-short_v1-cpu-int8 accepted before, *"])
    monkeypatch.setenv("CI", "true")
    result = fake_project.run(*doors)
    in_ci = "1 error in 2 cases"
    result.stdout.fnmatch_lines([f"{in_ci}: *", "note: fake:one-short_v1-cpu-int8 ERROR: accepted before, *"])
    assert all(in_ci in (root / name).read_text() for name in ("scorecard.md", "junit.xml"))
    kept = fake_project.ledger()[-1]
    assert (kept["status"], kept["session"]) == ("ERROR", fake_project.ledger()[-2]["session"])
    assert "1 error in 3 cases" in modellab("report").stdout, "with the last result of the case that is gone"
    modellab("site", "site")
    assert "1 broken of 2" in (root / "site" / "badge.json").read_text()
    (root / "baselines" / "asr" / "short_v1" / "fake-one.cpu-int8.json").unlink()
    assert fake_project.run(*doors).ret == 0
    assert "1 error" not in modellab("report").stdout, "it was removed on purpose"
