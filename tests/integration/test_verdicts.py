"""What turns a case red, and what does not: through pytest, with a fake model."""

from __future__ import annotations

import json

import pytest

from .conftest import SENTENCES, FakeProject


def lines(*patterns: str) -> list[str]:
    return [f"*{pattern}*" for pattern in patterns]


def test_two_runs_without_change_are_green(fake_project: FakeProject) -> None:
    fake_project.accept()
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(lines("fake:one*short_v1*cpu-float32*8*0.00 %*[[]+0.00 %, +0.00 %]*PASS"))


def test_more_word_errors_are_red_and_show_the_worst_utterances(fake_project: FakeProject) -> None:
    fake_project.accept()
    for number in range(8):
        fake_project.answer(number, "something else entirely")
    result = fake_project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        lines(
            "fake:one-short_v1-cpu-float32: REGRESSED",
            "wer: baseline 0.00 %, now 100.00 %, change +100.00 % [[]*]: REGRESSED (8 of 8 utterances changed*)",
            "the 5 utterances that did most damage:",
            "ref*",
            "hyp*something*",
            "wer * (was 0.00 %)",
        )
    )


def test_one_changed_utterance_proves_nothing(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.answer(3, "what is the weather today")
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(lines("INCONCLUSIVE", "wer, cer INCONCLUSIVE: 1 of 8 utterances changed*"))


def test_an_improvement_is_named_and_green(fake_project: FakeProject) -> None:
    for number in range(8):
        fake_project.answer(number, "something else in its place")
    fake_project.accept()
    for number, text in enumerate(SENTENCES):
        fake_project.answer(number, text)
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(lines("IMPROVED"))


@pytest.mark.parametrize(
    ("before", "after", "metric"),
    [
        pytest.param({"burn_s": 0.02}, {"burn_s": 0.05}, "rtf_cpu", id="more computing"),
        pytest.param(  # twice that on a busy machine
            {"sleep_s": 0.02}, {"sleep_s": 0.15}, "rtf", id="more waiting", marks=pytest.mark.slow
        ),
        pytest.param({}, {"hoard_mb": 50}, "peak_rss_bytes", id="50 MB more"),
    ],
)
def test_slower_or_larger_is_red(
    fake_project: FakeProject,
    monkeypatch: pytest.MonkeyPatch,
    before: dict[str, float],
    after: dict[str, float],
    metric: str,
) -> None:
    monkeypatch.setattr("modellab.gate.speed.invalid", lambda result: "")  # other tests may run beside this one
    fake_project.machine = "this-machine"
    fake_project.behave(**before)
    fake_project.accept()
    fake_project.calibrate()
    fake_project.behave(**after)
    result = fake_project.run()
    assert result.ret == 1
    expected = lines("fake:one-short_v1-cpu-float32: REGRESSED", f"{metric}: baseline *: REGRESSED (*")
    result.stdout.fnmatch_lines(expected)
    result.stdout.no_fnmatch_line(lines("wer: baseline")[0])


@pytest.mark.slow
def test_slower_without_calibration_is_doubt(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modellab.gate.speed.invalid", lambda result: "")
    fake_project.machine = "this-machine"
    fake_project.behave(burn_s=0.02)
    fake_project.accept()
    fake_project.behave(burn_s=0.06)
    result = fake_project.run()
    assert result.ret == 0
    # and rtf, unless the first run had to wait for others
    why = "rtf_cpu INCONCLUSIVE: looks slower, but not calibrated (0 sessions): `modellab calibrate` measures *"
    result.stdout.fnmatch_lines(lines("INCONCLUSIVE", f"note: *{why}"))


@pytest.mark.slow
def test_a_limit_on_speed_needs_no_calibration_and_holds_while_baselines_are_written(
    fake_project: FakeProject,
) -> None:
    fake_project.dataset(thresholds={"latency_p50_s": {"limit": 0.01}, "rtf": {"limit": 99}})
    fake_project.behave(burn_s=0.03)
    for arguments in ([], ["--update-baselines", "--reason", "try to hide it"]):
        result = fake_project.run(*arguments)
        assert result.ret == 1
        result.stdout.fnmatch_lines(lines("latency_p50_s: *: ABOVE_LIMIT (* s is above the limit 0.01 s)"))


def test_speed_of_another_machine_is_never_red(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.behave(burn_s=0.05, hoard_mb=50)
    fake_project.machine = "some-other-cpu"
    result = fake_project.run()
    assert result.ret == 0
    why = "rtf, rtf_cpu, peak_rss_bytes NOT_COMPARABLE: accepted on machine-1-1t, this is some-other-cpu-1t"
    result.stdout.fnmatch_lines(lines(f"note: *{why}"))


def test_a_changed_normaliser_is_red(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.dataset(normaliser="none")
    result = fake_project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        lines("NOT_COMPARABLE (the quality baseline is not comparable: normaliser was basic@* and is none@* now; *")
    )


def test_a_baseline_of_another_dataset_version_is_red(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.dataset(version=2)
    result = fake_project.run()
    assert result.ret == 1
    result.stdout.fnmatch_lines(lines("not comparable: dataset digest was sha256:* and is sha256:* now*"))


def test_a_missing_baseline_is_new_at_the_desk(fake_project: FakeProject) -> None:
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(lines("NEW", "note: *wer, cer, success_rate NEW: no baseline: accept this run with *"))


@pytest.mark.parametrize("strict", ["option", "environment"])
def test_a_missing_baseline_fails_in_ci(
    fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch, strict: str
) -> None:
    if strict == "environment":
        monkeypatch.setenv("CI", "true")
    result = fake_project.run(*(["--strict-baselines"] if strict == "option" else []))
    assert result.ret == 1
    result.stdout.fnmatch_lines(lines("wer: baseline -, now 0.00 %, change -: NEW (no baseline: accept *"))


def test_a_limit_holds_whatever_the_baseline_says(fake_project: FakeProject) -> None:
    for number in range(8):
        fake_project.answer(number, "something else in its place")
    fake_project.dataset(limits={"wer": 0.5})
    result = fake_project.run("--update-baselines", "--reason", "try to hide it")
    assert result.ret == 1
    result.stdout.fnmatch_lines(lines("wer: *: ABOVE_LIMIT (* is above the limit 0.5 of short_v1*"))


def test_an_undecided_case_says_what_it_looks_like(fake_project: FakeProject) -> None:
    fake_project.dataset(thresholds={"cer": {"margin": 0.99}})
    fake_project.accept()
    answers = json.loads((fake_project.model / "answers.json").read_text())
    cut = {length: text.rpartition(" ")[0] if i % 2 else text for i, (length, text) in enumerate(answers.items())}
    (fake_project.model / "answers.json").write_text(json.dumps(cut))
    result = fake_project.run("--scorecard", "scorecard.md")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["fake:one *  INCONCLUSIVE  looks like lost words at one end"])
    note = (
        "this looks like lost words at one end: truncated (adapter fault): the last words are missing in 4 of 8 answers"
    )
    assert note in result.stdout.str()
    assert note in (fake_project.root / "scorecard.md").read_text()


def test_outputs_that_changed_where_no_metric_counts_are_told(fake_project: FakeProject) -> None:
    fake_project.accept()
    answers = json.loads((fake_project.model / "answers.json").read_text())
    shouted = {length: f"{text.upper()}." for length, text in answers.items()}
    (fake_project.model / "answers.json").write_text(json.dumps(shouted))
    result = fake_project.run("--scorecard", "scorecard.md")
    assert result.ret == 0
    what = "8 of 8 outputs changed in what no judged metric counts: casing in 8, punctuation in 8; such as “"
    assert what in result.stdout.str()
    assert what in (fake_project.root / "scorecard.md").read_text()


def test_a_new_model_above_a_limit_is_red_and_nowhere_called_a_regression(fake_project: FakeProject) -> None:
    for number in range(8):
        fake_project.answer(number, "something else in its place")
    fake_project.dataset(limits={"wer": 0.5})
    result = fake_project.run("--scorecard", "scorecard.md", "--junit-xml", "junit.xml")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["fake:one *  ABOVE_LIMIT  wer"])
    pages = [(fake_project.root / name).read_text() for name in ("scorecard.md", "junit.xml")]
    assert all("ABOVE_LIMIT" in page for page in pages)
    assert not any("REGRESSED" in text for text in [*pages, result.stdout.str()])
    (entry,) = fake_project.ledger()
    assert (entry["status"], entry["verdicts"][0]["status"]) == ("ABOVE_LIMIT", "ABOVE_LIMIT")


def test_a_run_that_writes_baselines_says_so(fake_project: FakeProject) -> None:
    result = fake_project.run("--update-baselines", "--reason", "new decoder")
    result.stdout.fnmatch_lines(
        lines("BASELINES WRITTEN", "2 files now hold this run's results, because: new decoder", "baselines/asr/*")
    )
    files = [path.name for path in (fake_project.root / "baselines").rglob("*.json")]
    assert len(files) == 2
    stored = (fake_project.root / "baselines/asr/short_v1/fake-one.cpu-float32.json").read_text()
    assert json.loads(stored)["header"]["reason"] == "new decoder"
    assert sum('"output": "' in line for line in stored.splitlines()) == 8, "one line per utterance"


def test_the_same_results_write_the_same_bytes(fake_project: FakeProject) -> None:
    path = fake_project.root / "baselines/asr/short_v1/fake-one.cpu-float32.json"
    fake_project.accept()
    first = path.read_bytes()
    fake_project.accept()
    assert path.read_bytes() == first


def test_baselines_are_not_written_without_a_reason(fake_project: FakeProject) -> None:
    result = fake_project.run("--update-baselines")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(lines("--update-baselines needs --reason*"))


def test_changed_weights_are_compared_and_named(fake_project: FakeProject) -> None:
    (fake_project.model / "weights.bin").write_bytes(b"one")
    fake_project.configure(variants={"one": {"weights": "path:weights.bin", "tier": "smoke"}})
    fake_project.accept()
    (fake_project.model / "weights.bin").write_bytes(b"two")
    result = fake_project.run()
    assert result.ret == 0
    result.stdout.fnmatch_lines(lines("note: *the weights changed since the baseline: sha256:* -> sha256:*"))


def test_the_scorecard_goes_to_files_and_junit(fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fake_project.root
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(root / "summary.md"))
    fake_project.run("--scorecard", str(root / "card.md"), "--junitxml", str(root / "junit.xml"))
    card = (root / "card.md").read_text()
    assert "| fake:one | short_v1" in card
    assert card.strip() in (root / "summary.md").read_text()
    junit = (root / "junit.xml").read_text()
    assert '<property name="wer" value="0"' in junit
    assert '<property name="rtf"' in junit


def test_github_shows_red_cases_on_the_benchmark_that_ran_them(
    fake_project: FakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_project.accept()
    for number in range(8):
        fake_project.answer(number, "something else entirely")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(fake_project.root.parent))
    result = fake_project.run()
    assert result.ret == 1
    where = f"file={fake_project.root.name}/benchmarks/test_asr.py,line=*"
    result.stdout.fnmatch_lines([f"::error {where},title=REGRESSED fake%3Aone-short_v1-cpu-float32::wer: *"])
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "::error" not in fake_project.run().stdout.str()
