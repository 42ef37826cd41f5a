"""`modellab curves`: the newest result of each case, condition by condition."""

from __future__ import annotations

import yaml

from modellab import datasets
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.types import CaseId, Ratio, Status

from ..make import result, utterance
from .conftest import Desk

KEY = CaseId("robustness", "hard_v1", "fake", "one", "cpu", "float32")
CASE = "fake:one-hard_v1-cpu-float32"


def prepare(desk: Desk, *runs: float) -> None:
    """A dataset of two conditions, and results of which only the noisy word error rate differs."""
    short = desk.root / "golden" / "short_v1"
    desk.model("fake", tasks=["asr", "robustness"])
    head = yaml.safe_load((short / "dataset.yaml").read_text())
    row = {**head["cases"][0], "audio": f"../short_v1/{head['cases'][0]['audio']}"}
    rows = [{**row, "id": name, "condition": name} for name in ("clean", "noise:5")]
    folder = desk.root / "golden" / "hard_v1"
    folder.mkdir()
    header = {key: value for key, value in head.items() if key not in {"cases", "digest"}}
    content = {**header, "task": "robustness", "cases": rows}
    (folder / "dataset.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    datasets.write_digest(folder)
    for at, wer in enumerate(runs):
        said = [utterance("clean", {"wer": Ratio(0, 4)}), utterance("noise:5", {"wer": Ratio(4 * wer, 4)})]
        when = f"2026-03-0{at + 1}T00:00:00+00:00"
        entry = Entry(KEY, Status.PASS, f"s{at}", result(said, key=KEY), values={"wer": wer}, finished_at=when)
        Ledger(desk.root / "mlruns", f"s{at}").append(entry)


def test_the_newest_result_is_shown(desk: Desk) -> None:
    prepare(desk, 0.5, 0.75)
    done = desk.type("curves", CASE)
    assert done.exit_code == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["condition", "fake:one", "cpu-float32"],
        ["clean", "0.00", "%"],
        ["noise:5", "75.00", "%", "█" * 15],
    ]


def test_a_case_without_a_result_or_of_another_task_is_told(desk: Desk) -> None:
    prepare(desk)
    assert "the ledger has no result of fake:one-hard_v1-cpu-float32: run it first" in desk.type("curves", CASE).stderr
    done = desk.type("curves", "fake:one-short_v1-cpu-float32")
    assert (done.exit_code, "is a case of asr: curves are of the task robustness" in done.stderr) == (2, True)
