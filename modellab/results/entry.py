"""One line of the ledger: a finished case with everything needed to log it anywhere, at any later time."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from modellab import tasks
from modellab.errors import ConfigError, NewerError, shortened
from modellab.results import ledger_line, serialization
from modellab.results.headline import NOT_RUN
from modellab.system import allocator, machine
from modellab.system.machine import Commit
from modellab.system.masking import masked, masked_settings
from modellab.types import CaseId, Result, Status, Verdict
from modellab.types.utterances import total_of

FORMAT = 1
WITH_PREPROCESSING = 2  # of an entry whose audio was preprocessed: who knows only 1 would take it for any other
NEWEST = WITH_PREPROCESSING  # of all that are read
SAME_CODE = ("dataset_digest", "weights", "threads")  # of the provenance: alike in sessions of the same thing
UNREAD = "unread"  # in the key of a case that could not even be read: whatever of it is not known
MOST_NOTES, MOST_OF_A_NOTE = 20, 500  # of an entry; characters
SHOWN = 20  # characters of a format in a message
# what of a result's provenance is no version
NOT_A_VERSION = {
    *("commit", "dataset_digest", "normaliser", "weights", "threads", machine.SELFTEST, machine.PROCESS),
    *(machine.HARDWARE, "preprocessing", "preprocessing_from", "privacy", "batch"),
    allocator.KEY,
    *("rescored_from", "normaliser_before", "digest_checked", "clocks"),
}


class Options(Protocol):
    """The part of a model's configuration that an entry records."""

    def options_for(self, variant: str) -> dict[str, Any]: ...


class Header(Protocol):
    """The part of a dataset's header that an entry records."""

    @property
    def privacy(self) -> str: ...


class Case(Protocol):
    """The part of a matrix case that an entry records."""

    @property
    def header(self) -> Header: ...

    @property
    def key(self) -> CaseId: ...
    @property
    def tier(self) -> str: ...
    @property
    def model(self) -> Options: ...


class Finished(Protocol):
    """A case after judgement, or after the ERROR that left nothing to judge."""

    @property
    def case(self) -> Case: ...
    @property
    def status(self) -> Status: ...
    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...
    @property
    def result(self) -> Result | None: ...
    @property
    def error(self) -> str: ...
    @property
    def notes(self) -> tuple[str, ...]: ...


def now() -> str:
    """This moment in UTC, ISO 8601 with microseconds: sorts as text."""
    return _iso(datetime.datetime.now(datetime.UTC).timestamp())


UNTRIED = "NOT_RUN"  # in place of a status


@dataclass(frozen=True, slots=True)
class Entry:
    """One finished case. `id` is what makes it unique everywhere, however often it is sent.

    `result` is None when the case ended in an ERROR before there was one; then `error` says why.
    `values` are the pooled metrics, `settings` the effective configuration (device, precision, threads, options),
    `notes` what a person should know beside the verdicts: what a failure looks like, what no judged metric counts.
    `labels` say why it was run: `by` whom, for which `job` of a server, as part of which `experiment`, and a `label`.
    """

    key: CaseId
    status: Status
    session: str
    result: Result | None = None
    verdicts: tuple[Verdict, ...] = ()
    error: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    tier: str = ""
    weights: str = ""
    commit: Commit = field(default_factory=Commit)
    versions: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    host: str = field(default_factory=machine.hostname)
    started_at: str = field(default_factory=now)
    finished_at: str = field(default_factory=now)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def red(self) -> bool:
        """This case fails its test."""
        return self.status.is_unmeasured or any(verdict.red for verdict in self.verdicts)

    @property
    def was_tried(self) -> bool:
        """Its turn came: one of a run that was stopped before says nothing of its model."""
        return self.result is not None or not self.error.startswith(f"{NOT_RUN}: ")

    @property
    def told_status(self) -> str:
        """What people and programs are told: the ledger keeps an ERROR of a case whose turn did not come."""
        return str(self.status) if self.was_tried else UNTRIED

    @classmethod
    def of(cls, finished: Finished, commit: Commit, session: str, started: float) -> Entry:
        """The entry of a case that has just finished; `started` is the `time.time()` at which it began."""
        key, result = finished.case.key, finished.result
        provenance: Mapping[str, str] = result.provenance if result else {}
        settings = {"device": key.device, "precision": key.precision, "threads": provenance.get("threads", "")}
        settings |= {name: provenance[name] for name in ("preprocessing",) if name in provenance}
        settings |= {"privacy": finished.case.header.privacy} if finished.case.header.privacy != "none" else {}
        return cls(
            key=key,
            status=finished.status,
            session=session,
            result=result,
            verdicts=finished.verdicts,
            error=finished.error,
            values=pooled(result) if result else {},
            tier=finished.case.tier,
            weights=masked(provenance.get("weights", "")),
            commit=commit,
            versions={name: text for name, text in provenance.items() if name not in NOT_A_VERSION},
            settings=masked_settings({**settings, **finished.case.model.options_for(key.variant)}),
            notes=bounded(masked(note) for note in finished.notes),
            started_at=_iso(started),
        )


def unread(task: str, *, model: str = UNREAD, dataset: str = UNREAD) -> CaseId:
    """The key under which a model or dataset that cannot be read is an ERROR: there are no cases of it."""
    return CaseId(task, dataset, model, UNREAD, UNREAD, UNREAD)


def is_unread(key: CaseId) -> bool:
    """Whether a key is of that kind: no device has the name."""
    return key.device == UNREAD


def bounded(notes: Iterable[str]) -> tuple[str, ...]:
    """So many notes as an entry keeps, each as long as it may be; the last one says how many are left out.

    >>> bounded(["a", "b"]), bounded(["a"] * 50)[-1]
    (('a', 'b'), 'and 31 more notes')
    """
    every = [shortened(note, MOST_OF_A_NOTE) for note in notes]
    if len(every) <= MOST_NOTES:
        return tuple(every)
    return (*every[: MOST_NOTES - 1], f"and {len(every) - MOST_NOTES + 1} more notes")


def pooled(result: Result) -> dict[str, float]:
    """The value of every metric of the result's task over all its utterances; none if the task is unknown here."""
    try:
        metrics = tasks.get(result.key.task).METRICS
    except ConfigError:
        return {}
    utterances = result.utterances
    return {metric.name: metric.pooled(*total_of(utterances, metric.name, some=True)) for metric in metrics}


def _optional(task: str) -> frozenset[str]:
    """The metrics of a task of which an utterance may have nothing; none of a task that is unknown here."""
    metrics = tasks.get(task).METRICS if task in tasks.names() else ()
    return frozenset(metric.name for metric in metrics if metric.optional)


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="microseconds")


TEXTS = ("id", "session", "started_at", "finished_at", "error", "tier", "weights", "host")


def encode(entry: Entry) -> serialization.Json:
    """The entry as JSON; its id comes first."""
    return {
        "format": WITH_PREPROCESSING if entry.key.preprocessing else FORMAT,
        **{name: getattr(entry, name) for name in TEXTS},
        "key": serialization.encode_key(entry.key),
        "status": str(entry.status),
        "values": serialization.encode_numbers(entry.values),
        "verdicts": [serialization.encode_verdict(verdict) for verdict in entry.verdicts],
        "commit": {name: getattr(entry.commit, name) for name in Commit.__slots__},
        "versions": dict(entry.versions),
        "settings": serialization.plain(entry.settings),
        **({"notes": list(entry.notes)} if entry.notes else {}),
        **({"labels": dict(entry.labels)} if entry.labels else {}),
        "result": None if entry.result is None else serialization.encode_result(entry.result),
    }


def pieces(entry: Entry) -> Iterator[bytes]:
    """`encode` as JSON text, one utterance after the other: the whole may be larger than the memory."""
    head = serialization.dumps(encode(replace(entry, result=None)))
    if entry.result is None:
        yield head.encode()
        return
    result = serialization.dumps(serialization.encode_result(replace(entry.result, utterances=())))
    yield (head.removesuffix("null}") + result.removesuffix("]}")).encode()
    optional = _optional(entry.key.task)
    for number, utterance in enumerate(entry.result.utterances):
        text = serialization.dumps(serialization.encode_utterance(utterance, optional))
        yield (f",{text}" if number else text).encode()
    yield b"]}}"


def decode(data: serialization.Json) -> Entry:
    """What `encode` wrote; raises NewerError on what a newer modellab wrote, else one of `errors.MALFORMED`."""
    if isinstance(data["format"], int) and data["format"] > NEWEST:
        raise NewerError(
            f"written by a newer modellab (format {shortened(str(data['format']), SHOWN)}, this one reads {NEWEST})"
        )
    if data["format"] not in {FORMAT, WITH_PREPROCESSING}:
        raise ValueError(f"format {data['format']!r}, expected {FORMAT}")
    ledger_line.check(data)
    texts = {name: data[name] for name in TEXTS}
    entry = Entry(
        key=serialization.decode_key(data["key"]),
        status=Status(data["status"]),
        result=None if data["result"] is None else serialization.decode_result(data["result"]),
        verdicts=tuple(serialization.decode_verdict(item) for item in data["verdicts"]),
        values=serialization.decode_numbers(data["values"]),
        commit=_commit(data["commit"]),
        versions={str(name): str(text) for name, text in data["versions"].items()},
        settings=dict(data["settings"]),
        notes=bounded(data.get("notes", ())),
        labels=dict(data.get("labels", {})),
        **texts,
    )
    if entry.result is not None:
        _check_metrics(entry.result)
    return entry


def _check_metrics(result: Result) -> None:
    """ValueError for counts from which its metric cannot be counted; of a task that is unknown here any will do."""
    try:
        metrics = {metric.name: metric for metric in tasks.get(result.key.task).METRICS}
    except ConfigError:
        return
    widths = {name: len(numbers) for utterance in result.utterances for name, numbers in utterance.counts.items()}
    for name in widths.keys() & metrics.keys():
        try:
            metrics[name].value([(1.0,) * widths[name]])
        except (IndexError, ValueError) as error:
            raise ValueError(f"{name} cannot be counted from {widths[name]} numbers") from error


def _commit(data: serialization.Json) -> Commit:
    return Commit(data["hash"], data["position"], data["branch"], data["dirty"])
