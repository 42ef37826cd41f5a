"""`modellab datasets`: what there is, and whether it is sound."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import common, grouped
from modellab.errors import ConfigError

app = typer.Typer(
    cls=grouped.WholeSummaries, help="List the golden datasets, make them of recordings that you have, validate them."
)


@app.command()
def validate(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Names of datasets; all if none.")
    ] = None,
    private: Annotated[
        bool, typer.Option("--private", help="Name cases and files of private datasets, too: not for a log.")
    ] = False,
) -> None:
    """Check every manifest, decode every audio file, compare every digest. Exit status 1 if anything is wrong."""
    from modellab import datasets
    from modellab.datasets import columns
    from modellab.doctor import dataset_faults

    problems = files = 0
    seconds = 0.0
    for folder in chosen(folders(common.project().golden), names or []):
        faults = dataset_faults(folder, private=private)
        problems += len(faults)
        for problem in faults:
            common.say(problem)
        if not faults:
            data = datasets.load(folder, named=True)
            absent = datasets.why_silent(folder, data.header)
            files += 0 if absent else columns.with_audio(data)
            held = 0.0 if absent else columns.audio_s(data)
            seconds += held
            common.say(f"{folder.name}: {len(data.rows)} cases, {absent or f'{length(held)} of audio'}")
    if problems:
        common.say(f"{problems} problem{'' if problems == 1 else 's'}", err=True)
        raise typer.Exit(1)
    common.say(f"all sound: {files} files, {length(seconds)} of audio")


@app.command()
def digest(names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of datasets.")]) -> None:
    """Write what a dataset holds now into it, so that later changes are seen; the same as `lock`."""
    from modellab.datasets.locking import lock

    for folder in chosen(folders(common.project().golden), names):
        common.say(f"{folder.name}: {lock(folder)}")


def folders(golden: Path) -> list[Path]:
    """Every folder of `golden/`, with or without a dataset.yaml; ConfigError where there is none."""
    subfolders = sorted(path for path in golden.glob("*/") if not path.name.startswith((".", "_")))
    if not subfolders:
        raise ConfigError(f"no datasets: expected folders with a dataset.yaml in {golden}")
    return subfolders


def chosen(folders: list[Path], names: list[str]) -> list[Path]:
    """The folders of these names, in the order given; ConfigError for an unknown one."""
    from modellab.plan.selection import known

    by_name = {folder.name: folder for folder in folders}
    cleaned = [Path(name).name for name in names]
    for name in cleaned:
        known("dataset", name, by_name)
    return [by_name[name] for name in dict.fromkeys(cleaned)] or folders


def length(seconds: float) -> str:
    """Seconds as a person reads them.

    >>> length(59.7), length(75), length(3700)
    ('59.7 s', '1 min 15 s', '1 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
