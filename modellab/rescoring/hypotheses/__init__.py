"""Score hypotheses of another system as a run is scored, and write our own for another scorer.

    a file --read----> Hypothesis, HypothesisSegment --matched--> what was said of each row --scored--> Result
    Result --export--> files with reference and hypothesis

Each format is a module in `formats/`, found on disk, with the names of `Format`. It reads hypotheses and writes them.

Start reading at `scoring.py`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, cast

from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess
from modellab.errors import ConfigError, did_you_mean
from modellab.rescoring.hypotheses import formats as _formats
from modellab.rescoring.hypotheses.records import Columns, Exported, Item


class Format(Protocol):
    """A format: a module with these names."""

    @property
    def NAME(self) -> str: ...
    @property
    def TITLE(self) -> str:
        """What it is, for messages."""

    def detect(self, place: Place) -> Guess | None:
        """How likely a file is of this format, by what stands in it; None for not at all."""

    def read(self, path: Path, columns: Columns, /) -> Iterator[Item]:
        """What the file says, one at a time; what is wrong with a line as `LeftOut`."""

    def write(self, rows: Sequence[Exported]) -> Mapping[str, str]:
        """The files of a result, by how their names end, such as `hyp.trn`; ConfigError for what it cannot hold."""


@cache
def every() -> Mapping[str, Format]:
    """The formats by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(_formats.__path__))
    return {name: cast("Format", importlib.import_module(f"{_formats.__name__}.{name}")) for name in names}


def get(name: str) -> Format:
    """The format of this name, or ConfigError with the closest one."""
    if name not in every():
        raise ConfigError(f"there is no format of hypotheses called {name!r}: {did_you_mean(name, every())}")
    return every()[name]


def chosen(path: Path, name: str = "") -> Format:
    """The format called `name`, else the likeliest one by what stands in the file; ConfigError for none."""
    if not path.is_file():
        raise ConfigError(f"there is no file called {path}: expected the hypotheses of a model, one per utterance")
    if name:
        return get(name)
    guesses = [(guess.score, form.NAME) for form in every().values() if (guess := form.detect(Place(path.absolute())))]
    if not guesses:
        raise ConfigError(
            f"{path}: nothing in it looks like hypotheses in a format that is known ({', '.join(every())}); is it"
            " empty, or no text? --format says which it is"
        )
    return every()[max(guesses)[1]]
