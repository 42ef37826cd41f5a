"""The one line that every door shows: never green words without what was judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modellab.results.entry import Entry
from modellab.results.headline import Headline, urgency
from modellab.types import Status, Verdict

from ..make import KEY, verdict

GOOD = verdict("wer", baseline=0.1)
BETTER = verdict("wer", Status.IMPROVED, baseline=0.2)
RED = verdict("wer", Status.REGRESSED, baseline=0.1)
LIMIT = verdict("wer", Status.REGRESSED, why="0.9 is above the limit 0.5 of short_v1")
NEW = verdict("wer", Status.NEW, why="no baseline: accept this run with --update-baselines --reason '...'")
STRICT = verdict("wer", Status.NEW, why="no baseline", red=True)
OTHER_DATA = verdict("wer", Status.NOT_COMPARABLE, why="the quality baseline is not comparable", red=True)
DOUBT = verdict("cer", Status.INCONCLUSIVE, baseline=0.1, why="8 of 40 changed, p 0.04: may be chance")
FAST = verdict("rtf", kind="speed", baseline=0.05)
LIGHT = verdict("peak_rss_bytes", kind="memory", baseline=1e8)
NO_SPEED = verdict("rtf", Status.NEW, kind="speed", why="no baseline for a-cpu-1t")
ELSEWHERE = verdict("rtf", Status.NOT_COMPARABLE, kind="speed", why="accepted on b, this is a")
BUSY = verdict("rtf", Status.INCONCLUSIVE, kind="speed", baseline=0.05, why="other processes kept 2.0 of 2 cores busy")
TAKEN = verdict("wer", Status.NEW, why="accepted by this run; was NEW")
TAKEN_SPEED = verdict("rtf", Status.NEW, kind="speed", why="accepted by this run; was NEW")
REPORTED = verdict("wil")  # of a metric that is never gated: no comparison


def entry(*verdicts: Verdict, status: Status | None = None, name: str = "one") -> Entry:
    worst = max((each.status for each in verdicts), key=list(Status).index, default=Status.PASS)
    return Entry(replace(KEY, variant=name), status or worst, "s1", verdicts=verdicts)


CRASHED = entry(status=Status.ERROR, name="crashed")
PARTIAL = entry(status=Status.PARTIAL, name="partial")
FINE = entry(GOOD, REPORTED, FAST, LIGHT)


SOME, ALL, NONE = "Nothing regressed in what was judged", "Nothing regressed", "Nothing was judged"
HERE = "no accepted baseline for this machine"


@pytest.mark.parametrize(
    ("cases", "lead", "quality", "resources", "colour"),
    [
        ([FINE, FINE], ALL, "2 of 2", "2 of 2", "green"),
        ([entry(BETTER, FAST)], ALL, "1 of 1", "1 of 1", "green"),
        ([entry(GOOD, NO_SPEED), entry(GOOD, ELSEWHERE)], SOME, "2 of 2", f"0 of 2: {HERE}", "yellowgreen"),
        ([FINE, entry(GOOD, BUSY)], SOME, "2 of 2", "1 of 2: undecided in 1", "yellowgreen"),
        ([FINE, entry(NEW, FAST)], SOME, "1 of 2: no accepted baseline in 1", "2 of 2", "yellow"),
        ([entry(NEW, NO_SPEED)], NONE, "0 of 1: no accepted baseline", f"0 of 1: {HERE}", "yellow"),
        ([entry(GOOD, DOUBT, FAST)], SOME, "0 of 1: undecided", "1 of 1", "yellow"),
        ([entry(RED, DOUBT), entry(LIMIT, DOUBT)], "2 regressions in 2 cases", "1 of 2: undecided in 1", "", "red"),
        (
            [FINE, PARTIAL], "1 PARTIAL in 2 cases",
            "1 of 2: measured in part in 1", "1 of 2: measured in part in 1", "yellow",
        ),
        ([FINE, CRASHED], "1 error in 2 cases", "1 of 2: not measured in 1", "1 of 2: not measured in 1", "yellow"),
        (
            [entry(RED, FAST), entry(RED, FAST), CRASHED], "2 regressions, 1 error in 3 cases",
            "2 of 3: not measured in 1", "2 of 3: not measured in 1", "red",
        ),
        (
            [entry(STRICT, FAST), entry(OTHER_DATA, FAST)], "1 NEW, 1 NOT COMPARABLE in 2 cases",
            "0 of 2: no accepted baseline in 1, not comparable with the baseline in 1", "2 of 2", "red",
        ),
        ([entry(LIMIT)], "1 regression in 1 case", "0 of 1: no accepted baseline", "", "red"),
        ([entry(TAKEN, TAKEN_SPEED)], NONE, "0 of 1: accepted by this run", "0 of 1: accepted by this run", "yellow"),
    ],
)  # fmt: skip
def test_the_headline(cases: list[Entry], lead: str, quality: str, resources: str, colour: str) -> None:
    headline = Headline.of(cases)
    assert headline.lead == lead
    share, _, why = quality.partition(": ")
    said = f"quality judged in {share} cases" + (f": {why}" if why else "")
    assert headline.judged == said + (f"{'; ' if why else ', '}speed and memory in {resources}" if resources else "")
    assert headline.text == f"{headline.lead}: {headline.judged}"
    assert headline.colour == colour


@pytest.mark.parametrize(
    ("cases", "text", "colour"),
    [
        ([CRASHED, CRASHED], "Nothing was measured, 2 errors in 2 cases: every case ended in an ERROR", "red"),
        ([], "Nothing was measured: no case has a verdict", "red"),
        ([entry(REPORTED)], "Nothing was judged: no case has a verdict", "yellow"),
        ([entry(NO_SPEED)], f"Nothing was judged: speed and memory judged in 0 of 1: {HERE}", "yellow"),
    ],
)
def test_where_there_is_little_to_say(cases: list[Entry], text: str, colour: str) -> None:
    headline = Headline.of(cases)
    assert (headline.text, headline.colour) == (text, colour)


def test_green_stands_alone_only_where_all_was_judged() -> None:
    shown = [FINE, entry(GOOD, NO_SPEED), entry(NEW, FAST), entry(DOUBT, FAST), CRASHED]
    for other in shown[1:]:
        headline = Headline.of([FINE, other])
        assert not headline.text.startswith("Nothing regressed:")
        assert headline.colour != "green"
        assert not headline.complete


def test_what_could_not_be_read_and_what_was_skipped_count() -> None:
    headline = Headline.of([FINE], left={"skipped": 2}, unread=["broken-model-broken"])
    assert headline.lead == "1 error in 2 cases"
    assert headline.judged.startswith("quality judged in 1 of 2 cases: not measured in 1; speed")
    assert headline.judged.endswith("; 2 cases skipped")
    assert headline.failed == ("broken-model-broken",)
    assert not Headline.of([FINE], left={"skipped": 1}).complete
    assert Headline.of([], unread=["x"]).lead == "Nothing was measured, 1 error in 1 case"


def test_differences_between_results_are_red() -> None:
    headline = Headline.of([FINE, FINE], differences=1)
    assert headline.lead == "1 regression between the results in 2 cases"
    assert headline.colour == "red"


def test_what_needs_a_person_first() -> None:
    cases = [FINE, entry(DOUBT), CRASHED, entry(RED)]
    assert [cases.index(each) for each in sorted(cases, key=urgency)] == [3, 2, 1, 0]


def test_the_names_of_what_failed() -> None:
    assert Headline.of([FINE, CRASHED]).failed == ("fake:crashed-short_v1-cpu-float32",)
