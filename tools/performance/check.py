"""What comes of comparing one of our metrics with a reference implementation."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class Check:
    """What came out: how many inputs, the largest deviation, each disagreement as a sentence."""

    inputs: int
    worst: float
    faults: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A check with the module and the package it asks and the number of inputs that are promised."""

    module: str
    package: str
    inputs: int
    run: Callable[[int], Check]

    @property
    def is_here(self) -> bool:
        return importlib.util.find_spec(self.module.partition(".")[0]) is not None

    @property
    def version(self) -> str:
        return f"{self.package} {importlib.metadata.version(self.package)}"
