"""Whose utterances are judged together: those of a speaker or of a recording."""

from __future__ import annotations

from modellab.datasets import Header
from modellab.types import Row


def cluster(row: Row, header: Header) -> str:
    """The speaker or recording whose utterances are judged together, as the dataset says; '' for none."""
    if header.settings.get("reference") == "session":
        return str(row.get("session", ""))
    if header.cluster is None:
        return str(row.get("recording") or row.get("speaker") or "")
    return "" if header.cluster == "utterance" else str(row.get(header.cluster, ""))
