"""FLEURS: data/LANGUAGE/SPLIT.tsv without a header, and audio/SPLIT.tar.gz or audio/SPLIT/ beside it.

The first column counts sentences, which several people read: the name of the file is the id of a recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from modellab.datasets.importers import splits, tars, textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Note, Options, Record, Sound
from modellab.errors import ConfigError

NAME = "fleurs"
TITLE = "FLEURS: LANGUAGE/SPLIT.tsv without a header, with audio/SPLIT.tar.gz"
COLUMNS, LAYOUT = 7, "number, NAME.wav, text, normalised text, letters, samples, gender"
ARCHIVES = (".tar.gz", ".tar", ".tgz")
RATE_HZ = 16_000


def detect(place: Place) -> Guess | None:
    """A TSV whose first line has FLEURS' seven columns."""
    for file in place.called("*.tsv", deep=True):
        if any(_is_row(line.split("\t")) for line in place.first_lines(file)):
            return Guess(0.95, f"{file.name} has FLEURS' {COLUMNS} columns and no header")
    return None


def _is_row(row: Sequence[str]) -> bool:
    return len(row) == COLUMNS and row[0].strip().isdigit() and row[1].endswith(".wav") and row[5].strip().isdigit()


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each row of the split whose audio is there, in the order of the audio."""
    by_language: dict[str, dict[str, Path]] = {}
    for tsv in place.called("*.tsv", deep=True):
        by_language.setdefault(tsv.parent.name, {})[tsv.stem] = tsv
    if options.config not in by_language and (options.config or len(by_language) != 1):
        raise ConfigError(f"say which language with --config: {', '.join(sorted(by_language)) or 'none is there'}")
    by_split = by_language[options.config or next(iter(by_language))]
    name, note = splits.chosen(by_split, options.split)
    if note:
        yield note
    file = by_split[name]
    yield Note("the text is the raw one of column 3; that of column 4, in lower case, is kept as `normalised`")
    rows: dict[str, tuple[str, list[str]]] = {}
    for item in textfiles.lines(file):
        if isinstance(item, LeftOut):
            yield item
            continue
        row, where = item[1].split("\t"), textfiles.where(file, item[0])
        if not _is_row(row):
            yield LeftOut(where, f"{len(row)} columns, expected FLEURS' {COLUMNS}: {LAYOUT}")
        elif row[1] in rows:
            yield LeftOut(where, f"{row[1]} has a row already ({rows[row[1]][0]})")
        else:
            rows[row[1]] = (where, row)
    yield from _with_audio(file, rows)


def _with_audio(file: Path, rows: dict[str, tuple[str, list[str]]]) -> Iterator[Item]:
    archive = next(
        (
            path
            for end in (".tar.gz", ".tar", ".tgz")
            if (path := file.parent / "audio" / f"{file.stem}{end}").is_file()
        ),
        None,
    )
    language = file.parent.name.split("_")[0]
    if archive is None:
        for name, (where, row) in rows.items():
            yield _record(where, row, language, Sound(file.parent / "audio" / file.stem / name))
        return
    for item in tars.members(archive):
        if isinstance(item, LeftOut):
            yield item
        elif placed_row := rows.pop(Path(item.name).name, None):
            yield _record(*placed_row, language, Sound(archive, member=item.name, data=item.data))
    for name, (where, _) in rows.items():
        yield LeftOut(where, f"there is no {name} in {archive.name}")


def _record(where: str, row: Sequence[str], language: str, sound: Sound) -> Record:
    return Record(
        id=Path(row[1]).stem,
        where=where,
        sound=sound,
        text=row[2].strip(),
        texts={"normalised": row[3].strip()},
        language=language,
        duration_s=int(row[5]) / RATE_HZ,
        group={"gender": row[6].strip().lower()},
    )
