"""`modellab datasets show`, `verify` and `lock`: what a dataset holds, and whether its audio is unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, datasets
from modellab.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from modellab.datasets import Dataset
    from modellab.types import Row

Names = Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of datasets.")]
FIRST = 5  # rows that are shown
CLOSE = 20_000  # names among which a misspelt one is looked for
Private = Annotated[bool, typer.Option("--private", help="Name rows and files of private datasets: not for a log.")]


def lock(names: Names) -> None:
    """Record what a dataset holds now: hashes of audio in its rows in Parquet, the digest in its header.

    Rows are checked first. An audio file is hashed again only if its size or time has changed.
    """
    from modellab.datasets.locking import lock

    for folder in datasets.chosen(datasets.folders(common.project().golden), names):
        common.say(f"{folder.name}: {lock(folder)}")


def verify(
    names: Names,
    deep: Annotated[bool, typer.Option("--deep", help="Hash and decode every file.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Files that are decoded at the same time.")] = 1,
    private: Private = False,
) -> None:
    """Compare the audio of a dataset with its rows: sizes and times, with --deep every byte and every sample.

    Exit status 1 if anything is not as the rows say.
    """
    from modellab.datasets import columns, load, verifying

    count = 0
    for folder in datasets.chosen(datasets.folders(common.project().golden), names):
        data = load(folder, named=private)
        before = count
        for fault in (*_digest_faults(data), *verifying.faults(data, deep=deep, jobs=jobs)):
            withheld = data.is_private and not private
            common.say(f"{folder.name}: {'a fault: it is private, --private shows which' if withheld else fault}")
            count += 1
        if count == before:
            how = "hashed and decoded" if deep else "sizes and times compared"
            held = datasets.length(columns.audio_s(data))
            common.say(f"{folder.name}: {len(data.rows)} cases, {held} of audio, {how}")
    if count:
        common.say(f"{count} problem{'' if count == 1 else 's'}", err=True)
        raise typer.Exit(1)


def _digest_faults(data: Dataset) -> list[str]:
    if not data.header.digest:
        return ["there is no digest; `modellab datasets lock` writes it"]
    if data.digest != data.header.digest:
        what = "rows or audio" if data.audio is None else "rows"
        return [f"the digest changed: the header says {data.header.digest}, the {what} give {data.digest}"]
    return []


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A dataset.")],
    row: Annotated[str, typer.Argument(metavar="[ROW]", help="The id of a row; without it the dataset itself.")] = "",
    private: Private = False,
) -> None:
    """Show what a dataset says of itself, with its first rows; or all of one row."""
    from modellab.datasets import columns, load

    (folder,) = datasets.chosen(datasets.folders(common.project().golden), [name])
    data = load(folder, named=private)
    if data.is_private and not private and row:
        raise ConfigError(f"{data.name} is private: --private shows its rows, at your own terminal")
    if row:
        for line in _lines(_row(data, row)):
            common.say(line)
        return
    for line in _lines({"name": data.name, **data.header.model_dump(exclude_defaults=True)}):
        common.say(line)
    if imported := data.header.imported:
        if data.is_private and not private:  # places and expressions hold names
            imported = {key: imported[key] for key in ("format", "counts") if key in imported}
        common.say(f"import: {json.dumps(imported, ensure_ascii=False)}")
    kind = data.header.rows or "dataset.yaml"
    common.say(f"rows: {len(data.rows)} in {kind}, {datasets.length(columns.audio_s(data))} of audio")
    if data.is_private and not private:
        common.say("it is private: --private shows its rows, at your own terminal")
        return
    for first_row in data.rows[:FIRST]:
        common.say(f"  {first_row['id']}: {first_row.get('text', first_row.get('audio', ''))}")
    if len(data.rows) > FIRST:
        common.say(f"  ... {len(data.rows) - FIRST} more; modellab datasets show {data.name} ROW shows all of one")


def _row(data: Dataset, id: str) -> Row:
    """The row of this name; ConfigError with the closest ones where there is none."""
    from modellab.datasets import columns

    names: list[str] = []
    for i, (name,) in enumerate(columns.values(data.rows, "id")):
        if name == id:
            return data.rows[i]
        if len(names) < CLOSE:
            names.append(str(name))
    raise ConfigError(f"{data.name} has no row {id!r}: {did_you_mean(id, names)}")


def _lines(facts: Row) -> list[str]:
    return [f"{key}: {_shown(value)}" for key, value in facts.items()]


def _shown(value: Any) -> str:
    return (
        str(value)
        if isinstance(value, str | int | float | Path)
        else json.dumps(value, ensure_ascii=False, default=str)
    )
