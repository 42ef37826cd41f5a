"""The cases behind stored utterances: their references and audio, as far as the dataset is still what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab import datasets, tasks
from modellab.datasets import Dataset
from modellab.errors import BaselineError, ModellabError
from modellab.gate.calibration_noise import Noise
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.types import CaseId, ResourceBaseline, Row


@dataclass(frozen=True, slots=True)
class Book:
    """The cases of one dataset by id, with the rows they were read from; none, and `why`, where it cannot be used."""

    cases: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Row] = field(default_factory=dict)
    language: str = ""
    why: str = ""


@dataclass
class Library:
    """The datasets of a project, each read at most once."""

    golden: Path
    _data: dict[str, Dataset | str] = field(default_factory=dict)
    _books: dict[tuple[str, str], Book] = field(default_factory=dict)

    def data(self, name: str) -> Dataset | str:
        """The dataset, or the sentence why it cannot be read."""
        if name not in self._data:
            try:
                self._data[name] = datasets.load(self.golden / name)
            except ModellabError as error:
                self._data[name] = str(error).splitlines()[0]
        return self._data[name]

    def book(self, entry: Entry) -> Book:
        """The cases that an entry's utterances were, read with the normaliser it was scored with."""
        assert entry.result is not None
        normaliser = entry.result.provenance.get("normaliser", "").partition("@")[0]
        place = entry.key.dataset, normaliser
        if place not in self._books:
            self._books[place] = self._read(entry, normaliser)
        return self._books[place]

    def _read(self, entry: Entry, normaliser: str) -> Book:
        assert entry.result is not None
        data = self.data(entry.key.dataset)
        if isinstance(data, str):
            return Book(why=f"no references: {data}")
        if data.is_private:
            return Book(why=f"no texts: {data.name} is private, its texts are withheld")
        if data.digest != entry.result.provenance.get("dataset_digest", data.digest):
            return Book(why=f"no references: {data.name} is another one now than when it was measured")
        task, options = tasks.get(entry.key.task), dict(data.options)
        if normaliser:
            options["normaliser"] = normaliser
        try:
            cases = {case.id: case for case in (task.read(row, options) for row in data.rows)}
        except ModellabError as error:
            return Book(why=f"no references: {error}")
        return Book(cases, {str(row["id"]): row for row in data.rows}, data.language)


@dataclass
class Calibrations:
    """What the sessions beside a project's baselines say about how much one unchanged model's runs differ."""

    baselines: Path
    _paces: dict[tuple[CaseId, str], ResourceBaseline | None] = field(default_factory=dict)

    def __call__(self, key: CaseId, machine: str, metric: str) -> Noise:
        """The noise of one clock (as logarithms) or peak (in bytes); of no sessions where there are none."""
        place = key, machine
        if place not in self._paces:
            try:
                self._paces[place] = baselines.load_resources(self.baselines, key, machine)
            except BaselineError:  # damaged: told by the case's next run, and nothing is known here
                self._paces[place] = None
        timing = self._paces[place]
        return Noise.of([session[metric] for session in timing.sessions if metric in session] if timing else [])
