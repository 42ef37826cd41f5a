"""What happened to cases between two moments: they became red, they recovered, a library had a release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from modellab.reports.alerts.rules import Kind
from modellab.results.entry import Entry
from modellab.types import CaseId, Verdict
from modellab.units import counted, value

NOT_A_LIBRARY = {"python"}
WORST = {"regression": 0, "recovery": 1, "release": 2}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a case was: red or not, with which versions of the libraries that it uses."""

    red: bool
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """`subject` is a case or a library with its versions; `cases` are those that it is about."""

    kind: Kind
    subject: str
    summary: str
    cases: tuple[CaseId, ...]
    is_red: bool = False


def tried(entries: Iterable[Entry]) -> list[Entry]:
    """Without the cases whose turn never came: that somebody stopped a run is no news of them."""
    return [entry for entry in entries if entry.was_tried]


def standings(entries: Iterable[Entry]) -> dict[str, Standing]:
    """How each case was at its newest entry; `entries` are in order of time."""
    return {str(entry.key): Standing(entry.red, dict(entry.versions)) for entry in tried(entries)}


def changes(entries: Sequence[Entry], before: Mapping[str, Standing]) -> list[Event]:
    """What is new since `before`: regressions, then recoveries, then releases that were measured.

    A case that `before` does not know is held against its entry before the newest; one that has a single entry is news
    if that is red.
    """
    history: dict[CaseId, list[Entry]] = defaultdict(list)
    for entry in tried(entries):
        history[entry.key].append(entry)
    news: list[Event] = []
    moved: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for key, own in history.items():
        newest = own[-1]
        last = before.get(str(key)) or (Standing(own[-2].red, own[-2].versions) if len(own) > 1 else None)
        if newest.red and not (last and last.red):
            news.append(Event("regression", str(key), _why(newest), (key,), is_red=True))
        elif last and last.red and not newest.red:
            news.append(Event("recovery", str(key), f"not red any more: {newest.status}", (key,)))
        for name, version in newest.versions.items():
            then = last.versions.get(name, version) if last else version
            if then != version and name not in NOT_A_LIBRARY:
                moved[name, then, version].append(newest)
    return sorted([*news, *_releases(moved)], key=lambda event: (WORST[event.kind], event.subject))


def _releases(moved: Mapping[tuple[str, str, str], Sequence[Entry]]) -> Iterator[Event]:
    for (name, then, now), entries in moved.items():
        red = sum(entry.red for entry in entries)
        summary = f"measured in {counted(len(entries), 'case')}, {red or 'none'} of them red"
        yield Event("release", f"{name} {then} -> {now}", summary, tuple(e.key for e in entries), is_red=bool(red))


def _why(entry: Entry) -> str:
    """The first red verdict of an entry in words, or the first line of its error."""
    if entry.error:
        return f"{entry.status}: {(entry.error.splitlines() or [''])[0][:200]}"
    red = [verdict for verdict in entry.verdicts if verdict.red]
    more = f", and {len(red) - 1} more" if len(red) > 1 else ""
    return f"{_verdict(red[0])}{more}" if red else str(entry.status)


def _verdict(verdict: Verdict) -> str:
    """A verdict with its numbers and the reason.

    >>> from modellab.types import Status
    >>> _verdict(Verdict("wer", "ratio", "quality", Status.REGRESSED, 0.2, baseline=0.1, why="not chance"))
    'wer REGRESSED: 20.00 %, accepted 10.00 %: not chance'
    """
    accepted = f", accepted {value(verdict.baseline, verdict.unit)}" if verdict.baseline is not None else ""
    why = f": {verdict.why}" if verdict.why else ""
    return f"{verdict.metric} {verdict.status}: {value(verdict.now, verdict.unit)}{accepted}{why}"
