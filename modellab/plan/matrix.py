"""The matrix: which model variants meet which datasets on which devices. One case is one pytest item.

A variant meets a dataset when the task, the language and the domain fit: a variant of domain `lab` knows a small
vocabulary and meets only datasets of that domain; an `open` one meets all. What is broken (a typo in a config.yaml
or dataset.yaml) becomes a case that says so, and costs nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from modellab import datasets, models, tasks
from modellab.audio import preprocessing
from modellab.audio.preprocessing import Chain
from modellab.datasets import Header
from modellab.errors import ODD, ConfigError, ModellabError, did_you_mean
from modellab.models import Model, Variant, environment
from modellab.models.weights import Source
from modellab.plan import batching, only
from modellab.plan.settings import Project
from modellab.plan.unreadable import about, tasks_named
from modellab.types import CaseId

TIERS = ("smoke", "full", "real", "nightly")
RUN = "run"  # asked for a chain: it is of one run, and what comes of it stands beside the cases of the project
JUDGES = ("judge", "second_judge")  # the header's keys


@dataclass(frozen=True, slots=True)
class ModelInstance:
    """One model variant on one device at one precision: what a worker loads. Its key needs no task and no dataset."""

    key: CaseId
    model: Model
    variant: Variant
    folder: Path  # of the model

    @property
    def engine(self) -> tuple[str, str, str, str]:
        """Cases with the same engine share one loaded model."""
        return self.key.model, self.key.variant, self.key.device, self.key.precision

    @property
    def source(self) -> Source:
        """Where its weights are to be had."""
        return self.variant.source(self.key.precision, self.folder)

    @property
    def place(self) -> environment.Start:
        """Where its process runs, as arguments of a `Worker`: nothing for the present Python."""
        names = (*self.model.environment_variables, *self._of_server)
        further: environment.Start = {"further": names} if names else {}
        return {**(environment.start(self.folder) if self.model.environment == "own" else {}), **further}

    @property
    def _of_server(self) -> tuple[str, ...]:
        """The variables that its client needs."""
        place = self.source.name.partition(":")[2]
        named = (place[1:],) if place.startswith("$") else ()
        return (*self.variant.server.variables, *named) if self.variant.server else ()


@dataclass(frozen=True, slots=True)
class Case(ModelInstance):
    """A model instance on one dataset; `chain` is what its audio goes through first, as `chain_from` asked for."""

    dataset: Path  # folder of the dataset
    header: Header
    judge: ModelInstance | None = None  # listens to what the model says, where the dataset names one
    chain: Chain = preprocessing.NONE
    chain_from: str = ""  # "dataset", "variant", "dataset and variant", or RUN
    second_judge: ModelInstance | None = None
    batch: int = 1  # utterances that go to the model in one call; more than one where a run asks for it

    @property
    def tier(self) -> str:
        return max(self.variant.tier, self.header.tier, key=TIERS.index)

    @property
    def judges(self) -> dict[str, ModelInstance]:
        """Who listens to what its model says, by the key of the dataset's header."""
        return {key: judge for key in JUDGES if (judge := getattr(self, key))}


@dataclass(frozen=True, slots=True)
class Broken:
    """A model or dataset folder that cannot be read: one failing item that names the file and the key."""

    name: str
    error: str
    tasks: tuple[str, ...] = ()  # whose benchmark files show it; empty where the folder does not say, then all do

    @property
    def tier(self) -> str:
        return "smoke"

    def __str__(self) -> str:
        return f"{self.name}-broken"


class Matrix:
    """Every case of a project. Folders are read once, on first use.

    `chain` is the preprocessing that a run asks for, in place of what datasets and variants say; '' asks for nothing.
    `batch` is how many utterances it wants in one call of each model that takes several (`batching.py`). `shipped` is
    the folder of modellab's own models.
    """

    def __init__(self, project: Project, chain: str = "", batch: int = 1, shipped: Path | None = None) -> None:
        self.project, self.batch, self.shipped = project, batch, shipped
        self.asked = preprocessing.parse(chain) if chain.strip() else None
        only.check(project, self)
        self._known: dict[str, tuple[Case | Broken, ...]] = {}  # by task: they are asked for several times

    @functools.cached_property
    def models(self) -> list[tuple[Path, Model] | Broken]:
        """Each model folder with its configuration, sorted by name."""
        folders, faults = models.search(self.project.models, own=self.shipped)
        return [
            _read_model(name, folders[name]) if name in folders else Broken(name, faults[name])
            for name in sorted(folders.keys() | faults.keys())
        ]

    @functools.cached_property
    def datasets(self) -> list[tuple[Path, Header] | Broken]:
        """Each dataset folder with its header, sorted by name."""
        folders, spellings = datasets.available(self.project.golden), dict[str, str]()
        first = [spellings.setdefault(folder.name.casefold(), folder.name) for folder in folders]
        return [
            read_header(folder) if name == folder.name else _twin(folder, name)
            for folder, name in zip(folders, first, strict=True)
        ]

    def model_names(self) -> list[str]:
        """The name of each model folder, broken ones too."""
        return [entry.name if isinstance(entry, Broken) else entry[0].name for entry in self.models]

    def instances(self) -> Iterator[ModelInstance]:
        """Every variant on every device at every precision it offers, broken models left out."""
        for entry in self.models:
            if not isinstance(entry, Broken):
                for name in entry[1].variants:
                    yield from instances(*entry, name)

    def cases(self, task: str, model: str = "") -> Iterator[Case | Broken]:
        """Every case of a task, ordered by model so that each model is loaded once; what is broken comes first.

        With a `model` only its cases.
        """
        if task not in self._known:
            self._known[task] = tuple(self._cases(task))
        return (case for case in self._known[task] if not model or isinstance(case, Broken) or case.key.model == model)

    def _cases(self, task: str) -> Iterator[Case | Broken]:
        broken = [entry for entry in (*self.models, *self.datasets) if isinstance(entry, Broken)]
        yield from (entry for entry in broken if task in (entry.tasks or (task,)))
        headers = [entry for entry in self.datasets if not isinstance(entry, Broken) and entry[1].task == task]
        fitting = [(path, header, [self._judge(path, header, key) for key in JUDGES]) for path, header in headers]
        yield from (judge for _, _, judges in fitting for judge in judges if isinstance(judge, Broken))
        parted = [(path, header, [j for j in judges if not isinstance(j, Broken)]) for path, header, judges in fitting]
        sound = [fitted for fitted in parted if len(fitted[2]) == len(JUDGES)]
        for entry in self.models:
            if not isinstance(entry, Broken) and task in entry[1].tasks:
                wanted = functools.partial(only.takes, self.project, entry[0])
                yield from _cases(task, *entry, sound, self.asked, self.batch, wanted)

    def find(self, name: str) -> Case | Broken | None:
        """What a case of this name is about; None for a name that no case has."""
        return self._by_name.get(name)

    @property
    def is_asked(self) -> bool:
        """Whether a run asks for cases beside those of the project: with other preprocessing, in batches."""
        return self.asked is not None or self.batch > 1

    def asked_for(self, name: str) -> Case | None:
        """The case of a name that leaves out what the run asks of every case: preprocessing, a batch size."""
        if not self.is_asked:
            return None
        every = (case for case in self._by_name.values() if isinstance(case, Case))
        return next((case for case in every if name in batching.names(case.key)), None)

    @functools.cached_property
    def _by_name(self) -> dict[str, Case | Broken]:
        every = (case for task in tasks.names() for case in self.cases(task))
        by_name: dict[str, Case | Broken] = {}
        for case in every:
            by_name.setdefault(str(case.key) if isinstance(case, Case) else str(case), case)
        return by_name

    def _judge(self, folder: Path, header: Header, key: str) -> ModelInstance | Broken | None:
        """The model that a dataset names as a judge, on the CPU at its first precision; None for none."""
        if not (name := getattr(header, key)):
            return None
        model, _, variant = name.partition(":")
        for entry in self.models:
            if not isinstance(entry, Broken) and entry[0].name == model and variant in entry[1].variants:
                on_cpu = (instance for instance in instances(*entry, variant) if instance.key.device == "cpu")
                if "asr" in entry[1].tasks_of(variant) and (judge := next(on_cpu, None)):
                    return judge
        wanted = "expected MODEL:VARIANT with the task asr on cpu"
        why = f"{folder / datasets.FILE_NAME}: {key} is {name!r}, {wanted}"
        return Broken(folder.name, why, (header.task,))


def instances(folder: Path, model: Model, name: str) -> Iterator[ModelInstance]:
    """A variant on every device at every precision it offers."""
    for device, precision in model.device_precisions(name):
        yield ModelInstance(CaseId("", "", folder.name, name, device, precision), model, model.variants[name], folder)


def _read_model(name: str, folder: Path) -> tuple[Path, Model] | Broken:
    try:
        model = models.config(folder)
        known = [name for task in model.tasks for name in tasks.judged(task)]
        given = [*model.thresholds, *(name for variant in model.variants.values() for name in variant.thresholds)]
        _check_names("thresholds", given, known, " and ".join(model.tasks))
        for variant in model.variants.values():
            preprocessing.parse(variant.preprocessing)
    except (ConfigError, *ODD) as error:
        return Broken(name, about(folder / "config.yaml", error), tasks_named(folder / "config.yaml", "tasks"))
    return folder, model


def _twin(folder: Path, other: str) -> Broken:
    """A dataset whose name differs from another's in case only."""
    why = f"{folder}: {other} is a dataset too, and where disks ignore case their baselines are one file: rename one"
    return Broken(folder.name, why)


def read_header(folder: Path) -> tuple[Path, Header] | Broken:
    """A dataset folder with its header, the names in it checked; Broken with a sentence if they are not sound."""
    try:
        if not folder.name.isprintable():
            raise ConfigError(f"the folder's name is {folder.name!r}, expected one without control characters")
        header = datasets.header(folder)
        _check_names("limits", header.limits, tasks.judged(header.task), header.task)
        _check_names("thresholds", header.thresholds, tasks.judged(header.task), header.task)
        for key, asked in header.groups.items():
            _check_names(
                f"groups.{key}", asked, [metric.name for metric in tasks.get(header.task).METRICS], header.task
            )
        if header.judge and not hasattr(tasks.get(header.task), "examine"):
            raise ConfigError(f"judge is {header.judge!r}, but a model of {header.task} says nothing aloud: remove it")
        if header.second_judge and not (header.judge and getattr(tasks.get(header.task), "SECOND_JUDGE", False)):
            raise ConfigError(f"second_judge is {header.second_judge!r}: expected one beside a `judge`, of task tts")
        if preprocessing.parse(header.preprocessing) and not tasks.hears_audio(header.task):
            raise ConfigError(f"preprocessing is {header.preprocessing!r}, but no model of {header.task} hears audio")
        _check_names("settings", header.settings, tuple(tasks.get(header.task).SETTINGS), header.task, "setting")
    except (ModellabError, *ODD) as error:
        file = folder / datasets.FILE_NAME
        return Broken(folder.name, about(file, error), tasks_named(file, "task"))
    return folder, header


def _check_names(key: str, given: Iterable[str], known: Sequence[str], whose: str, what: str = "metric") -> None:
    for name in given:
        if name not in known:
            raise ConfigError(f"{key} has {name!r}, no {what} of {whose}: {did_you_mean(name, known)}")


def _cases(
    task: str,
    folder: Path,
    model: Model,
    given: list[tuple[Path, Header, list[ModelInstance | None]]],
    asked: Chain | None,
    batch: int,
    wanted: Callable[[str], bool],
) -> Iterator[Case]:
    chain_of = functools.cache(functools.partial(_chain, task, asked))
    for made, name, variant, size in batching.variants(model, task, batch):
        if not wanted(name):
            continue
        fitting = [dataset for dataset in given if _fits(variant, dataset[0].name, dataset[1])]
        for device, precision in made.device_precisions(name):
            for path, header, judges in fitting:
                chain, origin = chain_of(header.preprocessing, variant.preprocessing)
                key = CaseId(task, path.name, folder.name, name, device, precision, chain.name)
                yield Case(key, made, variant, folder, path, header, judges[0], chain, origin, judges[1], size)


def _chain(task: str, asked: Chain | None, of_dataset: str, of_variant: str) -> tuple[Chain, str]:
    """What audio goes through, and who asked for it: the run, else the dataset and after it the variant."""
    if not tasks.hears_audio(task):
        return preprocessing.NONE, ""
    if asked is not None:
        return asked, RUN if asked else ""
    parts = {"dataset": of_dataset, "variant": of_variant}
    chains = {name: chain for name, text in parts.items() if (chain := preprocessing.parse(text))}
    return sum(chains.values(), preprocessing.NONE), " and ".join(chains)


def _fits(variant: Variant, dataset: str, header: Header) -> bool:
    named = not variant.datasets or dataset in variant.datasets
    language = not variant.languages or not header.language or header.language in variant.languages
    return named and language and variant.domain in {"open", header.domain}
