"""Whose utterances are judged together: those of a speaker or of a recording."""

from __future__ import annotations

from modellab.datasets import Header
from modellab.types import Row


def cluster(row: Row, header: Header) -> str:
    """The speaker or recording whose utterances are judged together, as the dataset says; '' for none."""
    if header.settings.get("reference") == "session":
        return _name(row, "session")
    if header.cluster is None:
        return _name(row, "recording") or _name(row, "speaker")
    return "" if header.cluster == "utterance" else _name(row, header.cluster)


def _name(row: Row, key: str) -> str:
    """Who or what it is, '' for none; 0 is a name."""
    name = row.get(key)
    return "" if name is None else str(name)
