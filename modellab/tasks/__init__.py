"""What is measured: a task is a module with the names below.

To add one, write `modellab/tasks/<name>.py` and `benchmarks/test_<name>.py`.

    row --read--> Sample --prepare--> Input --run--> Output --encode--> JSON --examine--> JSON --score--> counts
    (main process)   (worker process ................................)   (judge's process)    (main process)

Only `run` is timed. `read` and `score` never see a model; `prepare` and `run` never see a reference. What a model says
aloud is heard by a second model, the dataset's `judge`, in a process of its own: `examine`, of a `Spoken` task alone.

Layer 3: may import layers 1 to 2 and the ground (`docs/architecture.md`). Start reading at `asr.py`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast, runtime_checkable

from modellab.errors import ConfigError, described, did_you_mean
from modellab.system import extras
from modellab.types import Counts, Metric, Row, readings
from modellab.types.display import DisplayBlock


class Sample(Protocol):
    """One sample of a dataset: what a task's `read` makes of a manifest row."""

    @property
    def id(self) -> str: ...
    @property
    def duration_s(self) -> float: ...


class Task(Protocol):
    """The shape every task module has."""

    @property
    def NAME(self) -> str: ...
    @property
    def METRICS(self) -> Sequence[Metric]:
        """Every number `score` gives, with unit, direction and margin."""

    @property
    def LIMITS(self) -> Mapping[str, float]:
        """Absolute limits that hold for every dataset unless its `limits:` say otherwise."""

    @property
    def ROW(self) -> Sequence[str]:
        """The keys a manifest row of this task may have besides `id`, `audio` and `duration_s`."""

    @property
    def SETTINGS(self) -> Mapping[str, Any]:
        """What a dataset may choose under `settings:` in its header, each with its default."""

    def read(self, row: Row, options: Mapping[str, Any]) -> Any:
        """Turn a manifest row into a Sample or raise DatasetError. `options` is the dataset's header."""

    def prepare(self, row: Row) -> Any:
        """Decode what the model is given (audio), before the clock starts. Runs in the worker."""

    def run(self, model: Any, given: Any) -> Any:
        """Call the model. This, and nothing else, is timed. Runs in the worker."""

    def encode(self, output: Any) -> Any:
        """The output as JSON types. Raises TypeError when the adapter returned something else than promised.

        `Audio` in it is written to a file on its way and becomes {"audio": path, "rate_hz", "duration_s"}. A key
        "duration_s" at the top is what RTF is held against, in place of the sample's: seconds of audio that were made.
        """

    def score(self, sample: Any, output: Any) -> Mapping[str, Counts]:
        """The counts for each of METRICS from an encoded output; `None` stands for 'the model raised'."""

    def remember(self, output: Any) -> Any:
        """What a baseline keeps of an encoded output, to tell what changed (for ASR the text alone)."""

    def show(self, sample: Any, output: Any) -> list[str]:
        """Lines that let a person see what is wrong with this utterance (aligned reference and hypothesis)."""


class Spoken(Task, Protocol):
    """A task whose output is audio."""

    def examine(self, judge: Any, row: Row, output: Any) -> Any:
        """The encoded output with what the judge (an ASR model) heard in it. Runs in the judge's process."""


@runtime_checkable
class Signed(Task, Protocol):
    """A task whose numbers mean something only with the settings of a library."""

    def signature(self, samples: Iterable[Any]) -> str:
        """Those settings and the library's version, kept with every result like the version of an engine."""


@runtime_checkable
class Paced(Task, Protocol):
    """A task whose outputs depend on how fast the model answers: nothing else runs while it is measured."""

    @property
    def PACED(self) -> str:
        """Why, as the end of a sentence."""


class Surveyed(Task, Protocol):
    """A task with something to say of all utterances together."""

    def overview(self, samples: Sequence[Any], outputs: Sequence[Any]) -> list[str]:
        """Lines that a red case prints below its worst utterances, a confusion table; `None` where the model raised."""


@runtime_checkable
class Recalled(Task, Protocol):
    """A task of which a baseline remembers enough to score it again."""

    def recall(self, remembered: Any) -> Any:
        """An output that scores as the one that `remember` was given; `None` where the model raised."""


@runtime_checkable
class Drawn(Task, Protocol):
    """A task of whose utterances a page shows more than the lines of `show`: timelines, aligned words, sounds made."""

    def draw(self, sample: Any, output: Any) -> Sequence[DisplayBlock]:
        """What there is to see, from the top; `None` stands for 'the model raised'."""


@runtime_checkable
class Altering(Task, Protocol):
    """A task whose models hear something else than the row's audio."""

    def altered(self, row: Row) -> Path | None:
        """The file that they hear; None where it is not at hand. Makes none."""


@runtime_checkable
class Worded(Task, Protocol):
    """A task whose answers are the words that somebody spoke."""

    def words(self, sample: Any, output: Any) -> tuple[str, str, Callable[[str], str]]:
        """What was spoken and what was heard, both as written, and what normalises them."""


@runtime_checkable
class Joining(Task, Protocol):
    """A task whose models may be given a recording in parts, such as those that preprocessing leaves of it."""

    def joined(self, parts: Sequence[tuple[float, Any]]) -> Any:
        """The encoded outputs of parts in their order, each with where its part begins in s, as that of the whole.

        Without any part: what a model says of silence.
        """


@runtime_checkable
class Batched(Task, Protocol):
    """A task whose models may take several utterances in one call."""

    def run_batch(self, model: Any, every: Sequence[Any]) -> Sequence[Any]:
        """What `run` gives for each. TypeError for a model that takes one at a time. Runs in the worker."""


@runtime_checkable
class Choosing(Task, Protocol):
    """A task whose rows may have several references."""

    def chosen(self, sample: Any, output: Any) -> str:
        """Which one an output was held against, in a sentence; '' where there is one alone."""


@runtime_checkable
class Telling(Task, Protocol):
    """A task with sentences on every result, not on red ones alone."""

    def notes(self, samples: Sequence[Any], outputs: Sequence[Any]) -> list[str]:
        """What a person should read beside the numbers; `None` where the model raised."""


class Equipped(Task, Protocol):
    """A task that needs packages which the harness does not bring."""

    @property
    def PACKAGES(self) -> Mapping[str, str]:
        """Import name -> the extra of modellab that brings it."""


def lacking(name: str) -> str:
    """Why a task cannot run in this Python, with the command that mends it; '' if it can. Imports no package."""
    for package, extra in getattr(get(name), "PACKAGES", {}).items():
        if importlib.util.find_spec(package) is None:
            return f"the task {name} needs {package}, which is not installed: {extras.install(extra)}"
    return ""


def hears_audio(name: str) -> bool:
    """Whether the models of a task are given audio, so that it can be preprocessed."""
    return bool(getattr(get(name), "HEARS_AUDIO", True))


def unjoined(name: str, cuts: Sequence[str]) -> str:
    """Why preprocessing whose steps `cuts` leave parts of a recording out does not go with a task; '' where it does."""
    if not cuts or isinstance(get(name), Joining):
        return ""
    what = f"{' and '.join(cuts)} in its preprocessing leaves parts of recordings out"
    return f"{what}, and what models say of parts is not put together again in the task {name}"


def names() -> list[str]:
    """Every task there is, found on disk."""
    return list(_names())


@functools.cache
def _names() -> tuple[str, ...]:
    """The folder is read once: every case asks several times."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


@functools.cache
def judged(name: str) -> tuple[str, ...]:
    """Everything of a task that may have thresholds: its metrics, speed, memory, and readings with limits."""
    return (*(metric.name for metric in get(name).METRICS), *readings.JUDGED)


@functools.cache
def recalled(name: str) -> Recalled | None:
    """The task where a baseline remembers enough to score it again: asked for every utterance of every baseline."""
    task = get(name)
    return task if isinstance(task, Recalled) else None


def remembered(name: str, kept: Any) -> Any:
    """What a baseline kept of an output, as it is; one of MALFORMED where no output of the task leaves such a thing."""
    task = recalled(name) if kept is not None and name in names() else None
    if task and task.remember(task.recall(kept)) != kept:
        raise ValueError(f"its output is {described(kept)}, which is none of the task {name}")
    return kept


@functools.cache
def get(name: str) -> Task:
    """The task module of that name, or ConfigError with the closest known one."""
    if name not in names():
        raise ConfigError(f"unknown task {name!r}: {did_you_mean(name, names())}")
    module: ModuleType = importlib.import_module(f"{__name__}.{name}")
    return cast(Task, module)
