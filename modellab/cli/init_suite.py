"""`modellab init`: a suite in the current folder that runs at once, of recordings that one has."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common, consent, dataset_power, suite_files
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.matrix import Matrix, ModelInstance

TEXTS = "asr"  # the task whose references are texts
SPELT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l"}
)  # in a dataset's name
NOWHERE = "git+https://github.com/OWNER/modellab@COMMIT"  # where nobody can tell where this modellab is from
DEFAULTS = {"diarization": "heuristic_diarization", "vad": "silero_vad"}
NEXT = """\
next:
  modellab run                                          the suite, as `pytest benchmarks`
  modellab run --update-baselines --reason "the first"  accept what it measured: from now on a regression is red
  modellab models new NAME                              a model of your own"""

Data = Annotated[
    str, typer.Option("--data", metavar="PLACE", help="Recordings with texts: a folder, a manifest. Else an example.")
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="MODEL[:VARIANT]", help="What the suite is about; may be repeated."),
]
Name = Annotated[str, typer.Option("--name", metavar="NAME_v1", help="Of the dataset; default: the folder's name.")]


def init(
    data: Data = "",
    model: Models = None,
    language: Annotated[str, typer.Option(help="What is spoken, where the data does not say it.")] = "",
    task: Annotated[str, typer.Option(help="What the recordings are for: asr, diarization, vad, ...")] = "asr",
    name: Name = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be written, write nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Fetch the models' weights without asking.")] = False,
) -> None:
    """Write a suite into this folder that runs at once: settings, benchmark, dataset, .gitignore, CI workflow.

    What is there already stays as it is. With --data the first dataset is made of your recordings, of those that have
    a text beside them; without it of three clips that come with modellab, for the toy that knows them.
    """
    from modellab import tasks
    from modellab.plan.selection import known

    known("task", task, tasks.names())
    root = Path.cwd()
    matrix = common.matrix(common.project_or_here())
    instances = _instances(matrix, model or [], task, language, has_data=bool(data))
    files = [
        suite_files.settings(root, _names(instances, model or [])),
        suite_files.plugin(root),
        suite_files.benchmark(root, task),
        *suite_files.ignored(root),
        suite_files.workflow(root, _requirement(instances), _fetched(instances)),
    ]
    made = None
    if data:
        made = _import(root, data, task, language, name, dry_run=dry_run)  # refused before anything else is written
    else:
        files += suite_files.example(root, suite_files.lessons())
    for file in files:
        if not dry_run:
            with common.writing(file.path):
                file.write()
        _tell(root, file, dry_run=dry_run)
    if not data and not dry_run:
        suite_files.example_audio(root)
    if dry_run:
        common.say("nothing was written (--dry-run)")
        return
    _fetch(instances, yes=yes)
    if made and (seen := dataset_power.told(made, f"{made.name} as it is", "5%")):
        common.say(f"{seen}; utterances that lose most of their words are red all the same")
    if any(file.text and NOWHERE in file.text for file in files):
        common.say("speech.yml: put the repository and the commit of your modellab in place of OWNER and COMMIT")
    common.say(NEXT)


# ---------------------------------------------------------------------------- models


def _instances(
    matrix: Matrix, names: Sequence[str], task: str, language: str, *, has_data: bool
) -> list[ModelInstance]:
    """The models that the suite is about, one instance of each; ConfigError where a name is none of the task."""
    from modellab.plan.selection import find_model
    from modellab.runner import transcribe

    if not names and not has_data:
        if task != transcribe.TASK:
            raise ConfigError(f"there is no example of {task}: give recordings with --data FOLDER")
        return [transcribe.choose(matrix)]
    instances = []
    for name in names or [_default(task, language)]:
        folder, model, variant = find_model(matrix, name)
        if task not in model.tasks:
            raise ConfigError(f"{folder.name} does {' and '.join(model.tasks)}, and no {task}: --model takes another")
        every = [instance for instance in matrix.instances() if instance.key.model == folder.name]
        fitting = [instance for instance in every if variant in ("", instance.key.variant)]
        if has_data and all(instance.variant.domain != "open" for instance in fitting):
            raise ConfigError(
                f"{name} knows a small vocabulary and would meet none of your recordings: --model takes weights that"
                f" know any words, `modellab models list --task {task}` names them"
            )
        instances.append(transcribe.could_run(matrix, name) or fitting[0])
    return instances


def _default(task: str, language: str) -> str:
    from modellab.runner import transcribe

    if task == transcribe.TASK:
        return transcribe.QUICK if language.partition("-")[0] in ("", "en") else transcribe.REAL
    if task not in DEFAULTS:
        raise ConfigError(f"which model does {task}? Say it with --model: `modellab models list --task {task}`")
    return DEFAULTS[task]


def _names(instances: Sequence[ModelInstance], given: Sequence[str]) -> list[str]:
    """What `only` holds: names as they were given, else MODEL:VARIANT."""
    return list(given) or [f"{instance.key.model}:{instance.key.variant}" for instance in instances]


def _requirement(instances: Sequence[ModelInstance]) -> str:
    """What pip installs in CI: this commit of the repository, with the engines of the models."""
    from modellab.system import machine

    extras = ",".join(sorted({instance.model.install for instance in instances if instance.model.install}))
    name = f"modellab[{extras}]" if extras else "modellab"
    return f"{name} @ {machine.origin() or NOWHERE}"


def _fetched(instances: Sequence[ModelInstance]) -> list[str]:
    return [f"{instance.key.model}:{instance.key.variant}" for instance in instances if instance.source.fetched]


def _fetch(instances: Sequence[ModelInstance], *, yes: bool) -> None:
    """Fetch what is not here if somebody agrees; else say what is lacking before the suite can run it."""
    from modellab.plan.availability import obstacle

    for instance in instances:
        shown = f"{instance.key.model}:{instance.key.variant}"
        if not obstacle(instance, download=True)[0]:
            consent.fetched(instance, f"the weights of {shown} are not here: fetch them?", yes=yes)
        why, mend = obstacle(instance)
        if why:
            common.say(f"{shown} cannot run here yet: {why}" + (f": {mend}" if mend else ""), err=True)


# ---------------------------------------------------------------------------- data


def _import(root: Path, data: str, task: str, language: str, name: str, *, dry_run: bool) -> Path | None:
    """The first dataset, of the recordings that have what the task needs; its folder, if it was made.

    ConfigError where no recording has it.
    """
    from modellab import tasks
    from modellab.cli import dataset_import
    from modellab.datasets.importers import importing, own_recordings
    from modellab.datasets.importers.records import Options
    from modellab.datasets.importers.request import ImportRequest

    folder = root / "golden" / (name or named(data))
    if folder.exists():
        common.say(f"left as it is: {folder.relative_to(root)} (it is there: --name takes another)")
        return None
    outside = not Path(data).expanduser().resolve().is_relative_to(root.resolve())
    form = own_recordings.form(Path(data)) if task == TEXTS and Path(data).is_dir() else ""
    request = ImportRequest(
        task=task, language=language, tier="smoke", form=form, copy=outside, most_left_out=1.0, dry_run=dry_run
    )
    readers = {task_name: tasks.get(task_name) for task_name in tasks.names()}
    report = importing.run(data, folder, Options(whole=True), request, readers)
    if report.refused:
        raise ConfigError(f"{data}: {report.refused}; a text lies beside its recording: call.txt beside call.wav")
    dataset_import.tell(report, request)
    return None if dry_run else folder


def named(data: str) -> str:
    """A dataset's name of a place's.

    >>> named("~/My Calls (May)/"), named("2024"), named("data/manifest.jsonl"), named("Gespräche Café")
    ('my_calls_may_v1', 'data_2024_v1', 'manifest_v1', 'gespraeche_cafe_v1')
    """
    place = Path(data).resolve().name if Path(data).name in {"", ".."} else Path(data).name
    spelt = unicodedata.normalize("NFC", place.partition(".")[0].lower()).translate(SPELT)
    letters = unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "_", letters).strip("_") or "mine"
    return f"{plain if plain[0].isalpha() else f'data_{plain}'}_v1"


def _tell(root: Path, file: suite_files.Written, *, dry_run: bool) -> None:
    """What becomes of a file, with its text where nothing is written."""
    shown = file.path.relative_to(root)
    if not file.text:
        common.say(f"left as it is: {shown} ({file.note})")
        return
    what = "append to" if file.appended else "write"
    common.say(f"would {what} {shown}:" if dry_run else f"{'appended to' if file.appended else 'wrote'} {shown}")
    if dry_run:
        common.say("".join(f"    {line}\n" for line in file.text.splitlines()))
