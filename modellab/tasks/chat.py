"""Dialogue: what a user says in turn, in text or aloud; what the model answers, in words, aloud, or both.

Manifest row: {id, script: [{text} or {audio, duration_s}, each with expect?], condition?}, where
    expect is {keywords?, regex?, modality?}. `keywords` is a list of words or phrases that the answer must hold,
    `regex` is searched for in it (case ignored), `modality` is a list out of text, audio: exactly that is wanted. The
    header's `settings: {modality: [...]}` says it for every line that does not.
Model: `converse()` begins a dialogue and returns an object with `say(said: str | Audio) -> Reply`, 16 kHz mono.
Output as JSON: {"replies": [see modellab/tasks/_dialogue.py], "duration_s": seconds of audio made}.

What an answer says is its own text; where a model gives none, it is what the dataset's judge (an ASR model) heard. The
judge also tells how well the spoken answer is understood: `spoken_wer` is what it heard against the answer's own text,
so it holds the judge's errors too. A question asked again in the same words or the same recording is to be answered as
before: `stable_rate`. A model that raised said nothing in every turn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from modellab import audio, text
from modellab.errors import DatasetError, did_you_mean
from modellab.metrics.edit_distance import Alignment, align
from modellab.tasks import _dialogue
from modellab.tasks.asr import Transcriber
from modellab.text import Normaliser
from modellab.types import RARE, Audio, Counts, Gross, Metric, Ratio, Reply, Row
from modellab.types.display import DisplayBlock, Lines, Sound, Words
from modellab.types.rows import seconds

NAME = "chat"
RATE_HZ = 16_000
EXPECTATIONS = ("keywords", "regex", "modality")
LINE = ("text", "audio", "duration_s", "expect")

METRICS = (
    Metric("met_rate", unit="ratio", better="higher", margin=0.01, gross=Gross(0.5, 0.0, 0.05)),
    Metric("spoken_wer", unit="ratio", better="lower", margin=0.001, margin_relative=0.01, gross=Gross()),
    Metric("stable_rate", unit="ratio", better="higher", margin=0.01, gross=Gross(0.5, 0.0, 0.05)),
    Metric("success_rate", unit="ratio", better="higher"),
    Metric("answered_rate", unit="ratio", better="higher", kind="sanity", margin=0.02),
    Metric("modality_rate", unit="ratio", better="higher", kind="sanity", margin=0.02),
    Metric("complete_rate", unit="ratio", better="higher", kind="sanity", margin=0.02, gross=RARE),
    *_dialogue.METRICS,
)
LIMITS: Mapping[str, float] = {
    "success_rate": 1.0,
    "answered_rate": 1.0,
    "modality_rate": 1.0,
    "complete_rate": 0.95,
    **_dialogue.LIMITS,
}
ROW = ("script", "condition")
SETTINGS: Mapping[str, Any] = {"modality": []}


class Dialogue(Protocol):
    """One dialogue: each answer goes on from everything said before, by both."""

    def say(self, said: str | Audio) -> Reply: ...


class Talker(Protocol):
    """What a dialogue model's adapter provides."""

    def converse(self) -> Dialogue: ...


@dataclass(frozen=True, slots=True)
class Line:
    """What a user says, and what is expected of the answer; empty where nothing is."""

    prompt: str  # the text, or the name of the file: what tells one question from another
    keywords: tuple[str, ...] = ()  # after the normaliser
    regex: str = ""
    modality: frozenset[str] = frozenset()
    aloud: bool = False  # `prompt` names a file


@dataclass(frozen=True, slots=True)
class Sample:
    """One dialogue's script."""

    id: str
    duration_s: float  # of what the model is given as audio
    lines: tuple[Line, ...]
    normaliser: Normaliser
    condition: str = ""


def read(row: Row, options: Mapping[str, Any]) -> Sample:
    """A Sample, or DatasetError; uses the header's `normaliser`, `judge` and `settings`."""
    script = row.get("script")
    if not isinstance(script, list) or not script:
        raise DatasetError(f"case {row['id']!r}: expected `script` as a list of what the user says, got {script!r}")
    modality = {**SETTINGS, **options.get("settings", {})}["modality"]
    normaliser = text.of_row(row, options)
    try:
        lines = tuple(_line(line, modality, normaliser) for line in script)
    except ValueError as error:
        raise DatasetError(f"case {row['id']!r}: {error}") from error
    if not options.get("judge") and any("audio" in line.modality for line in lines):
        raise DatasetError("answers are to be spoken and the header names no `judge` (MODEL:VARIANT) that hears them")
    return Sample(str(row["id"]), seconds(row), lines, normaliser, str(row.get("condition", "")))


def prepare(row: Row) -> list[str | Audio]:
    """What the user says: each line's text, or its audio as 16 kHz mono."""
    return [audio.read(Path(line["audio"]), RATE_HZ) if "audio" in line else line["text"] for line in row["script"]]


def run(model: Talker, given: Sequence[str | Audio]) -> list[Reply]:
    """The whole dialogue: the timed call."""
    dialogue = model.converse()
    return [dialogue.say(prompt) for prompt in given]


def encode(output: Any) -> dict[str, Any]:
    """The replies as JSON types, audio as it is; TypeError for anything else."""
    answers = [_dialogue.as_json(reply, "say()") for reply in output]
    made_s = sum(answer["audio"].duration_s for answer in answers if answer["audio"])
    return {"replies": answers, **({"duration_s": made_s} if made_s else {})}


def examine(judge: Transcriber, row: Row, output: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG001
    """The output with what the judge heard in each spoken answer. It is not told what was asked."""
    return {**output, "replies": [_dialogue.heard(judge, reply) for reply in output["replies"]]}


def score(sample: Sample, output: Mapping[str, Any] | None) -> dict[str, Counts]:
    """Counts for each metric; `None` (the model raised) is scored as no answer in any turn."""
    answers = _answers(sample, output)
    turns = [*zip(sample.lines, answers, strict=True)]
    met = [met for line, answer in turns for _, met in _expectations(sample, line, answer)]
    spoken = [aligned.words for answer in answers if (aligned := _aligned(sample, answer))]
    again = _asked_again(sample, answers)
    n = len(turns)
    return {
        "met_rate": Ratio(float(sum(met)), len(met)),
        "spoken_wer": Ratio(sum(words.errors for words in spoken), sum(words.reference_length for words in spoken)),
        "stable_rate": Ratio(float(sum(again)), len(again)),
        "success_rate": Ratio(float(output is not None)),
        "answered_rate": Ratio(float(sum(bool(_dialogue.modality(answer)) for answer in answers)), n),
        "modality_rate": Ratio(float(sum(_fits(line, answer) for line, answer in turns)), n),
        "complete_rate": Ratio(float(sum(answer["complete"] for answer in answers)), n),
        **_dialogue.summed([_dialogue.counts(answer) for answer in answers]),
    }


def remember(output: Mapping[str, Any] | None) -> list[str] | None:
    """What each answer says, before the normaliser."""
    return None if output is None else [_dialogue.answer_text(reply) for reply in output["replies"]]


def show(sample: Sample, output: Mapping[str, Any] | None) -> list[str]:
    """The dialogue, each answer with what was heard of it, where its audio lies, and what is wrong with it."""
    if output is None:
        return [*(f"user   {line.prompt}" for line in sample.lines), "(the model raised: no answers)"]
    lines: list[str] = []
    for line, answer in zip(sample.lines, output["replies"], strict=True):
        lines += [f"user   {line.prompt}", f"model  {answer['text']}", *_dialogue.lines(answer)]
        lines += [f"       {what}: not met" for what, met in _expectations(sample, line, answer) if not met]
        if not _fits(line, answer):
            given, wanted = (" and ".join(sorted(names)) for names in (_dialogue.modality(answer), line.modality))
            lines.append(f"       answered in {given or 'nothing'}, expected {wanted or 'an answer'}")
    changed = sum(not same for same in _asked_again(sample, output["replies"]))
    return [*lines, *([f"{changed} asked again and answered differently"] if changed else [])]


def draw(sample: Sample, output: Mapping[str, Any] | None) -> list[DisplayBlock]:
    """Turn by turn: the question, the answer as text and sound, its text against what was heard, what it lacks."""
    blocks: list[DisplayBlock] = []
    for turn, (line, answer) in enumerate(zip(sample.lines, _answers(sample, output), strict=True), start=1):
        alone = {"replies": [answer]}
        blocks += [Sound(Path(line.prompt), f"user, turn {turn}")] if line.aloud else []
        line = replace(line, prompt=Path(line.prompt).name) if line.aloud else line
        shown = show(replace(sample, lines=(line,)), alone) if output is not None else [f"user   {line.prompt}"]
        blocks.append(Lines(tuple(line for line in shown if not line.startswith("audio")), f"turn {turn}"))
        if answer["audio"]:
            blocks.append(Sound(Path(answer["audio"]["audio"]), f"answer, turn {turn}"))
        if aligned := _aligned(sample, answer):
            blocks.append(Words(aligned.steps, "the answer's own text above, what the judge heard below"))
    changed = sum(not same for same in _asked_again(sample, _answers(sample, output)))
    blocks += [Lines((f"{changed} asked again and answered differently",))] if output is not None and changed else []
    return [*blocks, *([] if output is not None else [Lines(("(the model raised: no answers)",))])]


def _line(given: Mapping[str, Any], modality: Sequence[str], normaliser: Normaliser) -> Line:
    """One line of a script, or ValueError saying what is wrong with it."""
    if unknown := next((key for key in given if key not in LINE), ""):
        raise ValueError(f"a line of the script has {unknown!r}: {did_you_mean(unknown, LINE)}")
    if ("text" in given) == ("audio" in given) or not str(given.get("text", "audio")).strip():
        raise ValueError(f"a line of the script has a `text` or an `audio`, got {dict(given)!r}")
    expect = given.get("expect", {})
    if not isinstance(expect, Mapping):
        raise ValueError(f"expected `expect` as {', '.join(EXPECTATIONS)}, got {expect!r}")
    if unknown := next((key for key in expect if key not in EXPECTATIONS), ""):
        raise ValueError(f"`expect` has {unknown!r}: {did_you_mean(unknown, EXPECTATIONS)}")
    keywords, regex, wanted = expect.get("keywords", []), expect.get("regex", ""), expect.get("modality", modality)
    if not isinstance(keywords, list) or not all(isinstance(word, str) and normaliser(word) for word in keywords):
        raise ValueError(f"expected `keywords` as a list of words, got {keywords!r}")
    try:
        re.compile(regex)
    except (re.error, TypeError) as error:
        raise ValueError(f"regex {regex!r} is none: {error}") from error
    if not isinstance(wanted, list) or not set(wanted) <= set(_dialogue.MODALITIES):
        raise ValueError(f"expected `modality` as a list out of {', '.join(_dialogue.MODALITIES)}, got {wanted!r}")
    prompt = str(given["text"] if "text" in given else given["audio"])
    return Line(prompt, tuple(map(normaliser, keywords)), regex, frozenset(wanted), "audio" in given)


def _answers(sample: Sample, output: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    return [_dialogue.NOTHING] * len(sample.lines) if output is None else output["replies"]


def _fits(line: Line, reply: Mapping[str, Any]) -> bool:
    given = _dialogue.modality(reply)
    return given == line.modality if line.modality else bool(given)


def _expectations(sample: Sample, line: Line, reply: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Each thing that the answer is to hold, and whether it does."""
    answer = _dialogue.answer_text(reply)
    words = f" {sample.normaliser(answer)} "
    checks = [(f"keyword {word!r}", f" {word} " in words) for word in line.keywords]
    return checks + ([(f"regex {line.regex!r}", bool(re.search(line.regex, answer, re.I)))] if line.regex else [])


def _asked_again(sample: Sample, answers: Sequence[Mapping[str, Any]]) -> list[bool]:
    """For each question that was asked before in this dialogue: whether the answer is the first one again."""
    first: dict[str, str] = {}
    same = []
    for line, answer in zip(sample.lines, answers, strict=True):
        words = sample.normaliser(_dialogue.answer_text(answer))
        if line.prompt in first:
            same.append(bool(words) and words == first[line.prompt])
        else:
            first[line.prompt] = words
    return same


def _aligned(sample: Sample, answer: Mapping[str, Any]) -> Alignment | None:
    """What was heard against the answer's own text; None where one of them is missing."""
    own = sample.normaliser(answer["text"])
    return align(own, sample.normaliser(answer["heard"])) if own and "heard" in answer else None
