"""What each target is to be told, and the digest of some days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from modellab.reports.alerts import events, words
from modellab.reports.alerts.events import Event
from modellab.reports.alerts.rules import Rules
from modellab.reports.alerts.told import Told
from modellab.results.entry import Entry
from modellab.units import counted


def for_each(
    rules: Rules, entries: Sequence[Entry], releases: Sequence[Event], told: Mapping[str, Told]
) -> dict[str, list[Event]]:
    """By target, what is new for it; `entries` in order of time, `releases` as an index has them."""
    by_target = {}
    for name in rules.to:
        own = [rule for rule in rules.rule if name in rule.to]
        known = told.get(name, Told())
        new = [event for event in releases if event.subject not in known.releases]
        every = [*events.changes(entries, known.cases), *new]
        by_target[name] = [event for event in every if any(rule.takes(event.kind, event.cases) for rule in own)]
    return by_target


def digest(entries: Sequence[Entry], days: float, now: datetime | None = None) -> tuple[list[Event], list[str]]:
    """(what happened in the last days, that and how things stand in lines); `entries` in order of time."""
    entries = events.tried(entries)
    since = ((now or datetime.now(UTC)) - timedelta(days=days)).isoformat(timespec="microseconds")
    lately = [entry for entry in entries if entry.finished_at >= since]
    before = events.standings(entry for entry in entries if entry.finished_at < since)
    happened = events.changes(lately, before)
    newest = {entry.key: entry for entry in entries}
    red = sorted(str(key) for key, entry in newest.items() if entry.red)
    new = {event.subject for event in happened if event.kind == "regression"}
    still = [name for name in red if name not in new]
    sessions = {entry.session for entry in lately}
    ran = f"{counted(len(lately), 'result')} of {counted(len({e.key for e in lately}), 'case')}"
    lines = [
        f"{ran} in {counted(len(sessions), 'session')}; {len(red) or 'none'} of {counted(len(newest), 'case')} red now",
        *words.lines(happened),
        *([f"still red: {words.listed(still)}"] if still else []),
    ]
    return happened, lines
