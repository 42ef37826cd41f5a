"""How a session went, in the words of every report: what is red, and what was judged at all.

`Headline.of(cases)` counts; terminal, report, comment, site, badge and JUnit print it. "Nothing regressed" stands alone
only where every case was held against a baseline in quality, speed and memory:

    Nothing regressed: quality judged in 10 of 10 cases, speed and memory in 10 of 10
    Nothing regressed in what was judged: quality judged in 10 of 10 cases, speed and memory in 0 of 10: no accepted
    baseline for this machine
    1 regression, 1 error in 10 cases: quality judged in 9 of 10 cases: not measured in 1; speed and memory in 9 ...
    Nothing was measured, 2 errors in 2 cases: every case ended in an ERROR
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from modellab.types import CaseId, Kind, Status, Verdict

OPEN = {Status.NEW, Status.NOT_COMPARABLE, Status.INCONCLUSIVE}  # of a verdict that decided nothing
QUALITY: frozenset[Kind] = frozenset({"quality"})
RESOURCES: frozenset[Kind] = frozenset({"speed", "memory"})
NOT_MEASURED, PARTLY_MEASURED, UNDECIDED = "not measured", "measured in part", "undecided"
SKIPPED, NOT_RUN, GONE = "skipped", "not run", "accepted before and gone"
NO_BASELINE, NONE_HERE = "no accepted baseline", "no accepted baseline for this machine"
REPORTED = "REPORTED"  # in place of PASS, where nothing was compared
TOLD = {"accepted by this run": "accepted by this run", "scored anew": "scored anew"}  # how a verdict's `why` begins
NOUNS = {Status.REGRESSED: "regression", Status.ERROR: "error"}  # the other statuses go by their name
Colour = Literal["green", "yellowgreen", "yellow", "red"]


class FinishedCase(Protocol):
    """A finished case: a line of the ledger, a row of the scorecard."""

    @property
    def key(self) -> CaseId: ...
    @property
    def status(self) -> Status: ...
    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...


@dataclass(frozen=True, slots=True)
class Judged:
    """In how many cases something was held against a baseline. `why` counts the reasons of the others."""

    cases: int
    of: int
    why: Mapping[str, int]

    @classmethod
    def count(cls, cases: Sequence[FinishedCase], kinds: Collection[Kind]) -> Judged:
        """Over the cases that have something of these kinds to judge; one without a measurement has everything."""
        reasons = [_unjudged(case, kinds) for case in cases if _concerned(case, kinds)]
        left = Counter(reason for reason in reasons if reason)
        return cls(reasons.count(""), len(reasons), dict(sorted(left.items(), key=lambda item: (-item[1], item[0]))))

    @property
    def all(self) -> bool:
        return self.cases == self.of

    @property
    def share(self) -> str:
        return f"{self.cases} of {self.of}"

    @property
    def reasons(self) -> str:
        """`: no accepted baseline`, `: not measured in 1, undecided in 2`, or ''."""
        if not self.why:
            return ""
        only = next(iter(self.why)) if len(self.why) == 1 and not self.cases else ""
        return f": {only or ', '.join(f'{why} in {count}' for why, count in self.why.items())}"


@dataclass(frozen=True, slots=True)
class Headline:
    """What a reader of one line has to know of some cases."""

    cases: int
    red: Mapping[Status, int]  # cases that fail, by status
    quality: Judged
    resources: Judged
    failed: tuple[str, ...] = ()  # the names of the cases without a measurement
    differences: int = 0  # what got worse between two results of a report; 0 where only one is shown
    left: Mapping[str, int] = field(default_factory=dict)  # cases without a verdict, by why: skipped, not run
    improved: int = 0

    @classmethod
    def of(
        cls,
        cases: Iterable[FinishedCase],
        *,
        differences: int = 0,
        left: Mapping[str, int] | None = None,
        unread: Sequence[str] = (),
    ) -> Headline:
        """Count finished cases; `unread` names those whose files could not even be read: errors as well.

        `left` counts the cases that were selected and have no verdict, by why.
        """
        every = list(cases)
        red = Counter(status for case in every if (status := _red(case)))
        failed = (*(str(case.key) for case in every if case.status.is_unmeasured), *unread)
        counted = {status: red[status] for status in (Status.REGRESSED, Status.ERROR, *Status) if red[status]}
        if unread:
            counted[Status.ERROR] = counted.get(Status.ERROR, 0) + len(unread)
        quality, resources = (_with(Judged.count(every, kinds), len(unread)) for kinds in (QUALITY, RESOURCES))
        improved = sum(case.status is Status.IMPROVED for case in every)
        without = {why: count for why, count in (left or {}).items() if count}
        return cls(len(every) + len(unread), counted, quality, resources, failed, differences, without, improved)

    @property
    def errors(self) -> int:
        """Cases without a measurement, or with half of one."""
        return sum(count for status, count in self.red.items() if status.is_unmeasured)

    @property
    def regressions(self) -> int:
        """Red cases that were measured."""
        return sum(self.red.values()) - self.errors

    @property
    def complete(self) -> bool:
        """Whether everything was judged, so that green needs no qualification."""
        return self.quality.all and self.resources.all and self.quality.of > 0 and not self.left

    @property
    def colour(self) -> Colour:
        """Red; yellow where quality was not judged everywhere; yellow-green where speed or memory was not.

        A case that was skipped could not run here: it changes no colour.
        """
        if self.regressions or self.differences or not self.cases or self.errors == self.cases:
            return "red"
        if self.errors or not self.quality.all or not self.quality.of or self.left.keys() - {SKIPPED}:
            return "yellow"
        return "green" if self.resources.all else "yellowgreen"

    @property
    def lead(self) -> str:
        """The first words: what is red, or what green covers."""
        if not self.cases:
            return "Nothing was measured"
        counts = [_count(count, status) for status, count in self.red.items()]
        counts += [f"{_count(self.differences, Status.REGRESSED)} between the results"] if self.differences else []
        if counts:
            alone = "Nothing was measured, " if self.errors == self.cases else ""
            return f"{alone}{', '.join(counts)} in {_cases(self.cases)}"
        if not (self.quality.cases or self.resources.cases):
            return "Nothing was judged"
        return "Nothing regressed" if self.complete else "Nothing regressed in what was judged"

    @property
    def judged(self) -> str:
        """In how many cases quality, and speed and memory, were judged, and why not in the others."""
        left = "".join(f"; {_cases(count)} {why}" for why, count in self.left.items())
        if self.cases and self.errors == self.cases:
            end = "is PARTIAL, go on with --resume" if set(self.red) == {Status.PARTIAL} else "ended in an ERROR"
            return f"every case {end}{left}"
        parts = []
        if self.quality.of:
            parts.append(f"quality judged in {self.quality.share} cases{self.quality.reasons}")
        if self.resources.of:
            parts.append(
                f"speed and memory {'' if parts else 'judged '}in {self.resources.share}{self.resources.reasons}"
            )
        text = ("; " if self.quality.why else ", ").join(parts) or "no case has a verdict"
        return f"{text}{left}"

    @property
    def text(self) -> str:
        """The whole headline, one line."""
        return f"{self.lead}: {self.judged}"

    @property
    def short(self) -> str:
        """For a badge: `none red of 10, speed judged in 0`."""
        bad = [f"{self.regressions} red" if self.regressions else "", f"{self.errors} broken" if self.errors else ""]
        head = f"{', '.join(filter(None, bad)) or 'none red'} of {self.cases}"
        measured = self.cases - self.errors
        less = [
            f"{name} judged in {part.cases}"
            for name, part in (("quality", self.quality), ("speed", self.resources))
            if part.cases < min(measured, part.of) or not part.of
        ]
        return ", ".join([head, *less])


def urgency(case: FinishedCase) -> int:
    """Where a case belongs in a list that has the worst first: red, without a measurement, undecided, the rest."""
    if case.status.is_unmeasured:
        return 1
    return 0 if _red(case) else 2 if case.status is Status.INCONCLUSIVE else 3


def _red(case: FinishedCase) -> Status | None:
    """The status that makes a case fail; None where it does not."""
    if case.status.is_unmeasured:
        return case.status
    return max((verdict.status for verdict in case.verdicts if verdict.red), key=list(Status).index, default=None)


def shown_status(verdict: Verdict) -> str:
    """The verdict's status for a person: REPORTED where a PASS would look as if something had been compared."""
    return REPORTED if only_reported(verdict) else str(verdict.status)


def only_reported(verdict: Verdict) -> bool:
    """Whether nothing was compared."""
    told = verdict.change is not None or verdict.p is not None or bool(verdict.why)
    return verdict.kind == "quality" and verdict.status is Status.PASS and not told


def _concerned(case: FinishedCase, kinds: Collection[Kind]) -> bool:
    return case.status.is_unmeasured or any(_counts(verdict, kinds) for verdict in case.verdicts)


def _counts(verdict: Verdict, kinds: Collection[Kind]) -> bool:
    """Whether the verdict is a comparison, made or missing; what is only reported, or keeps a limit, is none."""
    return verdict.kind in kinds and (verdict.red or verdict.status in OPEN or verdict.baseline is not None)


def _unjudged(case: FinishedCase, kinds: Collection[Kind]) -> str:
    """Why a case was not judged in these kinds; '' where it was."""
    if case.status.is_unmeasured:
        return NOT_MEASURED if case.status is Status.ERROR else PARTLY_MEASURED
    own = [verdict for verdict in case.verdicts if _counts(verdict, kinds)]
    if any(verdict.status is Status.REGRESSED and verdict.baseline is not None for verdict in own):
        return ""  # one metric has decided the case, whatever the others leave open
    undecided = next((verdict for verdict in own if verdict.status in OPEN), None)
    if undecided:
        return _reason(undecided)
    return "" if any(verdict.baseline is not None for verdict in own) else _reason(own[0])


def _reason(verdict: Verdict) -> str:
    for beginning, words in TOLD.items():
        if verdict.why.startswith(beginning):
            return words
    if verdict.status is Status.INCONCLUSIVE:
        return UNDECIDED
    if verdict.kind in RESOURCES:
        return NONE_HERE
    return "not comparable with the baseline" if verdict.status is Status.NOT_COMPARABLE else NO_BASELINE


def _with(judged: Judged, unread: int) -> Judged:
    """The same with cases that could not be read."""
    if not unread:
        return judged
    why = {**judged.why, NOT_MEASURED: judged.why.get(NOT_MEASURED, 0) + unread}
    return Judged(judged.cases, judged.of + unread, why)


def _count(count: int, status: Status) -> str:
    noun = NOUNS.get(status)
    return f"{count} {noun}{'s' * (count != 1)}" if noun else f"{count} {str(status).replace('_', ' ')}"


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"
