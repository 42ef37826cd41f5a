"""`modellab history`: from the ledger to a table, sentences and a chart."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.system.machine import Commit
from modellab.types import CaseId, Status

from ..make import READINGS, asr_counts, name, result, utterance
from .conftest import Desk

KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")
CASE = "fake:one-short_v1-cpu-float32"
START = datetime.datetime(2026, 3, 1, 2, 0, tzinfo=datetime.UTC)


def nights(desk: Desk, *wers: float, key: CaseId = KEY) -> None:
    """A session a night."""
    for day, wer in enumerate(wers):
        measured = result([utterance(name(0), asr_counts(5 * wer))], key=key, readings={**READINGS, "rtf": 0.05})
        at = (START + datetime.timedelta(days=day)).isoformat()
        fields: dict[str, Any] = {"result": measured, "values": {"wer": wer, "cer": 0.1}, "finished_at": at}
        Ledger(desk.root / "mlruns", f"s{day}").append(
            Entry(key, Status.PASS, f"s{day}", commit=Commit(f"{day:07}" + "a" * 33), **fields)
        )


def test_a_step_is_found_told_and_drawn(desk: Desk) -> None:
    nights(desk, *[0.2] * 7, *[0.3] * 5)
    done = desk.type("history", CASE)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["date", "commit", "wer", "cer", "rtf", "rtf_cpu", "peak_rss_bytes", "verdict"]
    assert lines[8].startswith("2026-03-08 02:00  0000007  30.00 % ▲ +10.00 %")
    assert "  wer +10.00 % (20.00 % -> 30.00 %, worse) between 0000006 (2026-03-07) and 0000007 (2026-03-08)" in lines
    chart = desk.root / "mlruns" / "history" / "fake-one-short_v1-cpu-float32.svg"
    assert lines[-1] == f"chart: {chart}"
    assert chart.read_text().count("<svg") == 1


def test_one_metric_into_a_file_of_ones_own(desk: Desk) -> None:
    nights(desk, *[0.2] * 4)
    done = desk.type("history", CASE, "--metric", "load_s", "--output", "deep/load.png", "--last", "3")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["date", "commit", "load_s", "verdict"]
    assert len([line for line in lines if line.startswith("2026-")]) == 3
    assert "no change point" in lines
    assert "note: change points need 10 values: load_s has 3" in lines
    assert Path("deep/load.png").read_bytes().startswith(b"\x89PNG")


def test_less_to_pay_finds_more(desk: Desk) -> None:
    nights(desk, *[0.20, 0.21, 0.22] * 3, *[0.22, 0.23, 0.24] * 3)
    assert "no change point" in desk.type("history", CASE, "--metric", "wer", "--penalty", "50").stdout
    assert "\nchange points:\n  wer +2.00 %" in desk.type("history", CASE, "--metric", "wer", "--penalty", "0.5").stdout


def test_a_case_that_the_matrix_has_no_more(desk: Desk) -> None:
    nights(desk, 0.2, 0.2, key=CaseId("asr", "short_v1", "gone", "one", "cpu", "float32"))
    assert desk.type("history", "gone:one-short_v1-cpu-float32").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((CASE.replace("one", "onne"),), f"unknown case 'fake:onne-short_v1-cpu-float32': did you mean {CASE}"),
        (
            ("other:one-short_v1-cpu-float32",),
            "the ledger has no result of other:one-short_v1-cpu-float32: `modellab run",
        ),
        ((CASE, "--metric", "were"), f"{CASE} has no values of 'were': did you mean wer?"),
        ((CASE, "--output", "chart.pdf"), "chart.pdf is no chart's name, expected one that ends in .svg or .png"),
        ((CASE, "--penalty", "0"), "the penalty is 0, expected more than 0; 2.5 is usual, less finds more"),
    ],
)
def test_wrong_names(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    desk.model("other")
    nights(desk, *[0.2] * 3)
    done = desk.type("history", *arguments)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"modellab: {said}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("package", ["matplotlib", "ruptures"])
def test_without_the_extra(desk: Desk, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    nights(desk, *[0.2] * 7, *[0.3] * 5)
    monkeypatch.setitem(sys.modules, package, None)
    done = desk.type("history", CASE)
    assert done.exit_code == 2
    assert done.stdout == ""
    said = f"`modellab history` needs {package}, which is not installed: pip install 'modellab[reports]'"
    assert done.stderr == f"modellab: {said}\n"


def test_a_torn_ledger_is_told(desk: Desk) -> None:
    nights(desk, 0.2, 0.2)
    with (desk.root / "mlruns" / "ledger" / "s1.jsonl").open("a") as file:
        file.write("torn {")
    done = desk.type("history", CASE)
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: s1.jsonl, line 2 was cut off")


def test_a_full_disk_is_named_with_the_chart(desk: Desk) -> None:
    nights(desk, *[0.2] * 3)
    (desk.root / "full.svg").symlink_to("/dev/full")
    done = desk.type("history", CASE, "--output", "full.svg")
    assert (done.exit_code, done.stderr) == (2, "modellab: full.svg cannot be written (No space left on device)\n")


def test_a_program_reads_it_as_one_object_and_nothing_is_drawn(desk: Desk) -> None:
    nights(desk, *[0.2] * 7, *[0.3] * 5)
    done = desk.type("history", CASE, "--metric", "wer", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["case"], len(told["runs"])) == (CASE, 12)
    assert told["runs"][7]["commit"] == "0000007" + "a" * 33
    assert told["series"][0]["values"] == [0.2] * 7 + [0.3] * 5
    assert told["series"][0]["steps"] == [[7, pytest.approx(0.2), pytest.approx(0.3)]]
    assert told["series"][0]["accepted"] is None
    assert not (desk.root / "mlruns" / "history").exists()
