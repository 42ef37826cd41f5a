"""A line of the ledger as a row of the index: what lists show and sort by, without what was said."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

from modellab import tasks
from modellab.errors import shortened
from modellab.gate.quality import COMPARED
from modellab.results import ledger, rescored, serialization, withheld
from modellab.results.entry import SAME_CODE, Entry, decode
from modellab.server.auth import PROJECT
from modellab.server.results.tables import ESTIMATES, MISSING

Row = dict[str, Any]
MOST_ERROR = 300  # characters of an error in a list


def row(line: bytes) -> Row:
    """The row of a line, without where it lies. Raises as `ledger.decoded` does for a line that is not an entry."""
    return _row(ledger.parsed(line))[0]


def estimated(line: bytes) -> Row:
    """The same with its intervals, in a process that may be large."""
    from modellab.server.results import estimates

    data = ledger.parsed(line)
    columns, entry = _row(data)
    return {**columns, **estimates.of_line(data, entry)}


def _row(data: Any) -> tuple[Row, Entry]:
    entry = _checked(data)
    labels = entry.labels
    utterances = data["result"]["utterances"] if data["result"] else ()
    key, is_private = entry.key, withheld.is_private(entry)
    name, value = headline(entry)
    error = withheld.message(entry.error) if is_private else entry.error
    made = {
        "id": entry.id,
        "project": labels.get("project") or PROJECT,
        "session": entry.session,
        **{part: getattr(key, part) for part in ("task", "dataset", "model", "variant", "device", "precision")},
        "preprocessing": key.preprocessing,
        "machine": entry.result.machine if entry.result else "",
        "host": entry.host,
        "commit": entry.commit.hash,
        "branch": entry.commit.branch,
        "started_at": entry.started_at,
        "finished_at": entry.finished_at,
        "status": entry.told_status,
        "tier": entry.tier,
        "metric": name,
        "person": labels.get("by", ""),
        "experiment": labels.get("experiment", ""),
        "error": shortened(next(iter(error.splitlines()), ""), MOST_ERROR),
        "dirty": entry.commit.dirty,
        "red": entry.red and entry.was_tried,
        "private": is_private,
        "utterances": len(utterances),
        "value": value if math.isfinite(value) else MISSING,
        "facts": serialization.dumps(_facts(entry, labels)),
        "measured": entry.result is not None,
        "data": data_of(entry),
        "measurement": rescored.measurement(entry),
        "thing": _setup_key(entry),
        **dict.fromkeys(ESTIMATES),
        "counted": 0,
        "doubt": "",
        "estimated": entry.result is None,
    }
    return made, entry


def data_of(entry: Entry) -> str:
    """What of the data and its scoring has to be the same for two results to be held against each other."""
    return data_key(entry.result.provenance if entry.result else {})


def data_key(facts: Mapping[str, str]) -> str:
    """The same of the facts of a result, or of the header of what is accepted."""
    return " ".join(facts.get(name, "") for name in COMPARED)


def _setup_key(entry: Entry) -> str:
    """The same for results of one case that were measured on one machine class with the same code, data and options."""
    if entry.result is None:
        return ""
    facts = entry.result.provenance
    options = [sorted(mapping.items()) for mapping in (entry.versions, entry.settings)]
    parts = [entry.result.machine, [facts.get(name) for name in SAME_CODE], *options]
    text = serialization.dumps(parts)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _checked(data: Any) -> Entry:
    """The entry of a line without its utterances: every part of it was looked at, few were made."""
    from modellab.results import ledger_line

    if not isinstance(data, dict):
        raise TypeError(f"it is a {type(data).__name__}")
    result = data.get("result")
    short = {**data, "result": {**result, "utterances": []}} if isinstance(result, dict) else data
    entry = decode(short)
    ledger_line.check(data)
    return entry


def headline(entry: Entry) -> tuple[str, float]:
    """The name and the value of the task's first metric; ('', NaN) of a task that is unknown here."""
    if entry.key.task not in tasks.names():
        return "", math.nan
    name = tasks.get(entry.key.task).METRICS[0].name
    return name, entry.values.get(name, math.nan)


def _facts(entry: Entry, labels: Mapping[str, str]) -> dict[str, Any]:
    """What a list shows besides."""
    return {
        "values": serialization.encode_numbers(entry.values),
        "readings": serialization.encode_numbers(entry.result.readings if entry.result else {}),
        "verdicts": [
            {"metric": verdict.metric, "status": str(verdict.status), "red": verdict.red} for verdict in entry.verdicts
        ],
        "weights": entry.weights,
        "labels": dict(labels),
    }
