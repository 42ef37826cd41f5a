"""Data sets of Hugging Face: Parquet (or Arrow, as `save_to_disk` writes it) with the audio itself in a column.

Which files are of which configuration and split stands in the README's `configs:`, else in the names of the files. The
bytes of a row are its audio as it was uploaded; nothing is decoded here. `sampling_rate` of the feature is what
somebody wished for, and is not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from modellab.datasets.importers import columnar, columns, splits, textfiles
from modellab.datasets.importers.audiofiles import Finder
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options, Sound
from modellab.errors import ConfigError, DatasetError, YamlError, did_you_mean
from modellab.system import yamltext

NAME = "huggingface"
TITLE = "Hugging Face: Parquet or Arrow with the audio in it"
FILES = ("*.parquet", "*.arrow")
FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*\n", re.DOTALL)


def detect(place: Place) -> Guess | None:
    """A Parquet or Arrow file with a column of audio."""
    for file in place.called(*FILES, deep=True)[:20]:
        if audio_columns := columnar.embedded(file):
            return Guess(0.94, f"{file.name} holds audio in its column {audio_columns[0]}")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each row of the files of the split."""
    files = place.called(*FILES, deep=True)
    by_split = declared(place, files, options) or splits.by_name(place.folder, files)
    name, note = splits.chosen(by_split, options.split)
    if note:
        yield note
    for i, file in enumerate(by_split[name]):
        yield from _file(file, options, is_first=not i)


def _file(file: Path, options: Options, *, is_first: bool) -> Iterator[Item]:
    held = columnar.embedded(file)
    if not held:
        yield LeftOut(str(file), "it has no column with audio in it")
        return
    audio = options.columns.get("audio", held[0])
    chosen = columns.roles(columnar.columns(file), options)
    chosen = columns.Roles({**chosen.of, "audio": audio}, chosen.texts, chosen.groups)
    if is_first:
        yield from chosen.told()
    finder = Finder(file.parent, options.root)
    for number, item in enumerate(columnar.rows(file), start=1):
        if isinstance(item, LeftOut):
            yield item
            continue
        where, row = item
        yield columns.record(row, chosen, finder, where, _sound(file, row.get(audio), number))


def _sound(file: Path, held: Any, number: int) -> Sound | None:
    """The audio in a cell; None where the cell names a file instead."""
    if isinstance(held, bytes):
        return Sound(file, member=f"{file.stem}-{number:06d}", data=held)
    if isinstance(held, Mapping) and isinstance(held.get("bytes"), bytes):
        name = Path(str(held.get("path") or "")).name or f"{file.stem}-{number:06d}"
        return Sound(file, member=f"row {number}/{name}", data=held["bytes"])  # a name that several rows may have
    return None


def declared(place: Place, files: list[Path], options: Options) -> dict[str, list[Path]]:
    """The files of each split as the README's `configs:` have them; nothing where it says nothing."""
    readme = next((file for file in place.called("README.md") if file.parent == place.path), None)
    front = FRONT.match(textfiles.whole(readme)) if readme else None
    if not front:
        return {}
    try:
        head = yamltext.parse(front[1])
    except YamlError as fault:
        raise DatasetError(f"{readme}: what stands between its lines --- is not YAML: {fault}") from None
    configs = {str(config.get("config_name")): config.get("data_files") for config in _mappings(head, "configs")}
    if not configs:
        return {}
    if options.config and options.config not in configs:
        raise ConfigError(f"there is no configuration {options.config!r}: {did_you_mean(options.config, configs)}")
    if not options.config and len(configs) > 1 and "default" not in configs:
        raise ConfigError(f"say which configuration with --config: {', '.join(configs)}")
    chosen = configs[options.config or ("default" if "default" in configs else next(iter(configs)))]
    by_split: dict[str, list[Path]] = {}
    for entry in chosen if isinstance(chosen, list) else []:
        if isinstance(entry, Mapping):
            patterns = entry.get("path")
            listed = patterns if isinstance(patterns, list) else [patterns]
            by_split[str(entry.get("split"))] = [file for file in files if _fits(file, place.path, listed)]
    return {split: taken for split, taken in by_split.items() if taken}


def _mappings(head: Any, key: str) -> list[Mapping[str, Any]]:
    held = head.get(key) if isinstance(head, Mapping) else None
    return [entry for entry in held if isinstance(entry, Mapping)] if isinstance(held, list) else []


def _fits(file: Path, root: Path, patterns: list[Any]) -> bool:
    name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
    return any(fnmatch(name, str(pattern)) for pattern in patterns)
