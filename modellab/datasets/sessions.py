"""One reference for all chunks of a session: what was heard in them is joined before it is scored.

Recordings of an hour come in chunks that a model can take, and their transcript for the whole (Earnings-22). With
`reference: session` under `settings:` the rows of a `session` are put in the order of their `chunk`, hypotheses and
texts are joined, and the counts of the whole sit on the last chunk; the others count nothing. A session is one cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from modellab.datasets import decoded_length
from modellab.errors import DatasetError
from modellab.types import Counts, Metric, Row, Utterance, finite
from modellab.types.utterances import Utterances

FEW = 3  # sessions that a sentence names


@runtime_checkable
class Joining(Protocol):
    """A task that scores sessions."""

    @property
    def METRICS(self) -> Sequence[Metric]: ...

    @property
    def PER_CHUNK(self) -> Sequence[str]:
        """The metrics that stay with each chunk."""

    def read(self, row: Row, options: Mapping[str, Any]) -> Any: ...

    def of_session(self, samples: Sequence[Any], outputs: Sequence[Any]) -> tuple[Any, Any]:
        """The chunks of a session, in order, as one sample and one output."""

    def score(self, sample: Any, output: Any) -> Mapping[str, Counts]: ...


def are_scored(options: Mapping[str, Any]) -> bool:
    """Whether a dataset, by its header, has references for sessions."""
    return bool(options.get("settings", {}).get("reference") == "session")


def by_name(rows: Sequence[Row]) -> dict[str, list[tuple[int, int]]]:
    """The chunks of each session in order: (number, place of the row)."""
    by_session: dict[str, list[tuple[int, int]]] = {}
    for place, row in enumerate(rows):
        by_session.setdefault(str(row["session"]), []).append((int(row["chunk"]), place))
    return {name: sorted(chunks) for name, chunks in by_session.items()}


def check(rows: Sequence[Row], options: Mapping[str, Any]) -> None:
    """DatasetError where a session has a chunk twice, or no text in any of its rows."""
    if not are_scored(options):
        return
    known: set[tuple[str, int]] = set()
    texts: dict[str, bool] = {}
    for row in rows:
        if not isinstance(row.get("session"), str) or not isinstance(row.get("chunk"), int):
            continue  # its own fault, which reading it tells
        name, chunk = str(row["session"]), int(row["chunk"])
        if (name, chunk) in known:
            raise DatasetError(f"case {row['id']!r}: the session {name!r} has the chunk {chunk} already")
        known.add((name, chunk))
        texts[name] = texts.get(name, False) or row.get("text") is not None or bool(row.get("texts"))
    if silent := [name for name, has_text in texts.items() if not has_text]:
        raise DatasetError(
            f"the session {silent[0]!r} has no reference: one of its rows needs `text` with the words of the session, "
            'or each those of its chunk; where nobody speaks it is ""'
        )


def faults(file: Path, rows: Sequence[Row], options: Mapping[str, Any]) -> Iterator[DatasetError]:
    """What `check` raises, with the name of the manifest."""
    try:
        check(rows, options)
    except DatasetError as fault:
        yield DatasetError(f"{file}: {fault}")


def told(rows: Sequence[Row], options: Mapping[str, Any]) -> Iterator[str]:
    """That chunks are missing, in a sentence."""
    if not are_scored(options):
        return
    gaps = [(name, gap) for name, chunks in by_name(rows).items() if (gap := _gaps([number for number, _ in chunks]))]
    if gaps:
        shown = ", ".join(f"{name} lacks {', '.join(map(str, gap[:FEW]))}" for name, gap in gaps[:FEW])
        yield f"chunks are missing in {len(gaps)} of its sessions, whose words count as deleted: {shown}"


def _gaps(numbers: Sequence[int]) -> list[int]:
    """The numbers that are not there, from 0, or 1 where none is 0, to the last one.

    >>> _gaps([0, 1, 3]), _gaps([1, 2]), _gaps([2, 3])
    ([2], [], [1])
    """
    there = set(numbers)
    return [number for number in range(0 if 0 in there else 1, max(there)) if number not in there]


def names_of(rows: Sequence[Row], options: Mapping[str, Any], ids: Collection[str]) -> Collection[str]:
    """These utterances and all others of their sessions."""
    if not are_scored(options):
        return ids
    sessions = {row["session"] for row in rows if str(row["id"]) in ids}
    return {str(row["id"]) for row in rows if row["session"] in sessions}


def settled(
    task: Any, rows: Sequence[Row], options: Mapping[str, Any], utterances: Sequence[Utterance]
) -> Sequence[Utterance]:
    """The utterances, row for row, with the counts of whole sessions on their last chunks; as they were without any."""
    if not are_scored(options) or not isinstance(task, Joining):
        return utterances
    counts: dict[int, Mapping[str, Counts]] = {}
    for chunks in by_name(rows).values():
        session = [(rows[place], utterances[place]) for _, place in chunks]
        whole = _whole(task, options, session)
        for (_, place), (_, utterance) in zip(chunks, session, strict=True):
            is_last = place == chunks[-1][1]
            shares = {
                name: utterance.counts[name]
                if name in task.PER_CHUNK
                else numbers
                if is_last
                else (0.0,) * len(numbers)
                for name, numbers in whole.items()
            }
            counts[place] = {**utterance.counts, **shares}
    return Utterances(replace(utterance, counts=counts[place]) for place, utterance in enumerate(utterances))


def _whole(task: Joining, options: Mapping[str, Any], session: Sequence[tuple[Row, Utterance]]) -> Mapping[str, Counts]:
    """The counts of a whole session."""
    samples = [decoded_length.stored(task, row, options, utterance) for row, utterance in session]
    outputs = [None if utterance.error else utterance.output for _, utterance in session]
    return finite.judgeable(task.score(*task.of_session(samples, outputs)), task.METRICS)
