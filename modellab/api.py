"""The public Python interface: what a notebook or another program needs, under `import modellab`.

    find_models, find_datasets, find_cases      what there is, and what of it can run here
    load_dataset, read_audio                    data
    transcribe                                  one file, with any recogniser that can run here
    normalise, score_texts                      text, and how far a hypothesis is from its reference
    run, RunOptions                             the suite as a function: measure, judge, keep
    read_results, compare                       what is stored, and two or more of it held against each other

Everything takes the project that holds the working directory, or the one that is given. What goes wrong is raised as
one of the classes in `modellab.errors`, with a sentence for the reader. Nothing here imports an engine: models run in
processes of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modellab.datasets import Dataset
    from modellab.plan.cases import PlannedCase
    from modellab.plan.matrix import Case
    from modellab.plan.settings import Project
    from modellab.reports.comparison.compare import Found
    from modellab.results.entry import Entry
    from modellab.runner.events import Listener
    from modellab.runner.options import RunOptions
    from modellab.runner.run import RunResult
    from modellab.runner.transcribe import Transcription
    from modellab.types import Audio


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model variant on a device at a precision; `why_not` is why it cannot run here, '' where it can."""

    model: str
    variant: str
    device: str
    precision: str
    tasks: tuple[str, ...]
    languages: tuple[str, ...]
    stage: str
    weights: str
    why_not: str


@dataclass(frozen=True, slots=True)
class TextScore:
    """How hypotheses differ from their references, pooled: errors are summed before they are divided.

    `wer` and `cer` are fractions in [0, inf), lower is better, NaN where no reference has a word. `normaliser` is the
    profile with its version and hash.
    """

    wer: float
    cer: float
    substitutions: int
    deletions: int
    insertions: int
    words: int
    characters: int
    normaliser: str


def open_project(path: str | Path = ".") -> Project:
    """The project that holds `path`: folders and settings. ConfigError where there is none, or it is malformed."""
    from modellab.plan.settings import Project

    return Project.around(Path(path).absolute())


def find_models(task: str = "", *, project: Project | None = None) -> list[ModelInfo]:
    """Every model variant on every device at every precision that it offers, or those that do `task`."""
    from modellab import tasks
    from modellab.plan.availability import why_not
    from modellab.plan.matrix import Matrix

    if task:
        tasks.get(task)
    return [
        ModelInfo(
            instance.key.model,
            instance.key.variant,
            instance.key.device,
            instance.key.precision,
            tuple(instance.model.tasks_of(instance.key.variant)),
            tuple(instance.variant.languages),
            instance.model.status,
            instance.source.name,
            why_not(instance),
        )
        for instance in Matrix(project or open_project()).instances()
        if not task or task in instance.model.tasks_of(instance.key.variant)
    ]


def find_datasets(task: str = "", *, project: Project | None = None) -> list[str]:
    """The names of the project's datasets, of every task or of one."""
    from modellab.plan.matrix import Broken, Matrix

    readable = [entry for entry in Matrix(project or open_project()).datasets if not isinstance(entry, Broken)]
    return [folder.name for folder, header in readable if task in {"", header.task}]


def find_cases(
    *,
    model: Sequence[str] = (),
    dataset: Sequence[str] = (),
    device: Sequence[str] = (),
    precision: Sequence[str] = (),
    tier: str = "",
    project: Project | None = None,
) -> list[Case]:
    """The cases that are meant: a model variant on a dataset on a device at a precision, each.

    Names are taken whole, as `modellab run` takes them; ConfigError for one that nothing has, with the closest.
    """
    from modellab.plan.matrix import Case, Matrix
    from modellab.plan.selection import Selection

    matrix = Matrix(project or open_project())
    wanted = Selection(tuple(model), tuple(dataset), tuple(device), tuple(precision), tier)
    wanted.check(matrix)
    return [case for case in wanted.cases(matrix) if isinstance(case, Case)]


def run(
    cases: Iterable[Case | PlannedCase | str],
    options: RunOptions | None = None,
    *,
    listeners: Sequence[Listener] = (),
    cancelled: Callable[[], bool] | None = None,
    project: Project | None = None,
) -> RunResult:
    """Measure, judge and keep cases, as `modellab run` does, without pytest; `modellab.runner.run` says more.

    Each of `cases` is one that `find_cases` gave, or a name as pytest shows it. `listeners` are told what happens
    (`modellab.runner.events`); once `cancelled()` is True the run ends between two calls of a model. Whatever is raised
    inside of one case is that case's ERROR. ConfigError, before anything is measured, for a name that no case has.
    """
    from modellab.runner.evaluate import never
    from modellab.runner.options import RunOptions
    from modellab.runner.run import run

    asked = options or RunOptions()
    return run(cases, project or open_project(), asked, listeners=listeners, cancelled=cancelled or never)


def load_dataset(name: str, *, project: Project | None = None) -> Dataset:
    """A dataset of the project by its name; ConfigError for an unknown one, DatasetError for a malformed one."""
    from modellab import datasets
    from modellab.plan.matrix import Matrix
    from modellab.plan.selection import dataset_names, known

    here = project or open_project()
    known("dataset", name, dataset_names(Matrix(here)))
    return datasets.load(here.golden / name)


def read_audio(path: str | Path, rate_hz: int | None = None) -> Audio:
    """A file's sound, mono float32 in [-1, 1] at `rate_hz` (its own where None). AudioError for an unusable file."""
    from modellab import audio

    return audio.read(Path(path), rate_hz)


def transcribe(
    path: str | Path,
    model: str = "",
    *,
    device: str = "cpu",
    precision: str = "",
    preprocessing: str = "",
    project: Project | None = None,
) -> Transcription:
    """What a recogniser hears in a file: text, segments with times in s, and how long it took.

    `model` is MODEL or MODEL:VARIANT; '' is the embedded one, which knows only a small synthetic vocabulary. The model
    is loaded for this file and gone afterwards. `preprocessing` is a chain such as `highpass,vad_chunks`. ConfigError,
    AudioError or WorkerError where it cannot be done.
    """
    from modellab.plan.matrix import Matrix
    from modellab.runner import transcribe as room

    here = project or open_project()
    chosen = room.choose(Matrix(here), model, device, precision)
    chain = room.chain_of(chosen, preprocessing)
    with room.loaded(chosen, here.threads, chain=chain) as ready:
        return room.transcribe(ready, Path(path))


def normalise(text: str, normaliser: str = "auto", language: str = "") -> str:
    """The text as it is scored. `language` is a code such as `en` or `de-AT`, for profiles that depend on it."""
    from modellab.text import get

    return get(normaliser).for_language(language)(text)


def score_texts(
    references: str | Sequence[str],
    hypotheses: str | Sequence[str],
    normaliser: str = "auto",
    language: str = "",
) -> TextScore:
    """WER and CER of one text or of many, paired by place; both sides are normalised alike.

    ConfigError where there are not as many hypotheses as references.

    >>> score_texts("It's 5 o'clock.", "it is six o'clock", language="en").wer
    0.25
    """
    from modellab.errors import ConfigError
    from modellab.metrics.edit_distance import align
    from modellab.text import get

    ours, theirs = ([side] if isinstance(side, str) else list(side) for side in (references, hypotheses))
    if len(ours) != len(theirs):
        raise ConfigError(f"{len(ours)} references and {len(theirs)} hypotheses, expected as many of each")
    profile = get(normaliser).for_language(language)
    pairs = [align(profile(ours[i]), profile(theirs[i])) for i in range(len(ours))]
    words, characters = [pair.words for pair in pairs], [pair.characters for pair in pairs]
    total, letters = (sum(count.reference_length for count in counts) for counts in (words, characters))
    return TextScore(
        wer=sum(count.errors for count in words) / total if total else math.nan,
        cer=sum(count.errors for count in characters) / letters if letters else math.nan,
        substitutions=sum(count.substitutions for count in words),
        deletions=sum(count.deletions for count in words),
        insertions=sum(count.insertions for count in words),
        words=total,
        characters=letters,
        normaliser=str(profile),
    )


def read_results(selector: str = "latest", *, project: Project | None = None) -> list[Entry]:
    """Stored results: one for each case that the selector takes, sorted by case.

    A selector is `[MODEL[:VARIANT]][/DEVICE[-PRECISION]][@WHEN]`, where WHEN is `latest`, `baseline`, a session, a
    commit or LIBRARY=VERSION. ConfigError where it takes nothing, with what there is.
    """
    from modellab.results.select import StoredResults

    here = project or open_project()
    return list(StoredResults.read(here.root, here.mlruns, here.baselines).select(selector).entries)


def compare(*selectors: str, alpha: float = 0.01, project: Project | None = None) -> Found:
    """Stored results held against each other: two selectors are a paired comparison, more are a ranking per task.

    Nothing is run. `alpha` is the level of the tests, over all of them. ConfigError where nothing may be compared.
    """
    from modellab.reports.comparison import compare as room
    from modellab.reports.comparison.references import Calibrations, Library
    from modellab.results.select import StoredResults

    here = project or open_project()
    stored = StoredResults.read(here.root, here.mlruns, here.baselines)
    selections = [stored.select(selector) for selector in selectors]
    return room.compare(selections, Library(here.golden), Calibrations(here.baselines), (), alpha)
