"""pyannote.database: database.yml, with the recordings, RTTM and UEM of each subset of a protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from modellab.annotations import rttm as files
from modellab.datasets.importers import splits, textfiles
from modellab.datasets.importers.audiofiles import is_there
from modellab.datasets.importers.formats import rttm
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, Item, LeftOut, Options
from modellab.errors import ConfigError, DatasetError, YamlError, did_you_mean
from modellab.system import yamltext

NAME = "pyannote"
TITLE = "pyannote database.yml: recordings, RTTM and UEM of each subset"
FILES = ("database.yml", "database.yaml")

Subset = Mapping[str, Any]


def detect(place: Place) -> Guess | None:
    """A database.yml with Protocols."""
    for file in place.called(*FILES) if place.is_folder else [place.path]:
        if file.suffix.lower() in (".yml", ".yaml") and "Protocols:" in place.head(file):
            return Guess(0.96, f"{file.name} has Protocols, as pyannote.database reads them")
    return None


def read(place: Place, options: Options) -> Iterator[Item]:
    """A record for each recording of the subset."""
    file = place.called(*FILES)[0] if place.is_folder else place.path
    try:
        held = yamltext.parse(textfiles.whole(file))
    except YamlError as fault:
        raise DatasetError(f"{file}: not YAML: {fault}") from None
    database, subsets = _protocol(file, held, options)
    there = {name: subset for name, subset in subsets.items() if _annotation(file, subset)}
    if not there:
        raise DatasetError(f"{file}: the RTTM files of {', '.join(subsets) or 'its subsets'} are not there")
    name, note = splits.chosen(there, options.split)
    if note:
        yield note
    patterns = held.get("Databases", {}).get(database, [])
    paths = [patterns] if isinstance(patterns, str) else list(patterns)
    annotation = _annotation(file, there[name])
    uem, listed = (_file(file, there[name].get(key)) for key in ("annotated", "uri"))
    scored = files.read_uem(uem) if uem else {}
    only = textfiles.whole(listed).split() if listed else []
    if annotation:
        yield from rttm.recordings(annotation, scored, lambda uri: _audio(file, paths, uri, options), file.parent, only)


def _protocol(file: Path, held: Any, options: Options) -> tuple[str, Mapping[str, Subset]]:
    """The database and the subsets of the protocol that is meant: DATABASE.TASK.PROTOCOL, or the only one."""
    by_name: dict[str, tuple[str, Mapping[str, Subset]]] = {}
    for database, tasks in _mapping(_mapping(held).get("Protocols")).items():
        for task, protocols in _mapping(tasks).items():
            for protocol, subsets in _mapping(protocols).items():
                known = {name: subset for name, subset in _mapping(subsets).items() if isinstance(subset, Mapping)}
                by_name[f"{database}.{task}.{protocol}"] = (str(database), known)
    if options.config and options.config not in by_name:
        raise ConfigError(f"{file}: there is no protocol {options.config!r}: {did_you_mean(options.config, by_name)}")
    if not options.config and len(by_name) != 1:
        raise ConfigError(f"{file}: say which protocol with --config: {', '.join(by_name) or 'none is there'}")
    return by_name[options.config or next(iter(by_name))]


def _annotation(file: Path, subset: Subset) -> Path | None:
    return _file(file, subset.get("annotation"))


def _file(home: Path, name: Any) -> Path | None:
    return home.parent / name if isinstance(name, str) and is_there(home.parent / name) else None


def _audio(file: Path, patterns: list[Any], uri: str, options: Options) -> Path | None:
    base = options.root or file.parent
    paths = [base / str(pattern).replace("{uri}", uri) for pattern in patterns]
    return next((path for path in paths if is_there(path)), None)


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


__all__ = ["NAME", "TITLE", "LeftOut", "detect", "read"]
