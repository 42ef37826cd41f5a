"""`modellab explain`: each number with its place, what is compared with, what calibration knows, the last result."""

from __future__ import annotations

import math

import pytest

from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.types import CaseId, Status

from ..make import verdict
from .conftest import Desk

CASE = "fake:one-short_v1-cpu-float32"
KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")


@pytest.fixture(autouse=True)
def machine(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_MACHINE", "bench")


def lines(desk: Desk, case: str = CASE) -> list[str]:
    """What it prints, columns separated by one space."""
    result = desk.type("explain", case)
    assert result.exit_code == 0, result.output
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def test_without_anything_accepted(desk: Desk) -> None:
    said = lines(desk)
    assert said[0] == CASE
    assert "every alpha 0.01 built in" in said
    assert "wer margin 0.10 % built in" in said
    assert "wer margin_relative 1 % of the baseline built in" in said
    assert "success_rate limit 100.00 % built in" in said
    assert "rtf_cpu margin 10 % stored, 1 % with --against built in" in said
    assert "nothing yet: `modellab run --model fake:one --dataset short_v1 --update-baselines --reason '...'`" in said
    assert "no accepted speed on this machine class: speed and memory are not judged here" in said
    assert said[-1] == "no result in the ledger yet"
    text = "\n".join(said)
    for unjudged in ("mer ", "wil ", "rtf_gpu", "peak_vram_bytes", "load_s"):
        assert unjudged not in text, "nothing here judges it"


def test_every_place_is_named_and_the_last_one_wins(desk: Desk) -> None:
    (desk.root / "pyproject.toml").write_text(
        '[tool.modellab]\nmodels = ["models"]\nalpha = 0.02\n'
        "[tool.modellab.thresholds.wer]\nmargin = 0.01\ncap = 0.2\n"
        "[tool.modellab.thresholds.load_s]\nlimit = 5\n"
        '[tool.modellab.cases."fake:*".wer]\nlimit = 0.5\n'
    )
    desk.dataset("short_v1", limits={"wer": 0.4}, thresholds={"wer": {"margin": 0.02}})
    one = {"weights": "package", "tier": "smoke", "thresholds": {"rtf": {"margin": 0.2}, "cer": {"alpha": 0.001}}}
    desk.model("fake", thresholds={"rtf": {"margin": 0.3, "sensitivity": 0.5}}, variants={"one": one})
    said = lines(desk)
    assert "every alpha 0.02 pyproject.toml [tool.modellab]" in said
    assert "cer alpha 0.001 models/fake/config.yaml variants.one.thresholds" in said
    assert "wer margin 2.00 % golden/short_v1/dataset.yaml thresholds" in said
    assert "wer cap 20.00 % pyproject.toml [tool.modellab.thresholds]" in said
    assert 'wer limit 50.00 % pyproject.toml [tool.modellab.cases."fake:*"]' in said
    assert "rtf margin 20 % of the baseline models/fake/config.yaml variants.one.thresholds" in said
    assert "rtf sensitivity 50 % of the baseline models/fake/config.yaml thresholds" in said
    assert "load_s limit 5 s pyproject.toml [tool.modellab.thresholds]" in said


def test_what_it_is_compared_with(desk: Desk) -> None:
    desk.accept(CASE, "a better decoder")
    project = Project.at(desk.root)
    path = baselines.quality_path(project.baselines, KEY)
    pinned = project.baselines / baselines.PINNED / path.relative_to(project.baselines)
    baselines.copy(path, pinned, "release 1", "2026-10-01")
    baselines.set_noise(project.baselines, KEY, {"wer": 0.002, "churn": 0.25})
    said = lines(desk)
    start = "baseline baselines/asr/short_v1/fake-one.cpu-float32"
    assert f"{start}.json 2026-11-21 c0ffee package a better decoder" in said
    assert f"{start}.bench-1t.json 2026-11-21 c0ffee package a better decoder" in said
    pinned_line = "pinned baselines/anchor/asr/short_v1/fake-one.cpu-float32.json 2026-10-01 c0ffee package release 1"
    assert pinned_line in said
    broken = "wer broken 50 % of an utterance, 3 or more, or all that was left, 2 or more; a healthy model breaks 1 %;"
    assert any(line.startswith(f"{broken} 3 of 8 are red at once in a suite of 1 case") for line in said), said
    assert not any(line.startswith("wer cap") for line in said), "none is built in"
    assert "rtf_cpu 0 - - no: 5 more sessions are needed" in said
    assert "`modellab calibrate --model fake:one --dataset short_v1` makes sessions" in said
    assert "wer: 0.20 % sd between runs of the unchanged model" in said
    assert "churn: 25.00 % of the outputs differ between runs" in said


def test_what_calibration_knows(desk: Desk) -> None:
    desk.accept(CASE)
    sessions = [
        {"rtf": 0.02 * i, "rtf_cpu": 0.001 * i, "peak_rss_bytes": 50 * 2**20 + i * 1000.0} for i in range(-3, 4)
    ]
    baselines.add_sessions(Project.at(desk.root).baselines, KEY, "bench-1t", sessions)
    said = lines(desk)
    assert any(line.startswith("rtf_cpu 7 0.2 % +10.") and line.endswith("% yes") for line in said)
    assert any(line.startswith("rtf 7 4.3 % +") for line in said)
    assert any(line.startswith("peak_rss_bytes 7 0.0 MiB +1.0 MiB yes") for line in said)


def test_the_last_result(desk: Desk) -> None:
    ledger = Ledger(desk.root / "mlruns", "a-session")
    red = verdict(
        "wer", Status.REGRESSED, 0.12, change=0.02, p=0.0004, detects=0.011, why="9 of 400 utterances changed"
    )
    slow = verdict("rtf_cpu", Status.PASS, 0.02, unit="s/s", kind="speed", change=0.013, detects=0.12)
    quiet = verdict("empty_rate", Status.PASS, 0.0, kind="sanity")
    few = verdict("cer", Status.PASS, 0.0, change=0.0, p=1.0, detects=math.inf)
    for day, status in (("01", Status.PASS), ("02", Status.REGRESSED)):
        at = f"2026-11-{day}T10:00:00.000000+00:00"
        ledger.append(Entry(KEY, status, "a-session", verdicts=(red, slow, quiet, few), started_at=at, finished_at=at))
    said = lines(desk)
    assert "last result: REGRESSED, 2026-11-02 10:00 UTC" in said
    assert "wer 12.00 % +2.00 % 0.0004 +1.10 % REGRESSED 9 of 400 utterances changed" in said
    assert "rtf_cpu 0.02 +1.3 % - +12.0 % PASS" in said
    assert "cer 0.00 % +0.00 % 1 - PASS" in said, "so few utterances would have shown no change"
    assert not any(line.startswith("empty_rate 0") for line in said)


def test_a_last_result_that_was_an_error(desk: Desk) -> None:
    Ledger(desk.root / "mlruns", "s").append(Entry(KEY, Status.ERROR, "s", error="killed by SIGSEGV\nlog"))
    assert lines(desk)[-1] == "killed by SIGSEGV"


def test_an_unknown_case(desk: Desk) -> None:
    result = desk.type("explain", "fake:one-short_v1-cpu-float16")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"modellab: unknown case 'fake:one-short_v1-cpu-float16': did you mean {CASE}")


def test_a_damaged_baseline_is_one_sentence(desk: Desk) -> None:
    path = desk.root / "baselines/asr/short_v1/fake-one.cpu-float32.json"
    path.parent.mkdir(parents=True)
    path.write_text("<<<<<<< ours")
    result = desk.type("explain", CASE)
    assert result.exit_code == 2
    assert "is not a baseline" in result.stderr
