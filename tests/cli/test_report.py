"""`modellab report`: from the ledger to a recommendation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab import datasets
from modellab.reports.leaderboard.markdown import MARKER
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.types import CaseId

from .conftest import Desk
from .finished import KEY, measure

OTHER = CaseId("asr", "short_v1", "rival", "one", "cpu", "float32")


def two(desk: Desk, **changes: Any) -> tuple[Entry, Entry]:
    """The model `fake` with an error in one utterance of eight, its rival with errors in six."""
    desk.model("rival")
    return measure(desk, wrong=1, session="s1"), measure(desk, wrong=6, session="s2", **{"key": OTHER, **changes})


def lenient(desk: Desk, fewest: int = 5) -> None:
    (desk.root / "pyproject.toml").write_text(
        f'[tool.modellab]\nmodels = ["models"]\nalpha = 0.4\n[tool.modellab.scorecard]\nfewest = {fewest}\n'
    )


def test_the_terminal_says_which_to_take_and_on_what(desk: Desk) -> None:
    lenient(desk)
    two(desk)
    done = desk.type("report")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("modellab report: the newest results · cases: 2 (16 utterances)")
    assert "asr · WER, lower is better · N 8" in done.stdout
    few = "no speed: 1 session, 3 are needed to know how far sessions differ"
    assert (
        f"  Take fake:one cpu-float32 on quality alone ({few}): the best wer, told apart from the other." in done.stdout
    )
    assert "score = 50 % quality + 20 % speed + 10 % memory + 10 % stability + 10 % cost" in done.stdout
    assert "2 models: no cost (no price for a-cpu-1t in scorecard.prices)" in done.stdout


def test_a_damaged_baseline_costs_itself_only(desk: Desk) -> None:
    two(desk)
    path = baselines.quality_path(desk.root / "baselines", KEY)
    path.parent.mkdir(parents=True)
    path.write_text("{")
    done = desk.type("report", "--markdown", "-")
    assert done.exit_code == 0, done.stderr
    assert f"warning: {path} is not a baseline" in done.stderr
    assert "short_v1" in done.stdout
    assert f"{path.name} is not a baseline" in done.stdout, "the comment says so, too"
    compared = desk.type("compare", "fake", "rival")
    assert compared.exit_code == 0, compared.stderr
    assert f"warning: {path} is not a baseline" in compared.stderr


def test_too_little_is_not_enough_evidence(desk: Desk) -> None:
    two(desk)
    done = desk.type("report")
    assert "Not enough evidence: short_v1 (N 8 utterances), and 20 utterances are needed." in done.stdout
    assert "not rated (8 utterances, 20 are needed)" in done.stdout


def test_every_rendering_into_its_file(desk: Desk) -> None:
    two(desk)
    names = ("html", "markdown", "csv", "json", "parquet")
    done = desk.type(
        "report", *(part for name in names for part in (f"--{name}", f"out/r.{name}")), "--figure", "out/r.svg"
    )
    assert done.exit_code == 0, done.stderr
    assert done.stdout == ""
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == ["figure", *names]
    assert Path("out/r.markdown").read_text().startswith(MARKER)
    assert "<svg" in Path("out/r.svg").read_text()
    page = Path("out/r.html").read_text()
    assert "6 of 8 utterances with errors" in page
    assert "<del>" in page
    assert {row["model"] for row in json.loads(Path("out/r.json").read_text())} == {"fake", "rival"}
    assert Path("out/r.parquet").read_bytes().startswith(b"PAR1")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    desk.type("report", *(part for name in names for part in (f"--{name}", f"out/r.{name}")), "--figure", "out/r.svg")
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


def test_markdown_on_the_terminal_has_the_conditions(desk: Desk) -> None:
    data = yaml.safe_load((desk.root / "golden" / "short_v1" / "dataset.yaml").read_text())
    for i, row in enumerate(data["cases"]):
        row["condition"] = ("clean", "noise | <b>")[i % 2]
    (desk.root / "golden" / "short_v1" / "dataset.yaml").write_text(yaml.safe_dump(data, sort_keys=False))
    datasets.write_digest(desk.root / "golden" / "short_v1")
    two(desk)
    done = desk.type("report", "--markdown", "-")
    assert done.stdout.startswith(MARKER)
    assert "short_v1 by condition" in done.stdout
    assert "| noise &#124; &#60;b&#62; | 4 |" in done.stdout


def test_two_sessions_of_one_model(desk: Desk) -> None:
    measure(desk, wrong=0, session="old")
    measure(desk, wrong=8, session="new", finished_at="2026-11-22T10:00:00.000000+00:00")
    done = desk.type("report", "@old", "@new")
    assert done.exit_code == 0, done.stderr
    assert re.search(r"REGRESSED +fake:one cpu-float32 \(@new\) +short_v1 +wer against @old", done.stdout)
    assert "8 of 8 utterances changed; not chance after Holm over" in done.stdout


def test_a_stage_is_shown(desk: Desk) -> None:
    desk.model("fake", status="candidate")
    measure(desk)
    assert "candidate" in desk.type("report").stdout


def test_another_normaliser_is_refused_and_scored_anew(desk: Desk) -> None:
    measure(desk, session="old", normaliser="basic@0#0")
    measure(desk, session="new", wrong=3)
    refused = desk.type("report", "@old", "@new")
    assert refused.exit_code == 2
    assert "differ in the normaliser (basic@0#0, basic@" in refused.stderr
    assert "--rescore scores both alike" in refused.stderr
    assert desk.type("report", "@old", "@new", "--rescore").exit_code == 0


def test_a_dataset_that_changed_is_refused(desk: Desk) -> None:
    measure(desk, session="old", dataset_digest="sha256:other")
    measure(desk, session="new")
    done = desk.type("report", "@old", "@new")
    assert done.exit_code == 2
    assert "differ in the content of short_v1" in done.stderr


def test_without_the_dataset_there_is_a_report_all_the_same(desk: Desk) -> None:
    two(desk)
    (desk.root / "golden" / "short_v1" / "dataset.yaml").unlink()
    done = desk.type("report", "--html", "r.html", "--markdown", "-")
    assert done.exit_code == 0, done.stderr
    assert "short_v1 is not here, so there are no references and conditions" in done.stdout


def test_what_is_accepted_needs_no_ledger(desk: Desk) -> None:
    desk.accept("fake:one-short_v1-cpu-float32")
    done = desk.type("report", "@baseline")
    assert done.exit_code == 0, done.stderr
    assert "fake:one cpu-float32" in done.stdout


def test_a_task_of_a_newer_version_is_left_out(desk: Desk) -> None:
    measure(desk)
    measure(desk, key=CaseId("telepathy", "short_v1", "fake", "one", "cpu", "float32"))
    done = desk.type("report")
    assert done.exit_code == 0, done.stderr
    assert "warning: this modellab has no task telepathy: its results are left out" in done.stderr


def test_results_of_an_mlflow_store_come_along(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from modellab.tracking import fetch

    theirs = measure(desk, key=OTHER, session="theirs")
    next((desk.root / "mlruns" / "ledger").glob("theirs*")).unlink()
    measure(desk)

    def entries(uri: str, warn: Any) -> list[Entry]:
        assert uri == "sqlite:///there.db"
        for number in range(5):
            warn(f"run {number} has no entry")
        return [theirs]

    monkeypatch.setattr(fetch, "entries", entries)
    done = desk.type("report", "--from", "sqlite:///there.db")
    assert done.exit_code == 0, done.stderr
    assert "rival:one cpu-float32" in done.stdout
    assert done.stderr.count("has no entry") == 3
    assert "warning: 2 more of these" in done.stderr


def test_an_empty_ledger(desk: Desk) -> None:
    done = desk.type("report")
    assert done.exit_code == 2
    assert done.stderr.startswith("modellab: there are no results in ")
    assert done.stderr.endswith("`modellab run` makes some\n")


def test_a_newer_ledger_is_told(desk: Desk) -> None:
    measure(desk)
    file = next((desk.root / "mlruns" / "ledger").glob("*.jsonl"))
    file.write_text(file.read_text().replace('"format":1', '"format":99'))
    done = desk.type("report")
    assert done.exit_code == 2
    assert "written by a newer modellab (format 99, this one reads 2)" in done.stderr
    assert "there are no results in " in done.stderr
    assert "beside what the warnings are about" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("fakke",), "there are no results of 'fakke': did you mean fake?"),
        (("fake", "fake"), "'fake' is named twice: there is nothing to compare"),
        (("--task", "asrr"), "there are no results of the task 'asrr': did you mean asr?"),
        (("--dataset", "shor_v1"), "there are no results of the dataset 'shor_v1': did you mean short_v1?"),
        (("--figure", "r.pdf"), "r.pdf is no chart's name, expected one that ends in .svg or .png"),
        (("--parquet", "-"), "--parquet needs a file: it is not text"),
        (("--html", "pyproject.toml/r.html"), "pyproject.toml/r.html cannot be written ("),
    ],
)
def test_wrong_words(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    two(desk)
    done = desk.type("report", *arguments)
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith(f"modellab: {said}")


def test_a_torn_line_is_a_warning(desk: Desk) -> None:
    measure(desk)
    with next((desk.root / "mlruns" / "ledger").glob("*.jsonl")).open("a") as file:
        file.write('{"torn')
    done = desk.type("report")
    assert done.exit_code == 0
    assert "warning: " in done.stderr
    assert "was cut off" in done.stderr


def test_a_newest_run_that_failed_is_shown(desk: Desk) -> None:
    from modellab.types import Status

    measure(desk)
    crashed = Entry(KEY, Status.ERROR, "s9", error="CrashError: signal 11", finished_at="2099-01-01T00:00:00+00:00")
    Ledger(desk.root / "mlruns", "s9").append(crashed)
    done = desk.type("report")
    assert "ERROR" in done.stdout
    assert "CrashError: signal 11" in done.stdout
