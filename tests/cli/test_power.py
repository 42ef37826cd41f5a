"""`modellab power`: what a case sees, and how much data a wanted change needs."""

from __future__ import annotations

import numpy as np
import pytest

import modellab.gate.power
from modellab.cli import power
from modellab.errors import ConfigError
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.types import CaseId

from .conftest import Desk

CASE = "fake:one-short_v1-cpu-float32"
OTHER = "fake:one-short_v1-cpu-float16"
KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")


@pytest.fixture(autouse=True)
def quick(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_MACHINE", "bench")
    for name in ("smallest", "utterances", "power"):
        whole = getattr(modellab.gate.power, name)
        monkeypatch.setattr(modellab.gate.power, name, lambda *given, whole=whole: whole(*given, runs=10))


@pytest.fixture
def accepted(desk: Desk) -> Desk:
    """A case whose sessions vary: CPU time by 1 %, wall time by 5 %; calls of one utterance by 2 %."""
    desk.accept(CASE)
    generator = np.random.default_rng(1)
    sessions = [
        {
            "rtf": generator.normal(0, 0.05),
            "rtf_cpu": generator.normal(0, 0.01),
            "pair_rtf": 0.1,
            "pair_rtf_cpu": 0.02,
            "peak_rss_bytes": 50e6 + generator.normal(0, 1e4),
        }
        for _ in range(10)
    ]
    baselines.add_sessions(Project.at(desk.root).baselines, KEY, "bench-1t", sessions)
    return desk


def rows(desk: Desk, *arguments: str) -> dict[str, str]:
    """First column -> the rest of the line; the notes under "note"."""
    result = desk.type("power", "--case", CASE, *arguments)
    assert result.exit_code == 0, result.output
    said = [line for line in result.stdout.splitlines()[2:] if line]
    table = {line.partition("  ")[0]: " ".join(line.partition("  ")[2].split()) for line in said}
    return table | {"note": "\n".join(line for line in said if line.startswith("note:"))}


def test_what_the_case_sees(accepted: Desk) -> None:
    said = rows(accepted)
    assert list(said)[:5] == ["metric", "wer", "cer", "success_rate", "rtf stored"]
    assert said["metric"] == "sees among 30 cases formula from"
    assert said["wer"].startswith("+")
    assert said["wer"].endswith(" 8 utterances")
    assert said["success_rate"].startswith("-"), "fewer answers are worse"
    assert "- - 10 sessions, sd 0." in said["rtf_cpu stored"]
    assert "pairs, sd " in said["rtf_cpu --against"]
    assert said["peak_rss_bytes"] == "+1.0 MiB - - 10 sessions"
    assert "nothing changes for no reason" in said["note"]


def test_how_much_data_a_change_needs(accepted: Desk) -> None:
    said = rows(accepted, "--effect", "20%", "--metric", "wer")
    assert said["metric"] == "change power now needs from"
    assert not {"cer", "rtf stored", "peak_rss_bytes"} & said.keys()
    assert said["wer"].startswith("+20.00 % ")
    assert " utterances (formula: " in said["wer"]
    said = rows(accepted, "--effect", "30%")
    assert said["rtf_cpu stored"].startswith("+30.0 % 100 % 5 sessions ")
    assert said["rtf_cpu --against"].startswith("+30.0 % 100 % no more ")
    assert " pairs in place of " in rows(accepted, "--effect", "2%")["rtf --against"]
    assert said["peak_rss_bytes"].split(" % ")[1] == "no more 10 sessions"


def test_what_noamount_of_data_sees(accepted: Desk) -> None:
    said = rows(accepted, "--effect", "0.05%")
    assert "no number of utterances: the margin is 0.10 %" in said["wer"]
    assert "no number of sessions: use --against" in said["rtf_cpu stored"]
    assert "no number of pairs: too close to the margin" in said["rtf_cpu --against"]
    assert "a lower limit: it is 1.0 MiB" in said["peak_rss_bytes"]


def test_churn_is_given_or_what_calibration_found(accepted: Desk) -> None:
    assert "20 % of the utterances change for no reason" in rows(accepted, "--churn", "20%", "--metric", "wer")["note"]
    baselines.set_noise(Project.at(accepted.root).baselines, KEY, {"wer": 0.001, "churn": 0.125})
    assert "12.5 % of the utterances change" in rows(accepted, "--metric", "wer")["note"]


def test_without_calibration_it_says_what_makes_it(desk: Desk) -> None:
    desk.accept(CASE)
    said = rows(desk, "--metric", "rtf_cpu")
    assert said["rtf_cpu stored"] == "- - - 0 sessions: not calibrated"
    assert said["rtf_cpu --against"] == "- - - no calibration session with pairs"
    assert "`modellab calibrate --model fake:one --dataset short_v1` makes sessions" in said["note"]


def test_on_another_machine_quality_alone_is_told(accepted: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_MACHINE", "laptop")
    said = rows(accepted)
    assert "wer" in said
    assert "rtf stored" not in said
    assert "no accepted speed on laptop-1t: speed and memory are not judged here" in said["note"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--case", OTHER),
            f"unknown case '{OTHER}': did you mean {CASE}",
        ),
        (
            ("--case", CASE),
            f"nothing was accepted of {CASE} to compute from: make a baseline with `modellab run",
        ),
        (("--case", CASE, "--effect", "much"), "--effect is 'much', expected a number above 0 such as 0.3%"),
        (("--case", CASE, "--effect", "-3%"), "--effect is '-3%', expected a number above 0 such as 0.3%"),
        (("--case", CASE, "--churn", "nan"), "--churn is 'nan', expected a number above 0 such as 0.3%"),
    ],
)
def test_wrong_arguments_are_one_sentence(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = desk.type("power", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"modellab: {said}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--metric", "werr"), "unknown metric 'werr': did you mean wer?"),
        (("--metric", "mer"), "unknown metric 'mer': did you mean"),  # reported, not judged
        (("--metric", "wer", "--effect", "0.5s"), "--effect is '0.5s': expected seconds such as 0.5s for metrics in s"),
    ],
)
def test_wrong_metrics_are_one_sentence(accepted: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = accepted.type("power", "--case", CASE, *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"modellab: {said}")


@pytest.mark.parametrize(
    ("text", "value"), [("0.3%", 0.003), ("0.003", 0.003), (" 5 % ", 0.05), ("0.5s", 0.5), ("1e-3", 0.001)]
)
def testamounts(text: str, value: float) -> None:
    assert power.amount("--effect", text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "0", "inf", "%", "3 per cent"])
def testamounts_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError):
        power.amount("--effect", text)
