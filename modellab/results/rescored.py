"""Which results were scored anew from stored outputs, and of what measurement: each measurement counts once."""

from __future__ import annotations

from collections.abc import Iterable

from modellab.results.entry import Entry

FROM = "rescored_from"  # in a result's provenance: the id of the entry that was measured
BEFORE = "normaliser_before"


def origin(entry: Entry) -> str:
    """The id of the measured entry that this one was rescored from; '' for one that was measured."""
    return entry.result.provenance.get(FROM, "") if entry.result else ""


def standing(entries: Iterable[Entry]) -> list[Entry]:
    """Each measurement once, as it was scored last; entries in their order."""
    ordered = sorted(entries, key=lambda entry: (entry.finished_at, entry.id))
    last = {measurement(entry): entry for entry in ordered}
    return [entry for entry in ordered if last[measurement(entry)] is entry]


def measurement(entry: Entry) -> str:
    """What an entry and its copies that were scored anew have in common: they are one run of the model."""
    return origin(entry) or entry.id
