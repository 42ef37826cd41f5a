"""What planning says of a case that is about to be measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modellab import tasks
from modellab.errors import ConfigError
from modellab.plan.matrix import Case
from modellab.plan.ready import ReadyCase, ready_case
from modellab.plan.settings import Project
from modellab.types import Rule

from ..make import KEY, case

CLAIM = {"variant": "one", "dataset": KEY.dataset, "metric": "wer", "value": 0.1, "source": "their paper"}


@pytest.mark.parametrize(
    ("of", "task", "rules", "timed"),
    [
        (case(), "asr", {}, False),
        (case(), "asr", {"wer": Rule(limit=0.2)}, False),
        (case(), "asr", {"rtf": Rule(limit=0.5)}, True),
        (case(), "tts", {"first_audio_s": Rule(limit=0.5)}, True),
        (case(), "streaming", {}, True),
        (case(key=replace(KEY, device="cuda")), "asr", {}, True),
    ],
)
def test_a_case_is_timed_where_anything_hangs_on_its_times(
    of: Case, task: str, rules: dict[str, Rule], timed: bool
) -> None:
    assert ReadyCase(of, tasks.get(task), rules).is_timed is timed


def test_it_has_the_rules_of_its_project_and_knows_of_claims(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.modellab.thresholds.wer]\nlimit = 0.25\n")
    project = Project.of(tmp_path)
    assert ready_case(case(), project).rules["wer"].limit == 0.25
    assert not ready_case(case(), project).is_claimed
    claimed = ready_case(case(claims=[CLAIM]), project)
    assert claimed.is_claimed
    assert claimed.is_timed


def test_rules_that_cannot_be_are_a_fault_that_is_kept(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.modellab.thresholds.wer]\nalpha = 0.2\n")
    fault = ready_case(case(), Project.of(tmp_path)).fault
    assert isinstance(fault, ConfigError)
    assert "wer.alpha is 0.2, above the whole suite's 0.01" in str(fault)
