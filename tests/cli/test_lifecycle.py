"""`modellab promote` as a person types it: what it asks for, what it refuses, and with which words."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.results import ledger
from modellab.results.entry import now
from modellab.types import Status

from ..make import verdict
from .conftest import Desk
from .finished import measure
from .promoted import NAME, promote, prove, records

CASE = "fake:one-short_v1-cpu-float32"
RED = verdict("wer", Status.REGRESSED, 0.3, why="3 of 8 changed")
RUN = "modellab run --model fake:one --dataset short_v1 --device cpu --precision float32"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the desk's own models: the shipped ones take a while to read."""
    monkeypatch.setattr("modellab.models.model_folders.FOLDER", Path("none"))


@pytest.fixture
def proven(desk: Desk) -> Desk:
    """A candidate with three sessions and a baseline."""
    return prove(desk)


def criteria(desk: Desk, text: str) -> None:
    with (desk.root / "pyproject.toml").open("a") as file:
        file.write(f"\n[tool.modellab.lifecycle.production]\n{text}\n")


# ---------------------------------------------------------------------------- going up


def test_a_promotion_is_kept_with_its_evidence(proven: Desk) -> None:
    result = promote(proven, NAME, "production", because="three  quiet\nweeks")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "fake:one goes from candidate to production"
    assert lines[1].split() == ["case", "metric", "value", "[95", "%]", "N", "limit", "runs", "verdict", "session"]
    assert " ".join(lines[2].split()).startswith("short_v1-cpu-float32 wer 2.50 % [0.00 %, ")
    assert lines[2].split()[-5:] == ["8", "-", "3", "PASS", "s2"]
    assert "baselines/lifecycle/fake.yaml written: review it and commit it" in lines
    (record,) = records(proven)
    assert (record.stage, record.by, record.because) == ("production", "Ada", "three quiet weeks")
    (number,) = record.evidence
    assert (number.case, number.metric, number.n, number.runs, number.session) == (CASE, "wer", 8, 3, "s2")
    assert number.low is not None


def test_a_dry_run_writes_nothing(proven: Desk) -> None:
    result = promote(proven, NAME, "production", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "dry run: nothing was written"
    assert records(proven) == ()


def test_without_evidence_it_is_refused_with_all_that_is_missing(desk: Desk) -> None:
    desk.model("fake", status="candidate")
    result = promote(desk, NAME, "production")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "refused: fake:one stays candidate, for production 2 criteria are not met",
        f"  missing  {CASE}: never measured here, 3 runs asked for",
        f"           {RUN}",
        f"  missing  {CASE}: nothing is accepted: it has no baseline",
        f"           {RUN} --update-baselines --reason TEXT",
    ]
    assert records(desk) == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param("runs = 4", f"{CASE}: 3 of 4 runs with the present weights, data and normaliser", id="runs"),
        pytest.param("utterances = 9", f"{CASE}: 8 utterances, 9 are asked for", id="utterances"),
        pytest.param("limits = {wer = 0.02}", ", N 8, beyond the limit of 2.00 %", id="limit"),
        pytest.param("limits = {wer = 0.02}", f"{CASE}: the accepted wer is 2.50 % [", id="accepted limit"),
        pytest.param("limits = {wer = 1.0}\nlimits_of.asr = {wer = 0.02}", "limit of 2.00 %", id="task's limit"),
        pytest.param(
            "limits_of = {asr = {wer = 1.0}, short_v1 = {wer = 0.02}}", "limit of 2.00 %", id="dataset's limit"
        ),
        pytest.param("limits = {rtf = 0.01}", "rtf is 0.05, beyond the limit of 0.01", id="reading"),
        pytest.param("limits = {rtf_gpu = 1.0}", f"{CASE}: rtf_gpu is not measured", id="unmeasured"),
        pytest.param("days = 7", "fake:one is candidate for 0.0 days, 7 are asked for", id="days"),
        pytest.param('datasets = {asr = []}', "no dataset that counts meets fake:one on the devices", id="nothing"),
        pytest.param('devices = ["cuda"]', "no dataset that counts meets fake:one on the devices", id="device"),
    ],
)  # fmt: skip
def test_a_criterion_that_is_not_met(proven: Desk, given: str, words: str) -> None:
    criteria(proven, given)
    result = promote(proven, NAME, "production")
    assert result.exit_code == 1
    assert words in result.stdout
    assert records(proven) == ()


@pytest.mark.parametrize("given", ["limits_of = {asr = {wer = 0.02}, short_v1 = {wer = 1.0}}", "limits = {wer = 0.05}"])
def test_the_closer_limit_holds(proven: Desk, given: str) -> None:
    criteria(proven, given)
    assert promote(proven, NAME, "production").exit_code == 0


def test_an_open_regression_is_refused(proven: Desk) -> None:
    measure(proven, RED, session="s9")
    result = promote(proven, NAME, "production")
    assert result.exit_code == 1
    assert f"{CASE}: open regression: REGRESSED in its newest session s9 (wer: 3 of 8 changed)" in result.stdout
    assert f"modellab explain {CASE}; mend it, then {RUN}" in result.stdout


def test_a_run_that_somebody_stopped_holds_nobody_back(proven: Desk) -> None:
    measure(proven, session="s9", status=Status.ERROR, result=None, error="not run: the run was stopped before")
    assert promote(proven, NAME, "production").exit_code == 0


def test_results_of_other_data_prove_nothing(proven: Desk) -> None:
    proven.dataset("short_v1", version=2)
    result = promote(proven, NAME, "production")
    assert result.exit_code == 1
    assert "0 of 3 runs with the present weights, data and normaliser" in result.stdout
    assert f"{CASE}: measured with dataset digest sha256:" in result.stdout
    assert f"{CASE}: its baseline was accepted with dataset digest sha256:" in result.stdout


def test_results_of_other_weights_prove_nothing(proven: Desk) -> None:
    proven.model("fake", variants={"one": {"weights": "hf:a/b", "revision": "ab" * 20, "tier": "smoke"}})
    result = promote(proven, NAME, "production")
    assert result.exit_code == 1
    assert f"measured with weights package, now it is a/b@{'ab' * 20}" in result.stdout


def test_a_damaged_baseline_and_a_damaged_ledger_line_are_told(proven: Desk) -> None:
    (path,) = (proven.root / "baselines" / "asr" / "short_v1").glob("fake-one.cpu-float32.json")
    path.write_text("<<<<<<< HEAD")
    with next((proven.root / "mlruns" / "ledger").glob("s2*.jsonl")).open("a") as ledger:
        ledger.write('no result\n{"torn')
    result = promote(proven, NAME, "production")
    assert result.exit_code == 1
    assert "is not a baseline" in result.stdout
    assert result.stderr.count("warning: s2.jsonl, line") == 2
    assert "3 of 3 runs" not in result.stdout, "the lines that can be read still count"


# ---------------------------------------------------------------------------- the way


def test_production_comes_after_candidate(desk: Desk) -> None:
    result = promote(desk, NAME, "production")
    assert result.exit_code == 1
    assert "fake:one is experimental, and production comes after candidate" in result.stdout
    assert "modellab promote fake:one candidate --because TEXT" in result.stdout


def test_what_is_deprecated_goes_to_experimental_first(proven: Desk) -> None:
    assert promote(proven, NAME, "deprecated", because="nobody uses it").exit_code == 0
    result = promote(proven, NAME, "production")
    assert result.exit_code == 1
    assert "fake:one is deprecated" in result.stdout
    assert promote(proven, NAME, "experimental").exit_code == 0
    assert promote(proven, NAME, "candidate").exit_code == 0
    assert [each.stage for each in records(proven)] == ["deprecated", "experimental", "candidate"]


def test_the_same_stage_twice_is_refused(proven: Desk) -> None:
    assert promote(proven, NAME, "production").exit_code == 0
    result = promote(proven, NAME, "production", because="again")
    assert result.exit_code == 2
    assert "fake:one is production already, since 20" in result.stderr
    assert "by Ada: it is quiet; nothing was written" in result.stderr
    assert len(records(proven)) == 1


def test_a_stage_of_config_yaml_can_be_put_on_record(proven: Desk) -> None:
    assert promote(proven, NAME, "candidate").stdout.startswith("fake:one stays candidate, on record\n")
    proven.model("fake", status="deprecated")
    result = promote(proven, "fake", "candidate")
    assert result.exit_code == 2, "the record holds, whatever config.yaml says later"


def test_every_variant_or_none(proven: Desk) -> None:
    proven.model("fake", variants={"one": {"weights": "package", "tier": "smoke"}, "two": {"weights": "package"}})
    result = promote(proven, "fake", "production")
    assert result.exit_code == 1
    assert "fake:one goes from candidate to production" in result.stdout
    assert "refused: fake:two stays candidate" in result.stdout
    assert records(proven) == ()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("fakee:one", "production"), "unknown model 'fakee': did you mean fake?"),
        (("fake:onee", "production"), "unknown variant 'onee' of fake: did you mean one?"),
        (("fake:one", "productoin"), "unknown stage 'productoin': did you mean production?"),
    ],
)
def test_a_misspelt_name(desk: Desk, arguments: tuple[str, str], words: str) -> None:
    result = promote(desk, *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("run = 3", "unknown key 'lifecycle.production.run': did you mean runs?"),
        ("limits = {werr = 0.1}", "lifecycle.production] limits has 'werr', no metric: did you mean wer?"),
        ("datasets = {asr = ['short_v2']}", "datasets.asr has 'short_v2', no dataset of asr: did you mean short_v1?"),
        ("datasets = {ars = []}", "datasets has 'ars', no task: did you mean asr?"),
        ("limits_of = {short_v1 = {f1 = 0.9}}", "limits_of.short_v1 has 'f1', no metric of short_v1"),
        ("limits_of = {shrt_v1 = {wer = 0.9}}", "limits_of has 'shrt_v1', no task or dataset: did you mean short_v1?"),
        ('devices = ["gpu"]', "devices has 'gpu', no device"),
    ],
)  # fmt: skip
def test_criteria_that_name_what_there_is_not(desk: Desk, given: str, words: str) -> None:
    criteria(desk, given)
    result = promote(desk, NAME, "candidate")
    assert result.exit_code == 2
    assert words in result.stderr


def test_what_was_scored_anew_is_no_further_run(proven: Desk) -> None:
    criteria(proven, "runs = 4")
    entries, _ = ledger.read(proven.root / "mlruns")
    last = entries[-1]
    assert last.result is not None
    result = replace(last.result, provenance={**last.result.provenance, "rescored_from": last.id})
    copy = replace(last, id=uuid.uuid4().hex, session="rescored", result=result, finished_at=now())
    ledger.Ledger(proven.root / "mlruns", copy.session).append(copy)
    refused = promote(proven, NAME, "production")
    assert refused.exit_code == 1
    assert f"{CASE}: 3 of 4 runs" in refused.stdout
