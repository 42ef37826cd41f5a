"""`modellab datasets formats` and `modellab datasets import`: data that people have, as a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common, dataset_power, datasets
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.datasets.importers.records import Options
    from modellab.datasets.importers.request import ImportRequest, Report

FIRST = 10  # rows left out that are shown; the file has all

WHERE = "A file, a folder, a-{000..012}.tar, or https://, hf://datasets/, s3://, gs://, preset:NAME."
Place = Annotated[str, typer.Argument(metavar="PLACE", help=WHERE)]


def formats(place: Annotated[str, typer.Argument(metavar="[PLACE]", help=WHERE)] = "") -> None:
    """What a place is taken for and why; without one, the formats that are known."""
    from modellab.datasets import importers

    if not place:
        common.print_table(["format", "what"], ([form.NAME, form.TITLE] for form in importers.every().values()))
        return
    from modellab.datasets.importers import Options, remote

    with remote.here(place, Options()) as fetched:
        there = importers.place_of(fetched.path if fetched else place)
        candidates = importers.detected(there)
        if not candidates:
            raise ConfigError(importers.unknown(there))
    common.print_table(
        ["format", "sure", "why"],
        ([candidate.format.NAME, f"{candidate.guess.score:.2f}", candidate.guess.reason] for candidate in candidates),
    )


def presets() -> None:
    """Public sets by name: what they are, how many rows they have, where their terms stand."""
    from modellab.datasets.importers import presets as table

    columns = ["preset", "what", "rows", "licence", "pinned", "page", "access"]
    common.print_table(
        columns,
        (
            [
                name,
                preset.title,
                str(preset.rows or ("by part" if preset.rows_by_config else "")),
                preset.licence,
                (preset.revision or f"sha256:{preset.sha256}")[:12]
                if preset.is_pinned
                else "at first import"
                if preset.place
                else "",
                preset.page,
                preset.access,
            ]
            for name, preset in table.every().items()
        ),
    )
    common.say(
        "`modellab datasets import preset:NAME --into golden/NAME_v1`; not pinned: at first import, and written down"
    )


Many = list[str] | None
Into = Annotated[str, typer.Option(metavar="NAME", help="The new dataset, such as golden/calls_v1.")]
Form = Annotated[str, typer.Option("--as", metavar="FORMAT", help="The format, where it is not found out.")]
Task = Annotated[str, typer.Option(help="What the rows are for: asr, or diarization where there is no text.")]
Language = Annotated[str, typer.Option(help="What is spoken, where the source does not say; mul: row by row.")]
Licence = Annotated[str, typer.Option(help="SPDX identifier.")]
Tier = Annotated[str, typer.Option(help="smoke, full, real or nightly.")]
Normaliser = Annotated[str, typer.Option(help="What texts go through before they are compared.")]
Split = Annotated[str, typer.Option(help="The part of a source; test if nothing is said.")]
Config = Annotated[str, typer.Option(help="Configuration, language or protocol of a source with several.")]
Column = Annotated[Many, typer.Option(metavar="ROLE=COLUMN", help="text=sentence, ...; repeatable.")]
TextColumn = Annotated[Many, typer.Option(metavar="NAME=COLUMN", help="Another text to keep.")]
Group = Annotated[Many, typer.Option(metavar="COLUMN", help="Another column to group by.")]
Root = Annotated[Path | None, typer.Option(help="Where relative paths of audio begin.")]
TextGridTier = Annotated[str, typer.Option(metavar="NAME", help="The tier that holds the text.")]
Whole = Annotated[bool, typer.Option("--whole", help="A row for a whole file, not for each subtitle.")]
Copy = Annotated[bool, typer.Option("--copy/--reference", help="Copy the audio, or refer to it.")]
Channel = Annotated[
    str, typer.Option(metavar="N|all|mix", help="For rows that name none: 0, 1, ..., a row for each, or the mean.")
]
Shortest = Annotated[float, typer.Option(help="Leave shorter rows away.")]
Longest = Annotated[float, typer.Option(help="Leave longer rows away.")]
Wanted = Annotated[
    str, typer.Option("--where", metavar="EXPRESSION", help="Only rows like: duration_s < 30 and gender == 'f'.")
]
Sample = Annotated[int, typer.Option(min=0, help="Take so many rows; a larger sample holds a smaller one.")]
By = Annotated[str, typer.Option(metavar="KEY,...", help="Sample in proportion to these: speaker, gender, ...")]
Seed = Annotated[int, typer.Option(help="Of the sample.")]
WholeSpeakers = Annotated[bool, typer.Option("--whole-speakers", help="Sample all rows of a speaker, or none.")]
MaxLeftOut = Annotated[str, typer.Option(metavar="PERCENT", help="Faulty rows that may be left out.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit status 1 if any row was left out.")]
Private = Annotated[bool, typer.Option("--private", help="Names are hashed, texts stay on this machine.")]
Again = Annotated[bool, typer.Option("--again", help="PLACE is an imported dataset: repeat that, say what changed.")]
Revision = Annotated[str, typer.Option(help="Commit, branch or tag of a data set of Hugging Face.")]
Inside = Annotated[str, typer.Option(metavar="FOLDER", help="Of an archive this folder alone.")]
TargetLanguage = Annotated[str, typer.Option(help="What is translated into, for --task translation.")]
Judge = Annotated[str, typer.Option(metavar="MODEL:VARIANT", help="Who listens, for --task tts.")]
RunCommands = Annotated[
    bool, typer.Option("--run-commands", help="Run the shell commands that stand in a wav.scp; only if you trust it.")
]
Only = Annotated[Many, typer.Option(metavar="GLOB", help="Of a tree elsewhere fetch these files alone.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything, write nothing.")]


# fmt: off
def import_dataset(
    place: Place, into: Into, form: Form = "", task: Task = "", language: Language = "", licence: Licence = "",
    tier: Tier = "full", normaliser: Normaliser = "auto", split: Split = "", config: Config = "",
    column: Column = None, text_column: TextColumn = None, group: Group = None, root: Root = None,
    textgrid_tier: TextGridTier = "", whole: Whole = False, copy: Copy = False, channel: Channel = "",
    min_s: Shortest = 0.0, max_s: Longest = float("inf"), where: Wanted = "", sample: Sample = 0, by: By = "",
    seed: Seed = 0, whole_speakers: WholeSpeakers = False, max_left_out: MaxLeftOut = "5%", strict: Strict = False,
    dry_run: DryRun = False,
    revision: Revision = "", only: Only = None, inside: Inside = "", target_language: TargetLanguage = "",
    judge: Judge = "", run_commands: RunCommands = False, again: Again = False,
    private: Private = False,
) -> None:
    """Make a dataset of recordings that you have, in the format that you have them in.

    Every file is decoded and measured. Rows that cannot be used are listed in left-out.jsonl; more than 5 % of them is
    an error, and nothing is written.
    """
    from modellab.datasets.importers.records import Options
    from modellab.datasets.importers.request import ImportRequest

    if whole_speakers and not (sample or again):
        raise ConfigError("--whole-speakers is about --sample: say how many rows")
    options = Options(
        root=root, columns=_pairs(column, "--column"), texts=_pairs(text_column, "--text-column"),
        groups=tuple(group or ()), split=split, config=config, tier=textgrid_tier, whole=whole,
        inside=inside,
    )
    request = ImportRequest(
        task=task, language=language, licence=licence, tier=tier, normaliser=normaliser, form=form, copy=copy,
        channel=_channel(channel), min_s=min_s, max_s=max_s, sample=sample, by=tuple(filter(None, by.split(","))),
        seed=seed, whole_speakers=whole_speakers, most_left_out=_percent(max_left_out), dry_run=dry_run, where=where,
        revision=revision,
        only=tuple(only or ()), target_language=target_language, judge=judge, run_commands=run_commands,
        private=private,
    )
    report = _again(place, Path(into).name, request) if again else _imported(place, Path(into).name, options, request)
    if report.refused or (strict and report.faults):
        raise typer.Exit(1)
# fmt: on


def _again(given: str, name: str, asked: ImportRequest) -> Report:
    """Repeat the import of a dataset into a new one, with what has to be said anew."""
    from dataclasses import replace

    from modellab.datasets.importers import manifest_file

    (before,) = datasets.chosen(datasets.folders(common.project().golden), [given])
    source, options, request = manifest_file.earlier(before)
    return _imported(
        source, name, options, replace(request, dry_run=asked.dry_run, run_commands=asked.run_commands), before
    )


def _imported(source: str, name: str, options: Options, request: ImportRequest, before: Path | None = None) -> Report:
    """Import and tell."""
    from modellab import tasks
    from modellab.datasets.importers import importing

    folder = common.project_or_here().golden / name
    report = importing.run(source, folder, options, request, {name: tasks.get(name) for name in tasks.names()}, before)
    tell(report, request)
    return report


def tell(report: Report, request: ImportRequest) -> None:
    """What a person should know of an import; of a private one without texts and places."""
    from modellab.datasets.importers.manifest_file import near
    from modellab.units import counted

    common.say(f"taken for {report.form}" if request.private else f"taken for {report.form}: {report.why}")
    for note in dict.fromkeys(report.notes):
        common.say(f"note: {common.printable(note)}")
    for left_out in () if request.private else report.left[:FIRST]:
        common.say(f"left out: {common.printable(str(near(left_out, report.place)))}")
    if request.private and report.left:
        common.say(f"left out: {counted(len(report.left), 'row')}, left-out.jsonl says which and why")
    elif len(report.left) > FIRST:
        common.say(f"left out: {len(report.left) - FIRST} more")
    if report.refused:
        common.say(report.refused, err=True)
        return
    by = f" by {counted(report.speakers, 'speaker')}" if report.speakers else ""
    filtered = f", {report.filtered} not wanted" if report.filtered else ""
    sampled = f", {report.taken} of them taken" if report.taken < report.sound else ""
    common.say(f"{report.read} read, {len(report.left)} left out{filtered}, {report.sound} sound{sampled}: "
               f"{datasets.length(report.audio_s)} of audio{by}")  # fmt: skip
    if report.changes is not None:
        common.say(f"since then: {'; '.join(report.changes) or 'nothing changed'}")
    if request.private and not request.dry_run:
        common.say("private: a .gitignore keeps its folder out of git, names are hashed, texts stay in the ledger here")
    if request.dry_run:
        common.say("nothing was written (--dry-run)")
    else:
        common.say(f"written: {report.folder} ({report.digest[:19]}...); modellab run --dataset {report.folder.name}")
        if report.taken < report.sound and (seen := dataset_power.told(report.folder)):
            common.say(seen)


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    """NAME=COLUMN, each once; ConfigError for anything else."""
    by_name: dict[str, str] = {}
    for pair in given or []:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise ConfigError(f"{option} {pair}: expected NAME=COLUMN, such as text=sentence")
        by_name[name] = column
    return by_name


def _percent(given: str) -> float:
    """A percentage as a fraction.

    >>> _percent("5%"), _percent("0.5 %"), _percent("100%")
    (0.05, 0.005, 1.0)
    """
    from modellab.datasets.importers.records import number

    value = number(given.strip().removesuffix("%").strip())
    if value is None or not 0 <= value <= 100:
        raise ConfigError(f"--max-left-out {given}: expected a percentage such as 5%")
    return value / 100


def _channel(given: str) -> str:
    if given not in ("", "all", "mix") and not (given.isascii() and given.isdigit() and len(given) <= 3):
        raise ConfigError(f"--channel {given}: expected all, mix, or the number of a channel from 0 on")
    return given
