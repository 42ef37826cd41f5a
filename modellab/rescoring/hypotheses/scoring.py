"""The result of somebody else's hypotheses: each row through the task's own `score`, as in a run, then the gate.

There are no times and no memory in it. A row without a hypothesis is one on which the model failed, unless a person
says that it stands for an answer without words or turns.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from modellab import diagnosis, gate, tasks, text
from modellab.datasets import Dataset, clusters, sessions
from modellab.errors import ConfigError, DatasetError
from modellab.plan import elsewhere
from modellab.plan.matrix import Case
from modellab.plan.settings import Project
from modellab.rescoring.entry import judged
from modellab.rescoring.hypotheses.matching import Answer, Matched, some
from modellab.results import baselines, changed_outputs, text_facts, withheld, without_speech
from modellab.results.entry import Entry
from modellab.system import machine
from modellab.system.masking import masked
from modellab.tasks import Signed, Task
from modellab.types import (
    QualityBaseline,
    Region,
    Result,
    Row,
    Segment,
    SpokenTurn,
    Status,
    Transcript,
    Turn,
    Utterance,
    Verdict,
    finite,
)
from modellab.types.utterances import Utterances

MISSING = "there is no hypothesis for it"
HYPOTHESES = "hypotheses"  # in a result's provenance: the file that they were in


def _transcript(answer: Answer) -> Transcript | None:
    if answer.text is None:
        return None
    segments = tuple(Segment(turn.text, turn.start_s, turn.end_s) for turn in answer.turns or ())
    return Transcript(answer.text, segments, confidences=answer.confidences)


def _words(answer: Answer) -> str | None:
    return answer.text


def _turns(answer: Answer) -> list[Turn] | None:
    return None if answer.turns is None else [Turn(*turn[:3]) for turn in answer.turns]


def _regions(answer: Answer) -> list[Region] | None:
    return None if answer.turns is None else [Region(*turn[:2]) for turn in answer.turns]


def _spoken(answer: Answer) -> list[SpokenTurn] | None:
    return None if answer.turns is None else list(answer.turns)


OUTPUTS: Mapping[str, Callable[[Answer], Any]] = {  # by task: what a model would have returned
    "asr": _transcript,
    "translation": _words,
    "lid": _words,
    "diarization": _turns,
    "vad": _regions,
    "meeting": _spoken,
}
OF_TURNS = ("diarization", "vad", "meeting")


class Scored(NamedTuple):
    """What came of the hypotheses: as a case of a run ends."""

    case: Case
    status: Status
    verdicts: tuple[Verdict, ...]
    result: Result
    accepted: QualityBaseline | None
    notes: tuple[str, ...]
    error: str = ""


def scored(
    project: Project,
    case: Case,
    data: Dataset,
    matched: Matched,
    file: Path,
    *,
    empty: bool = False,
    strict: bool = False,
) -> Scored:
    """The result of the hypotheses in `file`, judged; with `empty` a row without one has an answer with nothing in it.

    With `strict` a missing baseline is red.

    ConfigError for a task that is not scored from text or turns, and where no hypothesis is about a row.
    """
    task, folder = tasks.get(data.task), project.baselines
    if data.task not in OUTPUTS:
        raise ConfigError(f"{data.name} is a dataset of {data.task}: hypotheses are scored for {', '.join(OUTPUTS)}")
    _check(matched, data)
    result = _result(task, case, data, matched.answers, project, empty=empty)
    result = replace(result, provenance={**result.provenance, **_origin(file, data)})
    accepted = baselines.load(folder, case.key)
    bare = Entry(case.key, Status.PASS, "", result)
    (verdicts,) = gate.settle([judged(bare, case, project, strict=strict).verdicts], project.judging.alpha)
    if data.is_private:
        verdicts = withheld.verdicts(verdicts, result)
    looks = diagnosis.notes(verdicts, task, result, data, None if data.is_private else accepted)
    notes = (
        *_told(matched, data, result.utterances, empty=empty),
        *(map(withheld.note, looks) if data.is_private else looks),
    )
    remember = data.remembering(task.remember)
    if accepted and (changed := sum(1 for _ in changed_outputs.changed(task, result, accepted, remember))):
        notes = (*notes, f"{changed} of {len(result.utterances)} outputs are others than the baseline's")
    return Scored(case, gate.worst(verdicts), tuple(verdicts), result, accepted, tuple(map(masked, notes)))


def entry(done: Scored, project: Project, session: str, started: float) -> Entry:
    """The ledger's entry of it."""
    return Entry.of(done, machine.commit(project.root), session, started)


def case(project: Project, folder: Path, name: str) -> Case:
    """The case of a model that ran elsewhere, MODEL or MODEL:VARIANT, on a dataset."""
    return elsewhere.case(project, folder, name)


def now() -> float:
    """When scoring began."""
    return time.time()


def _check(matched: Matched, data: Dataset) -> None:
    """ConfigError where nothing in the file is about the dataset."""
    if not matched.answers:
        first = matched.surplus[0] if matched.surplus else "nothing at all"
        raise ConfigError(
            f"no hypothesis is about a row of {data.name}: the file has {first!r}, the dataset {data.rows[0]['id']!r};"
            " are they of another dataset, or is another column the id (--column id=COLUMN)?"
        )
    kind = "text" if data.task not in OF_TURNS else "turns"
    if all(getattr(answer, kind) is None for answer in matched.answers.values()):
        wanted = "who speaks when" if kind == "turns" else "words"
        raise ConfigError(f"the file does not say {wanted}, which {data.task} is scored by: is it of another task?")
    turns = (turn for answer in matched.answers.values() for turn in answer.turns or ())
    if data.task == "meeting" and not any(turn.text for turn in turns):
        raise ConfigError(
            "the file does not say what is said, only who speaks when: it is for a dataset of diarization"
        )


def _result(
    task: Task, case: Case, data: Dataset, answers: Mapping[str, Answer], project: Project, *, empty: bool
) -> Result:
    options = data.options
    sessions.check(data.rows, options)
    blank = Answer("", ()) if empty else None

    def utterance(row: Row) -> Utterance:
        answer, cluster = answers.get(str(row["id"]), blank), clusters.cluster(row, data.header)
        sample = task.read(row, options)
        answered = _utterance(task, sample, answer, cluster)
        if data.is_private:
            answered = replace(answered, counts={**answered.counts, **withheld.counted(task, sample, answered.output)})
        return answered

    utterances = sessions.settled(task, data.rows, options, Utterances(map(utterance, data.rows)))
    samples = (task.read(row, options) for row in data.rows)
    provenance = {
        "commit": machine.commit(project.root).hash,
        "dataset_digest": data.digest,
        "normaliser": str(text.get(data.normaliser)),
        **text_facts.facts(task, data, data.normaliser, utterances),
        **({"signature": task.signature(samples)} if isinstance(task, Signed) else {}),
        **withheld.provenance(data.secret),
    }
    return Result(case.key, utterances, {}, elsewhere.MACHINE, provenance)


def _utterance(task: Task, sample: Any, answer: Answer | None, cluster: str) -> Utterance:
    given = None if answer is None else OUTPUTS[task.NAME](answer)
    try:
        output = None if given is None else task.encode(given)
    except (TypeError, ValueError) as fault:
        raise DatasetError(f"the hypothesis for {sample.id} is none of {task.NAME}: {fault}") from None
    try:
        counts = finite.judgeable(task.score(sample, output), task.METRICS)
    except ValueError as fault:
        raise DatasetError(f"the hypothesis for {sample.id} cannot be scored: {fault}") from None
    return Utterance(
        sample.id,
        counts,
        output,
        math.nan,
        math.nan,
        sample.duration_s,
        MISSING if output is None else "",
        cluster,
    )


def _origin(file: Path, data: Dataset) -> dict[str, str]:
    """Which hypotheses these are; of a private dataset without the file's name, and with a keyed hash."""
    with file.open("rb") as held:
        digest = hashlib.file_digest(held, "sha256").hexdigest()
    if data.secret:
        return {"weights": f"hypotheses:{data.secret.hash(HYPOTHESES, digest)}"}
    return {"weights": f"hypotheses:sha256:{digest}", HYPOTHESES: file.name}


def _told(matched: Matched, data: Dataset, utterances: Sequence[Utterance], *, empty: bool) -> Iterator[str]:
    """What does not fit, in sentences."""
    ids = [str(row["id"]) for row in data.rows]
    kind = "turns" if data.task in OF_TURNS else "text"
    yield from sessions.told(data.rows, data.options)
    if not sessions.are_scored(data.options):
        yield from without_speech.told(utterances)
    none = [id for id in ids if id not in matched.answers or getattr(matched.answers[id], kind) is None]
    if none:
        as_what = "an answer with nothing in it" if empty else "a failure of the model"
        yield f"{len(none)} of {len(ids)} rows have no hypothesis, each counts as {as_what}: {some(none)}"
    if matched.surplus:
        fitting = "hypothesis fits" if len(matched.surplus) == 1 else "hypotheses fit"
        yield f"{len(matched.surplus)} {fitting} no row of {data.name}, left out: {some(matched.surplus)}"
    if matched.outside:
        yield f"{len(matched.outside)} lie outside of every row of their recording, left out: {some(matched.outside)}"
