"""Our results for somebody else's scorer: references and hypotheses as they were compared, or as they were written.

Compared texts have gone through the dataset's normaliser, so that a scorer without one counts the same errors over the
same words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from modellab import tasks
from modellab.datasets import Dataset, decoded_length, sessions
from modellab.errors import ConfigError
from modellab.rescoring import hypotheses
from modellab.rescoring.hypotheses.records import Exported
from modellab.results.entry import Entry
from modellab.tasks import Task, Worded, asr, diarization, lid, meeting, translation, vad
from modellab.types import Row, SpokenTurn, Utterance

Plain = Callable[[str], str]
Texts = tuple[str, str]
TURNS = ("rttm",)  # formats of times and speakers alone
TEXTS = ("kaldi", "trn", "ctm", "stm", "nemo", "table")  # of words alone
OF_TURNS = ("diarization", "vad")  # tasks without words
SHOWN_AS = "speech"  # the speaker of what a detector of speech finds


def files(entry: Entry, data: Dataset, form: str, *, as_written: bool = False) -> Mapping[str, str]:
    """The files of a result in a format, by how their names end; ConfigError for what that cannot hold."""
    chosen = hypotheses.get(form)
    task = tasks.get(entry.key.task)
    wrong = TEXTS if task.NAME in OF_TURNS else TURNS if task.NAME in ("asr", "translation", "lid") else ()
    if form in wrong:
        fitting = [name for name in hypotheses.every() if name not in wrong]
        raise ConfigError(f"{form} cannot hold what {task.NAME} gives: --as {', '.join(fitting)}")
    if entry.result is None:
        raise ConfigError(f"{entry.key} ended in an ERROR, it has no hypotheses")
    if (then := entry.result.provenance.get("dataset_digest", "")) != data.digest:
        raise ConfigError(
            f"{entry.key} was measured on {data.name} with the digest {then or 'unknown'}, it is {data.digest} now: the"
            " references are others, run it again"
        )
    if data.is_private and any(
        utterance.output is None and not utterance.error for utterance in entry.result.utterances
    ):
        raise ConfigError(f"the baseline of {entry.key} keeps hashes of what was said, because {data.name} is private")
    if task.NAME not in WRITERS:
        raise ConfigError(f"results of {task.NAME} cannot be exported, those of {', '.join(WRITERS)} can")
    rows = {str(row["id"]): row for row in data.rows}
    pairs = [(rows[utterance.id], utterance) for utterance in entry.result.utterances]
    if sessions.are_scored(data.options) and isinstance(task, sessions.Joining):
        return chosen.write([*_sessions(task, data, pairs, as_written=as_written)])
    return chosen.write([_exported(task, row, data, utterance, as_written=as_written) for row, utterance in pairs])


def _sessions(
    task: sessions.Joining, data: Dataset, pairs: Sequence[tuple[Row, Utterance]], *, as_written: bool
) -> Iterator[Exported]:
    """The sessions of a dataset that are scored as a whole, each as one utterance called like it."""
    for name, chunks in sessions.by_name([row for row, _ in pairs]).items():
        own = [pairs[place] for _, place in chunks]
        samples = [decoded_length.stored(cast(Task, task), row, data.options, utterance) for row, utterance in own]
        sample, output = task.of_session(
            samples, [None if utterance.error else utterance.output for _, utterance in own]
        )
        wall_s = sum(utterance.wall_s for _, utterance in own)
        texts = WRITERS[data.task](sample, output, as_written)
        yield Exported(name, _audio(own[0][0]), float(sample.duration_s), wall_s, failed=output is None, **texts)


def _exported(task: Task, row: Row, data: Dataset, utterance: Utterance, *, as_written: bool) -> Exported:
    sample = decoded_length.stored(task, row, data.options, utterance)
    output = None if utterance.error else utterance.output
    write = WRITERS[task.NAME]
    is_known = math.isfinite(utterance.duration_s)  # a baseline keeps no lengths
    duration_s = utterance.duration_s if is_known else float(sample.duration_s)
    sides = write(sample, output, as_written)
    return Exported(utterance.id, _audio(row), duration_s, utterance.wall_s, failed=output is None, **sides)


def _audio(row: Row) -> str:
    return Path(row["audio"]).as_posix() if "audio" in row else ""


def _of_asr(sample: asr.Sample, output: Mapping[str, Any] | None, as_written: bool) -> dict[str, Any]:
    spoken, heard, normalise = cast(Worded, asr).words(sample, output)
    return _of_texts(sample, spoken, heard, normalise, as_written)


def _of_translation(sample: translation.Sample, output: Mapping[str, Any] | None, as_written: bool) -> dict[str, Any]:
    hypothesis = "" if output is None else str(output["text"])
    return _of_texts(sample, sample.references[0], hypothesis, sample.normaliser, as_written)


def _of_lid(sample: lid.Sample, output: Mapping[str, Any] | None, _: bool) -> dict[str, Any]:
    return {"reference": sample.spoken, "hypothesis": "" if output is None else str(output["language"])}


def _of_texts(sample: Any, spoken: str, heard: str, normalise: Plain, as_written: bool) -> dict[str, Any]:
    reference, hypothesis = (" ".join((text if as_written else normalise(text)).split()) for text in (spoken, heard))
    speaker = getattr(sample, "speaker", "")
    turns = (tuple(_whole(sample.duration_s, speaker, text)) for text in (reference, hypothesis))
    return dict(zip(("reference", "hypothesis", "spoken", "heard"), (reference, hypothesis, *turns), strict=True))


def _whole(duration_s: float, speaker: str, text: str) -> Iterator[SpokenTurn]:
    """A text as one turn over the whole utterance: whatever times a model gives are of its words as written."""
    if text:
        yield SpokenTurn(0.0, duration_s, speaker, text)


def _of_diarization(sample: diarization.Sample, output: Mapping[str, Any] | None, _: bool) -> dict[str, Any]:
    turns = [] if output is None else output["turns"]
    return {"spoken": _wordless(sample.turns), "heard": _wordless(turns)}


def _of_vad(sample: vad.Sample, output: Mapping[str, Any] | None, _: bool) -> dict[str, Any]:
    detected = [] if output is None else output["regions"]
    named = ([[*region[:2], SHOWN_AS] for region in regions] for regions in (sample.speech, detected))
    spoken, heard = map(_wordless, named)
    return {"spoken": spoken, "heard": heard}


def _wordless(turns: Any) -> tuple[SpokenTurn, ...]:
    return tuple(SpokenTurn(float(turn[0]), float(turn[1]), str(turn[2]), "") for turn in turns)


def _of_meeting(sample: meeting.Sample, output: Mapping[str, Any] | None, as_written: bool) -> dict[str, Any]:
    heard_turns = [] if output is None else [SpokenTurn(*turn) for turn in output["utterances"]]
    plain: Plain = str if as_written else sample.normaliser
    spoken, heard = (
        tuple(turn._replace(text=" ".join(plain(turn.text).split())) for turn in turns)
        for turns in (sample.utterances, heard_turns)
    )
    texts = (" ".join(turn.text for turn in turns if turn.text) for turns in (spoken, heard))
    return dict(zip(("reference", "hypothesis", "spoken", "heard"), (*texts, spoken, heard), strict=True))


WRITERS: Mapping[str, Callable[[Any, Any, bool], dict[str, Any]]] = {
    "asr": _of_asr,
    "translation": _of_translation,
    "lid": _of_lid,
    "diarization": _of_diarization,
    "vad": _of_vad,
    "meeting": _of_meeting,
}
