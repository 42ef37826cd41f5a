"""One utterance of a case as its page shows it: what the task draws, sounds, facts, what was accepted before."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab import datasets, units
from modellab.audio import saved
from modellab.datasets import columns, decoded_length, manifest
from modellab.errors import MALFORMED, AudioError, ModellabError
from modellab.metrics.edit_distance import align
from modellab.reports.case import error_clips, worst_utterances
from modellab.reports.html import audio_clips
from modellab.results import serialization, withheld
from modellab.results.entry import Entry
from modellab.tasks import Altering, Choosing, Drawn, Recalled, Task, Worded
from modellab.types import QualityBaseline, Row, Utterance
from modellab.types.display import DisplayBlock, Lines, Sound, Words
from modellab.types.rows import sounding

ODD = (
    ModellabError,
    LookupError,
    ArithmeticError,
    *MALFORMED,
)  # what a task may raise on a stored old output
BUDGET_BYTES = 2_400_000  # of all sounds and pictures of a page
LONGEST = 40  # letters of a row's fact that is shown beside the utterance's name
NO_FACTS = {"id", "text", "source", "reference", "duration_s"}  # of a row: in the blocks, or said already


@dataclass(frozen=True)
class Data:
    """The dataset of a case, as far as it is there; `notes` say what is not."""

    rows: Mapping[str, Row] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    whole: datasets.Dataset | None = None  # as it was measured; None where it is not
    withheld: bool = False  # it is private: nothing of it is shown

    def case(self, task: Task, utterance: Utterance) -> Any:
        """The task's case that an utterance was; None where there is no such row, or the task cannot read it."""
        row = self.rows.get(utterance.id)
        try:
            return None if row is None else decoded_length.stored(task, row, self.options, utterance)
        except ODD:
            return None


def data(entry: Entry, golden: Path) -> Data:
    """The dataset of an entry, with a note where it is gone or is another one now."""
    name = entry.key.dataset
    if entry.result is None:
        return Data()
    if withheld.is_private(entry):
        note = "the dataset is private: utterances are named by their hashes, texts and recordings are withheld"
        return Data(notes=(note,), withheld=True)
    if Path(name).name != name:
        return Data(notes=(f"{name!r} is no name of a dataset: references and recordings are missing",))
    try:
        dataset = _load(golden / name, _stamp(golden / name))
    except ModellabError as problem:
        return Data(notes=(f"references and recordings are missing: {str(problem).splitlines()[0]}",))
    rows = columns.by_id(dataset.rows)
    notes = []
    measured = entry.result.provenance.get("dataset_digest", "")
    if dataset.digest != measured:
        notes.append(
            f"the dataset has changed since: this result has the digest {measured[:19] or 'none'}, on disk is"
            f" {dataset.digest[:19]}; references and recordings below are those on disk now"
        )
    if gone := sum(utterance.id not in rows for utterance in entry.result.utterances):
        notes.append(f"{gone} of {len(entry.result.utterances)} utterances are no longer in the dataset")
    return Data(rows, dataset.options, tuple(notes), None if notes else dataset)


def _stamp(folder: Path) -> int:
    try:
        return manifest.file(folder).stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=8)
def _load(folder: Path, stamp: int) -> datasets.Dataset:  # noqa: ARG001  (a changed manifest is another one)
    """The dataset: a session has many models on one."""
    return datasets.load(folder)


# ---------------------------------------------------------------------------- sounds


@dataclass(frozen=True, slots=True)
class Player:
    """A sound with its picture as data URIs; `problem` says why there is no sound, or neither."""

    name: str
    sound: str = ""
    picture: str = ""
    problem: str = ""


@dataclass
class PlayerMaker:
    """Makes players until the page is full."""

    left_bytes: int = BUDGET_BYTES
    sound_bytes: int = audio_clips.MAX_BYTES  # of one, at most

    def player(self, path: Path, name: str) -> Player:
        """A player; one without sound says why."""
        if self.left_bytes <= 0:
            return Player(name, problem="no room for more sound in this page")
        try:
            picture = audio_clips.spectrogram(path)
        except AudioError as problem:
            return Player(name, problem=f"no sound: {problem}")
        try:
            made = Player(name, audio_clips.sound(path, self.sound_bytes), picture)
        except AudioError as problem:  # an hour of a meeting
            made = Player(name, picture=picture, problem=f"no sound: {problem}")
        self.left_bytes -= len(made.sound) + len(made.picture)
        return made


# ---------------------------------------------------------------------------- one utterance


@dataclass(frozen=True, slots=True)
class UtteranceView:
    """What the template draws. `blocks` are (kind, block or player); `accepted` the same of the baseline's output."""

    number: int
    id: str
    was: str
    worse: bool
    facts: tuple[str, ...]
    error: str
    players: tuple[Player, ...]
    blocks: tuple[tuple[str, Any], ...]
    accepted: tuple[tuple[str, Any], ...]

    duration_s: float

    @property
    def sounds(self) -> bool:
        """There is something to hear."""
        return any(it.sound for it in (*self.players, *(block for kind, block in self.blocks if kind == "player")))

    @property
    def wide(self) -> float | None:
        """A timeline takes the whole width, and the spectrogram over it this percentage: both have the same seconds."""
        drawn = [block.duration_s for kind, block in self.blocks if kind == "timeline"]
        return round(100 * min(1.0, self.duration_s / max(drawn)), 2) if drawn and max(drawn) > 0 else None


@dataclass
class ViewMaker:
    """Makes the views of one page from what they share."""

    task: Task
    data: Data
    accepted: QualityBaseline | None
    clips: int
    player_maker: PlayerMaker = field(default_factory=PlayerMaker)
    around_s: float = error_clips.AROUND_S  # what is heard on each side of an error

    def view(self, number: int, utterance: Utterance) -> UtteranceView:
        """The utterance at this place of the page; the first `clips` have sound."""
        metric = self.task.METRICS[0]
        row, case = self.data.rows.get(utterance.id), self.data.case(self.task, utterance)
        heard = number <= self.clips
        return UtteranceView(
            number=number,
            id=utterance.id,
            was=worst_utterances.was(utterance, self.accepted, metric),
            worse=worst_utterances.damage(utterance, self.accepted, metric) > 0,
            facts=tuple(_facts(utterance, row)),
            error=utterance.error,
            players=tuple(self._given(row, self._wrong(case, utterance))) if heard and row else (),
            blocks=tuple(self._shown(block, heard) for block in self._blocks(case, utterance)),
            accepted=tuple(self._shown(block, False) for block in self._before(case, utterance)),
            duration_s=utterance.duration_s,
        )

    def _blocks(self, case: Any, utterance: Utterance) -> list[DisplayBlock]:
        if self.data.withheld:
            return [Lines((withheld.edits(utterance.counts),))]
        return self.blocks(case, utterance.output)

    def blocks(self, case: Any, output: Any) -> list[DisplayBlock]:
        """What there is to see of an output; the output itself where the task cannot make anything of it."""
        made = [Sound(path) for path in saved.files(output)]
        if case is not None:
            try:
                if isinstance(self.task, Drawn):
                    return list(self.task.draw(case, output))
                if isinstance(self.task, Worded):
                    return [*_compared(self.task, case, output), *made]
                return [*made, Lines(tuple(self.task.show(case, output)))]
            except ODD:
                pass
        return [
            *made,
            Lines((json.dumps(serialization.plain(output), ensure_ascii=False, indent=1),), "output as stored"),
        ]

    def _before(self, case: Any, utterance: Utterance) -> list[DisplayBlock]:
        """What was accepted, where the output is another one now."""
        if self.accepted is None or utterance.id not in self.accepted.outputs or self.data.withheld:
            return []
        then = self.accepted.outputs[utterance.id]
        try:
            if serialization.plain(self.task.remember(utterance.output)) == then:
                return []
        except ODD:
            return []
        if isinstance(self.task, Recalled) and case is not None:
            try:
                return [block for block in self.blocks(case, self.task.recall(then)) if not isinstance(block, Sound)]
            except ODD:
                pass
        return [Lines((then if isinstance(then, str) else json.dumps(then, ensure_ascii=False),))]

    def _wrong(self, case: Any, utterance: Utterance) -> list[error_clips.Span]:
        """Where the errors are, as far as the output tells."""
        if case is None or self.data.withheld or not isinstance(self.task, Worded):
            return []
        try:
            return error_clips.spans(self.task, case, utterance.output, utterance.duration_s, self.around_s)
        except ODD:
            return []

    def _given(self, row: Row, wrong: Sequence[error_clips.Span] = ()) -> Iterator[Player]:
        """The sounds that the model was given, and what its own are held against.

        Of one that is too long to be heard whole, what lies around its errors.
        """
        for place, part in sounding(row):
            if place and isinstance(self.task, Drawn):  # the task draws the parts of its rows
                continue
            path, name = part["audio"], place or "recording"
            if isinstance(self.task, Altering):
                altered = self.task.altered(row)
                name = "recording as the model heard it" if altered else "recording before it was altered"
                path = altered or path
            whole = self.player_maker.player(path, name)
            yield whole
            for span in wrong[: error_clips.MOST] if whole.problem else ():
                clip = self.player_maker.player(error_clips.cut(path, span), f"{span[0]:.1f} s to {span[1]:.1f} s")
                if not clip.sound:
                    break
                yield clip
        if "reference_audio" in row:
            yield self.player_maker.player(row["reference_audio"], "reference recording")

    def _shown(self, block: DisplayBlock, heard: bool) -> tuple[str, Any]:
        """(kind, what its macro takes)."""
        if isinstance(block, Sound):
            name = block.title or "what the model said"
            return ("player", self.player_maker.player(block.path, name)) if heard else ("nothing", None)
        return type(block).__name__.lower(), block


def _compared(task: Worded, case: Any, output: Any) -> list[DisplayBlock]:
    """The words as they were scored; where they differ also as they were written, if that is not the same."""
    spoken, heard, normaliser = task.words(case, output)
    scored = normaliser(spoken), normaliser(heard)
    steps = align(*scored).steps
    tell = scored != (spoken, heard) and any(what for what, _, _ in steps)
    written = [Lines((spoken, heard), "as written")] if tell else []
    which = task.chosen(case, output) if isinstance(task, Choosing) else ""
    return [Words(steps), *written, *([Lines((which,))] if which else [])]


def _facts(utterance: Utterance, row: Row | None) -> Iterator[str]:
    """Times, then what the row says of its speaker, condition and the like."""
    audio = f" for {units.value(utterance.duration_s, 's')} of audio" if utterance.duration_s > 0 else ""
    yield f"{units.value(utterance.wall_s, 's')}{audio}"
    for name, value in (row or {}).items():
        if name not in NO_FACTS and isinstance(value, str | int | float) and 0 < len(str(value)) <= LONGEST:
            yield f"{name} {value}"
