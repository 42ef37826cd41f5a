"""The scorecard as text and as Markdown, letter by letter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modellab.reports.scorecard import table
from modellab.runner.summary import CaseSummary
from modellab.types import Status, Verdict

from ...make import KEY, READINGS, verdict

MIB = 2.0**20


def row(variant: str, status: Status, *verdicts: Verdict, task: str = "asr", **fields: object) -> CaseSummary:
    given = {"utterances": 40, "changed": None, "readings": {**READINGS, "peak_rss_bytes": 182 * MIB}, **fields}
    return CaseSummary(replace(KEY, task=task, variant=variant), "smoke", status, verdicts=verdicts, **given)  # type: ignore[arg-type]


def wer(status: Status, now: float, change: float | None = None, **more: object) -> Verdict:
    interval = None if change is None else (change - 0.01, change + 0.01)
    return verdict("wer", status, now, change=change, interval=interval, detects=0.019, **more)


def rtf(status: Status, now: float = 0.024, change: float | None = None, **more: object) -> Verdict:
    return verdict("rtf", status, now, change=change, unit="s/s", kind="speed", **more)


def test_a_terminal_that_is_too_narrow_gets_lines_for_each_case() -> None:
    wide = max(len(line) for line in table.tables(ROWS[:3]).splitlines())
    assert table.tables(ROWS[:3], width=wide) == table.tables(ROWS[:3])
    lines = table.tables(ROWS[:3], width=60).splitlines()
    assert all(len(line) <= 60 for line in lines)
    at = lines.index(str(ROWS[2].key))
    assert lines[at + 1].startswith("  REGRESSED")
    assert " ".join(" ".join(lines[at + 2 :]).split()).startswith("N 40 · WER 3.10 % · change [95 %] +2.11 % [")
    assert "RTF change +30.0 %" in " ".join(" ".join(lines[at + 2 :]).split())


NO_BASELINE = "no baseline: accept this run"
ROWS = [
    row("passes", Status.PASS, wer(Status.PASS, 0.0087, 0.0), rtf(Status.PASS, change=0.004, detects=0.031), changed=0),
    row("changes", Status.PASS, wer(Status.PASS, 0.0087, -0.001), rtf(Status.PASS, change=-0.05), changed=3),
    row("regresses", Status.REGRESSED, wer(Status.REGRESSED, 0.031, 0.0211), rtf(Status.REGRESSED, change=0.3)),
    row("improves", Status.IMPROVED, wer(Status.IMPROVED, 0.001, -0.02), rtf(Status.NEW)),
    row("doubts", Status.INCONCLUSIVE, wer(Status.INCONCLUSIVE, 0.03, 0.01, why="too few"), changed=1),
    row("begins", Status.NEW, wer(Status.NEW, 0.02, why=NO_BASELINE), rtf(Status.NEW, why=NO_BASELINE)),
    row("differs", Status.NOT_COMPARABLE, wer(Status.NOT_COMPARABLE, 0.02, red=True, why="other data")),
    row("dies", Status.ERROR, utterances=0, readings={}, error="the worker died: int | float\nits log"),
]

TEXT = """\
model          dataset    device         N     WER               change [95 %]\
    detects    RTF    change    detects    peak MiB  verdict
fake:dies      short_v1   cpu-float32    -       -                           -\
          -      -         -          -           -  ERROR  lost
fake:improves  short_v1   cpu-float32   40  0.10 %  -2.00 % [-3.00 %, -1.00 %]\
     1.90 %  0.024         -          -         182  IMPROVED
"""


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.replace("&#124;", "/").strip("|").split("|")]


def test_the_table_has_a_line_for_each_case_sorted_by_name() -> None:
    head, _, *lines = table.tables(ROWS, "github").splitlines()
    assert cells(head) == [
        "model", "dataset", "device", "N", "WER", "change [95 %]", "detects", "RTF", "change", "detects", "peak MiB",
        "verdict",
    ]  # fmt: skip
    cpu = ["short_v1", "cpu-float32"]
    assert [cells(line) for line in lines] == [
        ["fake:begins", *cpu, "40", "2.00 %", "-", "1.90 %", "0.024", "-", "-", "182", "NEW"],
        ["fake:changes", *cpu, "40", "0.87 %", "-0.10 % [-1.10 %, +0.90 %]", "1.90 %", "0.024", "-5.0 %", "-", "182",
         "PASS  3 of 40 outputs changed"],
        ["fake:dies", *cpu, "-", "-", "-", "-", "-", "-", "-", "-", "**ERROR**  the worker died: int / float"],
        ["fake:differs", *cpu, "40", "2.00 %", "-", "1.90 %", "-", "-", "-", "182", "**NOT_COMPARABLE**  wer"],
        ["fake:doubts", *cpu, "40", "3.00 %", "+1.00 % [+0.00 %, +2.00 %]", "1.90 %", "-", "-", "-", "182",
         "INCONCLUSIVE  wer"],
        ["fake:improves", *cpu, "40", "0.10 %", "-2.00 % [-3.00 %, -1.00 %]", "1.90 %", "0.024", "-", "-", "182",
         "IMPROVED"],
        ["fake:passes", *cpu, "40", "0.87 %", "+0.00 % [-1.00 %, +1.00 %]", "1.90 %", "0.024", "+0.4 %", "3.10 %",
         "182", "PASS"],
        ["fake:regresses", *cpu, "40", "3.10 %", "+2.11 % [+1.11 %, +3.11 %]", "1.90 %", "0.024", "+30.0 %", "-",
         "182", "**REGRESSED**  wer, rtf"],
    ]  # fmt: skip


def test_the_text_of_the_terminal() -> None:
    assert table.tables([ROWS[3], replace(ROWS[7], error="lost\nits log")]) == TEXT.rstrip("\n")


def test_each_task_has_its_table_and_its_metric() -> None:
    f1 = row("one", Status.PASS, verdict("f1", now=0.97), task="vad")
    mine = row("two", Status.PASS, verdict("my_score", now=0.5, unit="1"), task="mine")
    tables = table.tables([ROWS[0], f1, mine], "github").split("\n\n")
    assert [cells(table.splitlines()[0])[4] for table in tables] == ["WER", "my_score", "F1"]
    assert [len(table.splitlines()) for table in tables] == [3, 3, 3]


def test_a_task_whose_cases_all_died_still_has_its_metric() -> None:
    assert cells(table.tables([ROWS[7]], "github").splitlines()[0])[4] == "WER"


def test_no_cases_no_tables() -> None:
    assert table.tables([]) == ""


def test_the_title() -> None:
    assert table.title("1a2b3c4", "amd-1t", ROWS) == "modellab scorecard · 1a2b3c4 vs baselines · amd-1t · 8 cases"


# ---------------------------------------------------------------------------- footnotes

ONE = "fake:one-short_v1-cpu-float32"


@pytest.mark.parametrize(
    ("rows", "notes"),
    [
        pytest.param([row("one", Status.PASS, wer(Status.PASS, 0.1))], [], id="nothing to say"),
        pytest.param(
            [row("one", Status.INCONCLUSIVE, wer(Status.INCONCLUSIVE, 0.1, why="too few"))],
            [f"{ONE}: wer INCONCLUSIVE: too few"],
            id="a doubt",
        ),
        pytest.param(
            [row("one", Status.NEW, wer(Status.NEW, 0.1, why="none"), rtf(Status.NEW, why="none"))],
            [f"{ONE}: wer, rtf NEW: none"],
            id="metrics with one reason together",
        ),
        pytest.param(
            [row(name, Status.NEW, wer(Status.NEW, 0.1, why="none")) for name in ("one", "two", "three")],
            ["3 cases: wer NEW: none"],
            id="cases with one reason together",
        ),
        pytest.param(
            [row("one", Status.PASS, wer(Status.PASS, 0.1), notes=("the weights changed",))],
            [f"{ONE}: the weights changed"],
            id="a note of its own",
        ),
        pytest.param(
            [row("one", Status.NOT_COMPARABLE, wer(Status.NOT_COMPARABLE, 0.1, why="other data", red=True))],
            [],
            id="what is red is told by the failure",
        ),
    ],
)
def test_footnotes_are_said_once(rows: list[CaseSummary], notes: list[str]) -> None:
    assert table.footnotes(rows) == notes


def test_what_would_decide_a_doubt_is_said_once() -> None:
    doubt = row("one", Status.INCONCLUSIVE, wer(Status.INCONCLUSIVE, 0.1, 0.05, baseline=0.05, why="too few"))
    (told,) = table.advice([doubt, replace(doubt, key=replace(doubt.key, variant="two"))])
    more = "more recordings (`modellab datasets power short_v1 --effect 5%` says how many)"
    limit = '"fake:*" = {wer = {limit = 0.1}} under [tool.modellab.cases], say'
    assert told == f"to have {ONE} decided: {more}, or a limit of yours ({limit})"
    assert table.advice([row("one", Status.PASS, wer(Status.PASS, 0.1, 0.0, baseline=0.1))]) == []
    alone = row("one", Status.INCONCLUSIVE, wer(Status.INCONCLUSIVE, 0.1, why="broke"))
    assert table.advice([alone]) == [], "nothing was accepted: more recordings would tell nothing"
