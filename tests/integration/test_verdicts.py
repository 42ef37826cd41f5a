"""What turns a case red, and what does not: through pytest, with a fake model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import FakeProject


def test_two_runs_without_change_are_green(fake_project: FakeProject) -> None:
    fake_project.accept()
    result = fake_project.run()
    result.assert_outcomes(passed=1, deselected=result.parseoutcomes().get("deselected", 0))
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*fake:one*short_v1*cpu-float32*8*0.00 %*PASS*"])
