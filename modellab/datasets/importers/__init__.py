"""Other people's data: every format is a module in `formats/`, found on disk; other packages bring theirs.

    a place (file or folder) --detect--> Guess       how sure, and why
                             --read----> Record, LeftOut, Note, one at a time

To add one, write `formats/<name>.py` with the four names of `Format`, or give a module with them the entry point
`modellab.importers`. A reader decodes no audio, starts no process and reaches for no network.

Start reading at `importing.py`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from modellab.datasets.importers import formats as _formats
from modellab.datasets.importers.places import BRACES, Place, deeply, expanded, is_audio
from modellab.datasets.importers.records import Guess, Item, LeftOut, Note, Options, Record, Setting, Sound
from modellab.datasets.row_checks import FILE_NAME
from modellab.errors import ConfigError, DatasetError, did_you_mean, told
from modellab.units import counted

__all__ = [
    "Format",
    "Found",
    "Guess",
    "Item",
    "LeftOut",
    "Note",
    "Options",
    "Place",
    "Record",
    "Setting",
    "Sound",
    "chosen",
    "detected",
    "every",
    "place_of",
    "read",
]

GROUP = "modellab.importers"
CLOSE = 0.03  # two formats within this are equally likely
FEW_FOLDERS = 20  # of a place that are looked into where it is of no format itself


class Format(Protocol):
    """A format: a module with these names."""

    @property
    def NAME(self) -> str: ...
    @property
    def TITLE(self) -> str:
        """What it is, for the list of formats."""

    def detect(self, place: Place) -> Guess | None:
        """How likely the place is of this format, by what stands in its files; None for not at all."""

    def read(self, place: Place, options: Options) -> Iterator[Item]:
        """The records of the place, one at a time; DatasetError for what cannot be read at all."""


class Found(NamedTuple):
    """A format that a place may be of."""

    format: Format
    guess: Guess


@cache
def every() -> Mapping[str, Format]:
    """The formats by name: those of this package, then those of others."""
    names = sorted(module.name for module in pkgutil.iter_modules(_formats.__path__))
    modules = [importlib.import_module(f"{_formats.__name__}.{name}") for name in names]
    formats = {str(module.NAME): cast("Format", module) for module in modules}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            loaded = cast("Format", point.load())
            name = str(loaded.NAME)
        except Exception as fault:  # another package's code: whatever it raises is told with its name
            raise ConfigError(f"the format {point.name!r} of {point.value} cannot be loaded: {told(fault)}") from fault
        if name in formats:
            raise ConfigError(f"two formats are called {name!r}: one of them comes from {point.value}")
        formats[name] = loaded
    return formats


def place_of(path: str | Path) -> Place:
    """The place that a path names; ConfigError where there is nothing."""
    there = Path(path).expanduser()
    if not there.exists() and not (BRACES.search(str(path)) and Path(expanded(str(there))[0]).exists()):
        raise ConfigError(f"there is no file or folder called {path}")
    return Place(there.absolute())


def detected(place: Place) -> list[Found]:
    """The formats that a place may be of, the likeliest first; a file that cannot be read speaks for none."""
    return _guessed(place)[0]


def _guessed(place: Place) -> tuple[list[Found], list[DatasetError]]:
    """What `detected` gives, and what could not be read on the way."""
    candidates, faults = [], []
    for form in every().values():
        try:
            if guess := form.detect(place):
                candidates.append(Found(form, guess))
        except DatasetError as fault:
            faults.append(fault)
    return sorted(candidates, key=lambda candidate: -candidate.guess.score), faults


def chosen(place: Place, name: str = "") -> Found:
    """The format called `name`, else the one that is clearly the likeliest; ConfigError names the candidates."""
    if name:
        if name not in every():
            raise ConfigError(f"there is no format called {name!r}: {did_you_mean(name, every())}")
        return Found(every()[name], Guess(1.0, "it was asked for"))
    candidates, faults = _guessed(place)
    if not candidates:
        raise faults[0] if faults else ConfigError(unknown(place))
    close = [candidate for candidate in candidates if candidates[0].guess.score - candidate.guess.score < CLOSE]
    if len(close) > 1:
        reasons = "; ".join(f"{candidate.format.NAME}: {candidate.guess.reason}" for candidate in close)
        raise ConfigError(f"{place.path} could be of several formats, say which with --as ({reasons})")
    return candidates[0]


def unknown(place: Place) -> str:
    """Why a place is of no format, and what was meant: a folder below it, a dataset, recordings that lack texts."""
    if place.is_folder and (place.path / FILE_NAME).is_file():
        return f"{place.path} is a dataset already: a copy of the folder in golden/ of a suite is all that it needs"
    folders = sorted(path for path in place.path.iterdir() if path.is_dir())[:FEW_FOLDERS] if place.is_folder else []
    below = [(path.name, candidates[0].format.NAME) for path in folders if (candidates := detected(Place(path)))]
    if not below and place.is_folder and (sounds := sum(is_audio(file.name) for file in deeply(place.path))):
        return (
            f"{place.path} holds {counted(sounds, 'recording')} and nothing that says what is heard in them: expected a"
            f" text beside each (call.txt beside call.wav) or a table that names them; `modellab try` needs none"
        )
    if not below:
        return f"{place.path}: nothing here looks like a format that is known ({', '.join(every())})"
    names = ", ".join(f"{name} ({form})" for name, form in below)
    return f"{place.path} is of no format itself, folders in it are: {names}: name one of them"


def read(format: Format, place: Place, options: Options) -> Iterator[Item]:
    """What a reader gives; what it raises on the way is the last thing that is left out."""
    try:
        yield from format.read(place, options)
    except ConfigError:
        raise
    except DatasetError as fault:
        yield LeftOut(str(place.path), str(fault).removeprefix(f"{place.path}: "))
    except Exception as fault:  # noqa: BLE001 - a reader may be another package's: what it raises is told as a row's
        yield LeftOut(str(place.path), f"the {format.NAME} reader stopped here ({told(fault)})")
