"""Model folders: found on disk, and their `config.yaml` as records. No model code is imported here.

A folder of modellab's own lies beside this file, a project's in the folders it names, a third party's is found through
the entry point group `modellab.models` (its value is a package that is such a folder, or holds several).
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic

from modellab.errors import ConfigError, UnreadableError, YamlError, did_you_mean
from modellab.models import servers
from modellab.models.server_names import SERVER
from modellab.models.servers import Server
from modellab.models.weights import Source
from modellab.models.weights import fault as weights_fault
from modellab.schema import Number, Settings, Stage, Strict, Thresholds, Whole, parse
from modellab.system import textfile, yamltext

FOLDER = Path(__file__).parent
TIMEOUT_AUDIO_S = 30.0
LONGEST_TIMEOUT_S = 86_400.0
MOST_SEEDS = 1000
OWN = frozenset({"variants", "claims", "thresholds", "status", "like"})  # what no folder has from another
NAME = re.compile(r"\w[\w.+-]{0,99}")
IS_NAME = "expected letters, digits, and . + - _ after the first, 100 at most: it is part of file names"
Device = Literal["cpu", "cuda", "mps", "server"]  # server: wherever it computes, nobody here knows with what
Tier = Literal["smoke", "full", "real", "nightly"]


class Claim(Strict):
    """A number that a model's makers state, with where they state it."""

    variant: str
    dataset: str
    metric: str
    value: Number
    source: str
    precision: str = ""  # of this one alone; empty: of each


class Variant(Strict):
    """One set of weights of a model; what is empty here is taken from the model."""

    # scheme:place, or several where the same files are to be had; or that for each precision
    weights: str | tuple[str, ...] | dict[str, str | tuple[str, ...]]
    revision: str | None = None
    sha256: dict[str, str] = {}  # of files by name, and of wheels by NAME==VERSION
    tier: Tier = "full"
    tasks: tuple[str, ...] = ()  # empty: the model's
    datasets: tuple[
        str, ...
    ] = ()  # the only ones it meets, for a checkpoint that was taught a few sentences; empty: any
    domain: Literal["open", "lab"] = "open"
    languages: tuple[str, ...] = ()  # empty: any
    devices: dict[Device, tuple[str, ...]] = {}
    options: Settings = {}
    needs: dict[Literal["vram_gb", "ram_gb"], Annotated[Number, pydantic.Field(ge=0)]] = {}
    seeds: Whole | None = pydantic.Field(default=None, ge=1, le=MOST_SEEDS)
    thresholds: Thresholds = {}
    preprocessing: str = ""  # what audio goes through before this variant hears it, after the dataset's own
    server: Server | None = None  # where it runs, if not here

    def places_for(self, precision: str) -> tuple[str, ...]:
        """Where the weights of a precision are to be had; the first place names them."""
        given = self.weights[precision] if isinstance(self.weights, dict) else self.weights
        return (given,) if isinstance(given, str) else given

    def source(self, precision: str, folder: Path) -> Source:
        """The weights of a precision of a variant of the model in `folder`."""
        return Source(self.places_for(precision), self.revision, folder, self.sha256)


class Model(Strict):
    """One model folder's `config.yaml`."""

    like: str = (
        ""  # a model folder of modellab's, whose adapter it uses and whose settings it has where it says nothing
    )
    summary: str
    tasks: tuple[str, ...]
    status: Stage  # of every variant, until a record in baselines/lifecycle/ says otherwise
    packages: tuple[str, ...] = ()  # import names without which it cannot run
    environment: Literal["shared", "own"] = "shared"  # own: made from its requirements.txt, see environment.py
    environment_variables: tuple[str, ...] = ()  # that its process gets besides the usual ones; NAME or PREFIX_*
    files: tuple[str, ...] = ()  # what a folder of weights has to hold, as patterns; "a|b": one of them
    takes_language: bool = False  # whether `audio.language` decides what it hears
    batches: bool = False  # whether its adapter has `transcribe_batch`, which takes several recordings in one call
    install: str = ""  # the extra of modellab that brings them
    devices: dict[Device, tuple[str, ...]]
    options: Settings = {}
    variants: dict[str, Variant]
    claims: tuple[Claim, ...] = ()
    thresholds: Thresholds = {}  # metric -> margin, limit, ...: how this model's cases are judged
    seeds: Whole = pydantic.Field(
        default=1, ge=1, le=MOST_SEEDS
    )  # passes over a dataset, for decoders that draw at random
    timeout_s: Number = pydantic.Field(default=120.0, gt=0, le=LONGEST_TIMEOUT_S)  # for an utterance of TIMEOUT_AUDIO_S

    def device_precisions(self, variant: str) -> Iterator[tuple[Device, str]]:
        """The device and precision pairs a variant offers."""
        chosen = self.variants[variant]
        for device, precisions in (chosen.devices or self.devices).items():
            for precision in precisions:
                if not isinstance(chosen.weights, dict) or precision in chosen.weights:
                    yield device, precision

    def tasks_of(self, variant: str) -> tuple[str, ...]:
        """What a variant is tested in."""
        return self.variants[variant].tasks or self.tasks

    def timeout_for(self, audio_s: float) -> float:
        """How long one call may take, in s: `timeout_s`, and more in proportion for long audio."""
        return self.timeout_s * max(1.0, audio_s / TIMEOUT_AUDIO_S)

    def options_for(self, variant: str) -> dict[str, Any]:
        """The options that an adapter is given; those of a server's client say where it is."""
        chosen = self.variants[variant]
        at: dict[str, Any] = {}
        if chosen.server:
            named = next(iter(chosen.weights)) if isinstance(chosen.weights, dict) else ""
            at = {SERVER: chosen.server.model_dump(), "model": chosen.places_for(named)[0].partition(":")[2]}
        return {**self.options, **chosen.options, **at}

    def seeds_for(self, variant: str) -> int:
        return self.variants[variant].seeds or self.seeds


def folders(more: Iterable[Path] = (), own: Path | None = None) -> dict[str, Path]:
    """Every model folder by name, without those that `faults` names; `own` holds modellab's."""
    return search(more, own=own)[0]


def faults(more: Iterable[Path] = (), own: Path | None = None) -> dict[str, str]:
    """A sentence for each name that two folders have, and for each entry point that leads nowhere."""
    return search(more, own=own)[1]


def search(
    more: Iterable[Path] = (), points: Iterable[EntryPoint] | None = None, own: Path | None = None
) -> tuple[dict[str, Path], dict[str, str]]:
    """The folders by name, and why some names have none. `points` are those of packages; None: of all installed."""
    by_name: dict[str, Path] = {}
    spellings: dict[str, str] = {}  # a folder's name is part of file names: `A` and `a` are one on some disks
    places, faults = _packages(installed() if points is None else points)
    for folder in (folder for place in (own or FOLDER, *more, *places) for folder in _in(place)):
        name = spellings.setdefault(folder.name.casefold(), folder.name)
        if by_name.setdefault(name, folder) != folder:
            faults[name] = f"two model folders are called {folder.name!r}: {by_name[name]} and {folder}"
    return {name: folder for name, folder in by_name.items() if name not in faults}, faults


def _in(place: Path) -> list[Path]:
    """The model folders of a place: itself, and those directly in it. A config.yaml of any kind makes one."""
    try:
        inside = sorted(place.iterdir())
    except OSError:
        inside = []
    return [folder for folder in (place, *inside) if os.path.lexists(folder / "config.yaml")]


def config(folder: Path) -> Model:
    """Read and check a folder's `config.yaml`; ConfigError names the file, the key and what was expected."""
    path = folder / "config.yaml"
    if not folder.name.isidentifier():
        raise ConfigError(f"{path}: a model folder's name is a Python identifier, {folder.name!r} is none")
    model = parse(Model, path, _with_lender(path, load_yaml(path)))
    if fault := next(_name_faults(model), ""):
        raise ConfigError(f"{path}: {fault}")
    for name in model.variants:
        if fault := _fault(model, name):
            raise ConfigError(f"{path}: variants.{name}{fault}")
    return model


def _with_lender(path: Path, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings with those of the folder that it is `like` where it has none of its own. Raises ConfigError."""
    like = values.get("like", "")
    if not like:
        return values
    known = sorted(folder.name for folder in _in(FOLDER) if (folder / "adapter.py").is_file())
    if like not in known:
        raise ConfigError(
            f"{path}: like is {yamltext.shown(like)}, no model of modellab: {did_you_mean(str(like), known)}"
        )
    theirs = load_yaml(FOLDER / str(like) / "config.yaml")
    return {key: value for key, value in theirs.items() if key not in OWN} | {"status": "experimental"} | dict(values)


def _name_faults(model: Model) -> Iterator[str]:
    """What is wrong with names that become parts of file names."""
    spellings: dict[str, str] = {}
    for name in model.variants:
        if not NAME.fullmatch(name):
            yield f"variants has {yamltext.shown(name)}, {IS_NAME}"
        if (other := spellings.setdefault(name.casefold(), name)) != name:
            yield f"variants has {other!r} and {name!r}: their baselines are one file where disks ignore case"
    pairs = (model.devices, *(variant.devices for variant in model.variants.values()))
    for precision in (name for devices in pairs for names in devices.values() for name in names):
        if not NAME.fullmatch(precision) or "." in precision:
            yield f"devices has the precision {yamltext.shown(precision)}, {IS_NAME} (a precision has no .)"
    if not model.variants:
        yield "variants is empty, expected at least one"


def _fault(model: Model, name: str) -> str:
    """What is wrong with a variant though each of its keys is sound; '' if nothing is."""
    chosen = model.variants[name]
    weights, devices = chosen.weights, chosen.devices or model.devices
    names = tuple(weights) if isinstance(weights, dict) else ("",)
    if wrong := servers.fault(
        chosen.server, tuple(place for precision in names for place in chosen.places_for(precision))
    ):
        return wrong
    for precision in names:
        if wrong := weights_fault(chosen.places_for(precision), chosen.revision, chosen.sha256):
            return wrong
    if {device == SERVER for device in devices} not in ({chosen.server is not None}, set()):
        return f" is on {', '.join(devices)}: with a server that is {SERVER} alone, and without one never"
    if other := sorted(set(model.variants[name].tasks) - set(model.tasks)):
        return f".tasks has {other[0]!r}, which the model's tasks lack: {did_you_mean(other[0], model.tasks)}"
    offered = {precision for precisions in devices.values() for precision in precisions}
    if isinstance(weights, dict) and (unused := sorted(weights.keys() - offered)):
        return f".weights has {unused[0]!r}, a precision that no device offers: {did_you_mean(unused[0], offered)}"
    return "" if any(model.device_precisions(name)) else " runs nowhere: it has no pair of device and precision"


def load_yaml(path: Path) -> Mapping[str, Any]:
    """A YAML file's top-level mapping, or ConfigError."""
    try:
        values = yamltext.parse(textfile.read(path))
    except (UnreadableError, YamlError) as fault:
        raise ConfigError(f"{path} is not readable YAML: {fault}") from None
    if not isinstance(values, dict):
        content = "is empty" if values is None else f"holds {yamltext.shown(values)}"
        raise ConfigError(f"{path} {content}, expected keys and values")
    return values


def find_package(name: str) -> ModuleSpec | None:
    """Where an import name would come from; None if it is not installed. Imports no more than its parents."""
    try:
        return find_spec(name)
    except ModuleNotFoundError:  # a.b where there is no a
        return None


@functools.cache
def installed() -> tuple[EntryPoint, ...]:
    """The entry points that bring models: asked for once in a process, since every installed package is read for it."""
    return tuple(entry_points(group="modellab.models"))


def _packages(points: Iterable[EntryPoint]) -> tuple[list[Path], dict[str, str]]:
    """Where other packages keep their models, and a sentence for each that names no package."""
    places: list[Path] = []
    faults: dict[str, str] = {}
    for point in sorted(points, key=lambda point: point.name):
        spec = find_package(point.value)
        if spec is None or not spec.submodule_search_locations:
            wrong = f"names {point.value!r}: no such package is installed"
            faults[point.name] = f"the entry point {point.name!r} of modellab.models {wrong}"
        else:
            places += map(Path, spec.submodule_search_locations)
    return places, faults
