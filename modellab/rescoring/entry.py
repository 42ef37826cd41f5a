"""Stored outputs scored anew, without running a model: for a normaliser, a metric or a setting that changed.

A result of the ledger holds everything that a task's `score` reads, so every quality metric can be counted again. What
was measured (times, memory, weights, versions, the outputs) stays; the new entry says in its provenance which entry it
was made from (`rescored_from`) and under which normaliser that was scored (`normaliser_before`).

Refused, in one sentence: a case without a result; a decoder with several seeds, of which only the first one's outputs
are kept; outputs of an older form; and a dataset whose digest is another one now, because nobody can tell whether the
audio or the reference was changed. A change of scoring settings alone (`tasks.asr.SCORING`) is told by trying; for
corrected references a person says that the audio is the same (`references=True`), and ids and lengths must agree.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from modellab import audio, datasets, gate, tasks, text
from modellab.datasets import Dataset, decoded_length, digests, sessions
from modellab.errors import AudioError, ConfigError
from modellab.plan import groups, thresholds
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.results import baselines, text_facts, withheld
from modellab.results.entry import Entry, pooled
from modellab.results.rescored import BEFORE, FROM, origin
from modellab.tasks import Recalled, Signed, Task
from modellab.types import QualityBaseline, Result, Row, Rule, Status, Utterance, Verdict, finite
from modellab.types.rows import sounding

RESOURCES = ("speed", "memory")
EARLIER = "when it was measured: "
UNJUDGED = "scored anew and not held against a baseline"
SAME_LENGTH_S = 0.02
SIGNS_SCORES = ("translation",)  # tasks whose signature is that of the scorer, and not of how the audio was made
AFTER = timedelta(microseconds=1)  # a rescored entry comes right after the one it was made from


def rescored(entry: Entry, data: Dataset, normaliser: str = "", *, references: bool = False) -> Entry:
    """The entry with every quality metric counted anew from its outputs; `normaliser` '' is the dataset's.

    Its quality is not judged (see `judged`); its id follows from what it was made of and its values, so that the same
    rescoring is the same entry. ConfigError with the reason where it cannot be made.
    """
    result = _scorable(entry, data, references=references)
    chosen = text.get(normaliser or data.normaliser)
    task, source = tasks.get(entry.key.task), origin(entry) or entry.id
    options = {**data.options, "normaliser": chosen.name}
    samples = [task.read(row, options) for row in data.rows]
    rows = {sample.id: row for sample, row in zip(samples, data.rows, strict=True)}
    scored = tuple(_utterance(task, rows, options, utterance, entry) for utterance in result.utterances)
    utterances = tuple(sessions.settled(task, [rows[utterance.id] for utterance in scored], options, scored))
    provenance = {
        **{name: fact for name, fact in result.provenance.items() if name not in (text.AS_WRITTEN, text.CUT)},
        **text_facts.facts(task, data, chosen.name, result.utterances),
        "dataset_digest": data.digest,
        "normaliser": str(chosen),
        FROM: source,
        BEFORE: result.provenance.get("normaliser", "none"),
        **(
            {"signature": task.signature(samples)}
            if entry.key.task in SIGNS_SCORES and isinstance(task, Signed)
            else {}
        ),
    }
    anew = replace(result, utterances=utterances, provenance=provenance)
    values = pooled(anew)
    verdicts = (*_unjudged(task, values), *(verdict for verdict in entry.verdicts if verdict.kind in RESOURCES))
    return replace(
        entry,
        result=anew,
        values=values,
        verdicts=verdicts,
        status=gate.worst(verdicts),
        error="",
        notes=tuple(f"{EARLIER}{note.removeprefix(EARLIER)}" for note in entry.notes),
        finished_at=(datetime.fromisoformat(entry.finished_at) + AFTER).isoformat(timespec="microseconds"),
        id=uuid.uuid5(uuid.UUID(hex=entry.id), f"{chosen} {data.digest} {sorted(values.items())}").hex,
    )


def judged(entry: Entry, case: Case, project: Project, family: int = 1, *, strict: bool = False) -> Entry:
    """The entry, its quality held against the baseline and the pinned release of today; speed and memory as they were.

    `family` is the number of cases in the whole session. With `strict` a missing baseline is red.
    """
    assert entry.result is not None
    task = tasks.get(entry.key.task)
    rules, options = thresholds.rules(task, case, project), gate.AssessmentOptions(strict, family=family)
    accepted = baselines.load(project.baselines, entry.key)
    pinned = baselines.load(project.baselines / baselines.PINNED, entry.key)
    verdicts = (
        *gate.assess(entry.result, accepted, task.METRICS, rules, options),
        *_by_group(entry.result, accepted, task, rules, case, options),
        *(verdict for verdict in entry.verdicts if verdict.kind in RESOURCES),
        *gate.drift(entry.result, pinned, accepted, task.METRICS, rules, options),
    )
    return replace(entry, verdicts=verdicts, status=gate.worst(verdicts))


def _by_group(
    result: Result,
    accepted: QualityBaseline | None,
    task: Task,
    rules: Mapping[str, Rule],
    case: Case,
    options: gate.AssessmentOptions,
) -> list[Verdict]:
    """The verdicts on groups, for which alone the dataset is read."""
    rows = datasets.load(case.dataset).rows if case.header.groups else ()
    return groups.verdicts(result, accepted, task.METRICS, rules, case.header, rows, options)


# ---------------------------------------------------------------------------- what can be scored anew


def _scorable(entry: Entry, data: Dataset, *, references: bool) -> Result:
    """The entry's result, or ConfigError saying why it cannot be scored anew with this dataset."""
    result = entry.result
    if result is None:
        reason = (entry.error.splitlines() or ["no sentence says why"])[0]
        raise ConfigError(f"{entry.key} has no outputs to score, it ended in an ERROR: {reason}")
    if (data.task, data.name) != (entry.key.task, entry.key.dataset):
        raise ConfigError(f"{entry.key} was measured on {entry.key.dataset} ({entry.key.task}), not on {data.name}")
    if int(seeds := result.provenance.get("seeds", "1")) > 1:
        raise ConfigError(
            f"{entry.key} is a mean over {seeds} seeds, of which only the first one's outputs are kept: run it again"
        )
    then = result.provenance.get("dataset_digest", "")
    if then != data.digest and not _only_scoring_differs(then, data):
        _check_same_audio(result, data, then, references=references)
    return result


def _only_scoring_differs(digest: str, data: Dataset) -> bool:
    """Whether the dataset had this digest under other settings of how it is scored."""
    names: Mapping[str, Sequence[Any]] = getattr(tasks.get(data.task), "SCORING", {})
    rows = data.without_settings
    for name, values in names.items():
        rest = {key: value for key, value in data.header.settings.items() if key != name}
        for settings in (rest, *({**rest, name: value} for value in values)):
            if settings != data.header.settings:
                head = data.header.model_copy(update={"settings": settings})
                if digests.of(head, rows) == digest:
                    return True
    return False


def _check_same_audio(result: Result, data: Dataset, then: str, *, references: bool) -> None:
    """ConfigError unless a person says that only references changed, and nothing speaks against it."""
    changed = f"{result.key} was measured on {data.name} with the digest {then or 'unknown'}, it is {data.digest} now"
    if not references:
        raise ConfigError(
            f"{changed}: run it again, or `modellab rescore --references` if only reference texts were corrected and"
            " the audio is the same"
        )
    rows = {str(row["id"]): row for row in data.rows}
    lengths = {id: float(row.get("duration_s", 0.0)) for id, row in rows.items()}
    if lengths.keys() != {utterance.id for utterance in result.utterances}:
        raise ConfigError(f"{changed}, and it has other utterances: --references takes corrected texts only")
    for utterance in result.utterances:
        made = isinstance(utterance.output, Mapping) and "duration_s" in utterance.output
        if not made and not _lasts(utterance.duration_s, rows[utterance.id], lengths[utterance.id]):
            raise ConfigError(
                f"{changed}, and {utterance.id} lasts {lengths[utterance.id]:g} s, it was {utterance.duration_s:g} s:"
                " the audio is another one, run it again"
            )


def _lasts(measured_s: float, row: Mapping[str, Any], stated_s: float) -> bool:
    """Whether a length is the manifest's or, where that is not the file's, the decoded one."""
    stated = abs(stated_s - measured_s) <= SAME_LENGTH_S
    return stated or abs(_decoded_s(row) - measured_s) <= SAME_LENGTH_S


def _decoded_s(row: Mapping[str, Any]) -> float:
    """The seconds of a row's audio as its files are decoded; NaN where they are not here."""
    parts = [part for _, part in sounding(dict(row))]
    stated_s = sum(float(part["duration_s"]) for part in parts)
    try:
        heard_s = sum(audio.read(part["audio"]).duration_s for part in parts)
    except AudioError:
        return math.nan
    return float(row["duration_s"]) * heard_s / stated_s if stated_s else math.nan


def _utterance(
    task: Task, rows: Mapping[str, Row], options: Mapping[str, Any], utterance: Utterance, entry: Entry
) -> Utterance:
    """The utterance with new counts, or ConfigError where its output is not what the task reads today."""
    if utterance.id not in rows:
        raise ConfigError(f"{entry.key} has an utterance {utterance.id!r} that its dataset has no more: run it again")
    if utterance.output is None and not utterance.error and entry.result and withheld.FACT in entry.result.provenance:
        raise ConfigError(
            f"the baseline of {entry.key} keeps hashes of what was said and no text, because its dataset is private:"
            " score a result of the ledger (modellab rescore) and accept that (modellab baselines accept)"
        )
    if utterance.output is None and not utterance.error and not isinstance(task, Recalled):
        raise ConfigError(f"a baseline of {entry.key.task} keeps too little of {entry.key} to score it again")
    try:
        sample = decoded_length.stored(task, rows[utterance.id], options, utterance)
        counts = finite.judgeable(task.score(sample, None if utterance.error else utterance.output), task.METRICS)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ConfigError(
            f"the output of {utterance.id} of {entry.key} cannot be scored ({type(error).__name__}: {error}): it was"
            " kept by another version of the task, run it again"
        ) from error
    return replace(utterance, counts=counts)


def _unjudged(task: Task, values: Mapping[str, float]) -> list[Verdict]:
    """One verdict for each metric of the task that says its value and nothing else."""
    verdicts = []
    for metric in task.METRICS:
        value = values[metric.name]
        if metric.optional and math.isnan(value):
            continue
        told = metric.gated and metric.kind == "quality" and not math.isnan(value)
        status, why = (Status.NEW, UNJUDGED) if told else (Status.PASS, "")
        verdicts.append(Verdict(metric.name, metric.unit, metric.kind, status, value, why=why))
    return verdicts
