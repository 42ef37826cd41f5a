"""What this machine can run, what is missing, and the command that mends it. Each function looks at one area."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal

import psutil

from modellab import datasets, tasks
from modellab.errors import ODD, ModellabError
from modellab.models import weights
from modellab.plan import availability, matrix
from modellab.plan.matrix import Broken, Case, Matrix, ModelInstance
from modellab.plan.settings import Project, find_root
from modellab.results import baselines
from modellab.runner import transcribe
from modellab.system import extras, installer
from modellab.system.cache import home
from modellab.system.machine import machine_class
from modellab.types import CaseId

DEFAULT = "embedded default"
LOW_DISK_BYTES = 2_000_000_000
GIGA = 1e9
ACCEPT = "--update-baselines --reason '...'"
ACCEPT_SPEED = "modellab run --update-baselines --speed-only --reason '...'"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `absent` can be lived with, `bad` cannot; `mend` is the command or step that mends it."""

    area: str
    name: str
    state: Literal["ok", "absent", "bad"]
    found: str
    mend: str = ""


def examine(project: Project, tracking: Callable[[Project], Iterable[Check]] = lambda _: ()) -> Iterator[Check]:
    """Every check as it is made; datasets, baselines and `tracking` only inside a project. One loads the default."""
    yield from machine(project)
    yield from more()
    cases = Matrix(project)
    yield from engines(cases)
    yield from weights_here(cases)
    yield from default(cases, project)
    if not find_root(project.root):
        yield Check("project", "project", "absent", f"none in {project.root} or above", "cd to its folder")
        return
    yield from check_datasets(project)
    yield from check_baselines(cases)
    yield from tracking(project)
    yield from space(project)


def can_run_default(checks: Iterable[Check]) -> bool:
    """Whether the embedded default was loaded."""
    return any(check.name == DEFAULT and check.state == "ok" for check in checks)


def machine(project: Project) -> Iterator[Check]:
    """Python, processor, memory, GPU, audio decoders."""
    area = "machine"
    yield Check(area, "Python", "ok", f"{platform.python_version()} ({sys.executable})")
    usable = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    memory = psutil.virtual_memory()
    yield Check(area, "CPU", "ok", f"{machine_class(project.threads, 'cpu')}, {usable} cores usable")
    free = f"{memory.available / GIGA:.1f} of {memory.total / GIGA:.1f} GB available"
    yield Check(area, "memory", "ok", free)
    for device in ("cuda", "mps"):
        why = availability.missing_device(device)
        yield Check(area, device, "absent" if why else "ok", why or machine_class(project.threads, device))
    if not extras.missing("media"):
        yield _pyav(area)


def _pyav(area: str) -> Check:
    try:
        import av
    except ImportError as error:  # it is there and does not load
        return Check(area, "audio and video", "bad", f"PyAV: {error}", installer.command("--force-reinstall", "av"))
    libraries = ", ".join(
        f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in ("libavcodec", "libavformat")
    )
    return Check(area, "audio and video", "ok", f"PyAV {av.__version__} with {libraries}")


def more(area: str = "extras") -> Iterator[Check]:
    """What the harness does with packages that it does not bring."""
    for name, extra in extras.EXTRAS.items():
        lacks = extras.missing(name)
        finding = f"{extra.brings} ({', '.join(lacks)} not installed)" if lacks else extra.brings
        yield Check(area, name, "absent" if lacks else "ok", finding, extras.install(name) if lacks else "")


def engines(cases: Matrix) -> Iterator[Check]:
    """Each model's packages."""
    providers = _providers()
    for entry in cases.models:
        if isinstance(entry, Broken):
            yield Check("engines", entry.name, "bad", entry.error, "correct that file")
            continue
        folder, model = entry
        if package := availability.missing_package(model):
            mend = extras.install(model.install) if model.install else f"install {package}"
            yield Check("engines", folder.name, "absent", f"package {package} is not installed", mend)
            continue
        distributions = dict.fromkeys(_distribution(package, providers) for package in model.packages)
        versions = ", ".join(
            f"{distribution} {importlib.metadata.version(distribution)}"
            for distribution in distributions
            if distribution
        )
        yield Check("engines", folder.name, "ok", versions or "needs no package")


def _providers() -> dict[str, str]:
    """The distribution of each importable name that says so itself: asking for all files takes ten times as long."""
    by_module: dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        for name in (distribution.read_text("top_level.txt") or "").split():
            by_module.setdefault(name, distribution.name)
    return by_module


def _distribution(package: str, providers: Mapping[str, str]) -> str:
    """The distribution that brings a package: the one that says so, else the one of its name; '' for none."""
    if package in providers:
        return providers[package]
    try:
        return importlib.metadata.distribution(package).name
    except importlib.metadata.PackageNotFoundError:
        return ""


def weights_here(cases: Matrix) -> Iterator[Check]:
    """Of each model: which variants' weights are on this disk."""
    for model, group in groupby(cases.instances(), key=lambda instance: instance.key.model):
        here: dict[str, bool] = {}
        for instance in group:
            name = instance.key.variant
            here[name] = here.get(name, False) or not weights.why_missing(instance.source)
        there, lacking = ([name for name, is_here in here.items() if is_here is wanted] for wanted in (True, False))
        finding = f"{', '.join(there) or 'none'} here" + (f"; not here: {', '.join(lacking)}" if lacking else "")
        mend = f"modellab models fetch {model}:VARIANT" if lacking else ""
        yield Check("weights", model, "ok" if there else "absent", finding, mend)


def default(cases: Matrix, project: Project) -> Iterator[Check]:
    """Really load what runs when nothing is named: a package may be there and not work."""
    extra = transcribe.DEFAULT.partition(":")[0].replace("_", "-")
    mend = extras.install(extra)
    try:
        chosen = transcribe.choose(cases)
        providers = _providers()
        brought = filter(None, (_distribution(package, providers) for package in chosen.model.packages))
        mend = installer.command("--force-reinstall", *dict.fromkeys(brought))  # modellab by name: another project's
        with transcribe.loaded(chosen, project.threads) as ready:
            finding = f"{_name(chosen)} loads in {ready.facts['load_s']:.2f} s"
    except (ModellabError, OSError) as error:
        yield Check("weights", DEFAULT, "bad", str(error).splitlines()[0], mend)
        return
    yield Check("weights", DEFAULT, "ok", finding)


def _name(instance: ModelInstance) -> str:
    key = instance.key
    return f"{key.model}:{key.variant} {key.device}-{key.precision}"


def check_datasets(project: Project) -> Iterator[Check]:
    """Every golden dataset, its audio decoded; of rows in Parquet that are as they were locked, no audio."""
    folders = datasets.available(project.golden)
    if not folders:
        yield Check("datasets", "golden", "bad", f"{project.golden} holds no dataset", "git checkout golden")
    for folder in folders:
        if known := _locked(folder):
            yield Check("datasets", folder.name, "ok", known)
            continue
        faults = dataset_faults(folder)
        if not faults:
            yield Check("datasets", folder.name, "ok", "sound")
        elif all(map(extras.command, faults)):
            yield Check("datasets", folder.name, "absent", f"not checked: {faults[0]}", extras.command(faults[0]))
        else:
            finding = f"{len(faults)} problems, the first: {faults[0]}"
            yield Check("datasets", folder.name, "bad", finding, f"modellab datasets validate {folder.name}")


def _locked(folder: Path) -> str:
    """What is known of a dataset whose rows are in Parquet and as they were locked; '' of any other."""
    try:
        if not datasets.header(folder).rows or not (data := datasets.load(folder)).is_checked:
            return ""
    except (ModellabError, *ODD):
        return ""
    return f"{len(data.rows)} rows as they were locked; `modellab datasets verify {folder.name}` compares their audio"


def dataset_faults(folder: Path, *, private: bool = False) -> list[str]:
    """Everything that is wrong with a dataset folder, a sentence each, the rows of its task included.

    What an extra is missing for, in however many rows, is one fault. Of a private dataset only their number is told,
    since they name cases and files, unless `private` asks for them.
    """
    read = matrix.read_header(folder)
    if not (private or isinstance(read, Broken) or read[1].privacy == "none"):
        faults = dataset_faults(folder, private=True)
        told = f"{folder.name} is private: `modellab datasets validate {folder.name} --private` shows what is wrong"
        return [f"{told} ({len(faults)} faults)"] if faults else []
    if isinstance(read, Broken):
        return list(dict.fromkeys([read.error, *datasets.validate(folder)]))
    once: dict[str, str] = {}
    for fault in datasets.validate(folder, tasks.get(read[1].task)):
        once.setdefault(extras.command(fault) or fault, fault)
    return list(once.values())


def check_baselines(cases: Matrix) -> Iterator[Check]:
    """How many of the cases that can run here have something to be compared with.

    Speed and memory are counted for this machine class among the cases whose quality is accepted: those lack nothing
    else, and their quality is not to be accepted anew for it.
    """
    root = cases.project.baselines
    able = [
        case.key
        for task in tasks.names()
        for case in cases.cases(task)
        if isinstance(case, Case) and not availability.why_not(case)
    ]
    accepted = [key for key in able if baselines.quality_path(root, key).is_file()]
    yield _quality(able, accepted)
    for device in dict.fromkeys(key.device for key in accepted):
        here = machine_class(cases.project.threads, device)
        yield _speed(root, here, [key for key in accepted if key.device == device])


def _quality(able: list[CaseId], accepted: list[CaseId]) -> Check:
    finding = f"{len(accepted)} of the {len(able)} cases that can run here"
    lacking = next((key for key in able if key not in accepted), None)
    if lacking is None:
        return Check("baselines", "quality", "ok" if able else "absent", finding)
    chosen = f"--model {lacking.model}:{lacking.variant} --dataset {lacking.dataset}"
    one = f"modellab run {chosen} --device {lacking.device} --precision {lacking.precision} {ACCEPT}"
    more = len(able) - len(accepted) - 1
    return Check("baselines", "quality", "absent", finding, f"{one}" + (f" (and so {more} more)" if more else ""))


def _speed(root: Path, here: str, accepted: list[CaseId]) -> Check:
    """Of cases of one device, whose quality is accepted: how many have their speed accepted on this machine class."""
    name = f"speed and memory on {here}"
    there = [key for key in accepted if baselines.resources_path(root, key, here).is_file()]
    finding = f"{len(there)} of the {len(accepted)} cases with accepted quality"
    if len(there) == len(accepted):
        return Check("baselines", name, "ok", finding)
    others: Counter[str] = Counter()
    for key in accepted:
        others.update(machine for machine in baselines.other_machines(root, key) if machine != here)
    known = ", ".join(f"{count} on {machine}" for machine, count in sorted(others.items()))
    narrow = f" --device {accepted[0].device}" if accepted[0].device != "cpu" else ""
    mend = ACCEPT_SPEED.replace(" run", f" run{narrow}") + ", then modellab calibrate"
    return Check("baselines", name, "absent", finding + (f" (accepted elsewhere: {known})" if known else ""), mend)


def space(project: Project) -> Iterator[Check]:
    """Room and permission to write results and expanded weights."""
    for name, folder in (("results", project.mlruns), ("cache", home())):
        place = next(path for path in (folder, *folder.parents) if path.exists())
        free = shutil.disk_usage(place).free
        finding = f"{folder}, {free / GIGA:.1f} GB free"
        try:
            tempfile.TemporaryFile(dir=place).close()
        except OSError as error:
            mend = "chmod u+w, or another place: MODELLAB_CACHE" if name == "cache" else f"chmod u+w {place}"
            yield Check("space", name, "bad", f"{folder} cannot be written: {error.strerror}", mend)
            continue
        low = free < LOW_DISK_BYTES
        yield Check("space", name, "bad" if low else "ok", finding, "free some disk space" if low else "")
