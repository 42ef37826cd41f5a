"""A chain of steps: read from text, named, and applied.

    highpass(cutoff_hz=80),normalize_loudness(target_lufs=-23)        as a person writes it
    highpass@1(cutoff_hz=80,order=4),normalize_loudness@1(...)        whole: every version, every parameter
    highpass+normalize_loudness-1b2c3d4e                              its name, a part of the name of a case

The whole text is what a result keeps; two chains are the same when it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from modellab.audio.preprocessing import registry
from modellab.audio.preprocessing.parameters import Value, written
from modellab.audio.writing import resample
from modellab.errors import AudioError, ConfigError, did_you_mean
from modellab.types import Audio

STEP = re.compile(r"\s*(?P<name>[^\s,()@=]+)\s*(@\s*(?P<version>\d+)\s*)?(\((?P<parameters>[^()]*)\)\s*)?(,|$)")
EXAMPLE = "highpass(cutoff_hz=80),normalize_loudness"
NOTHING = "none"  # in place of a chain: no preprocessing, whatever dataset and variant say
MOST_STEPS = 20
MOST_NAME = 60  # characters of the steps' names in a chain's
SAME_LENGTH_S = 0.02  # `change` may differ by so much: filters and rates round


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a recording that a model is given, and where it begins in the recording, in s."""

    audio: Audio
    start_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step with all of its parameters."""

    name: str
    version: int
    parameters: Mapping[str, Value]

    def __str__(self) -> str:
        given = ",".join(f"{name}={written(value)}" for name, value in self.parameters.items())
        return f"{self.name}@{self.version}" + (f"({given})" if given else "")

    @property
    def cuts(self) -> bool:
        """Whether it leaves parts of a recording out, so that times have to be counted anew."""
        return hasattr(registry.every()[self.name], "cut")

    @property
    def lacking(self) -> str:
        """Why it cannot work here, such as a package that is missing; '' where it can."""
        asked = getattr(self._module, "lacking", None)
        return str(asked(**self.parameters)) if asked else ""

    def apply(self, piece: Piece) -> Iterator[Piece]:
        """What it makes of a piece; AudioError where that is of no use."""
        given = piece.audio
        if not len(given.samples):
            yield piece
        elif self.cuts:
            yield from self._cut(piece)
        else:
            made = self._module.change(given, **self.parameters)
            self._check(given, made)
            yield Piece(_as_given(made, given), piece.start_s)

    @property
    def _module(self) -> Any:
        return registry.every()[self.name]

    def _cut(self, piece: Piece) -> Iterator[Piece]:
        given, end = piece.audio, 0
        for first, last in self._module.cut(given, **self.parameters):
            if not end <= first < last <= len(given.samples):
                of = f"{len(given.samples)} samples, after {end}"
                raise AudioError(f"{self} cut {first} to {last} out of {of}: expected parts in their order")
            end = last
            yield Piece(replace(given, samples=given.samples[first:last]), piece.start_s + first / given.rate_hz)

    def _check(self, given: Audio, made: Any) -> None:
        if not isinstance(made, Audio) or not isinstance(made.samples, np.ndarray) or made.samples.ndim != 1:
            raise AudioError(f"{self} gave {type(made).__name__}, expected Audio with one channel, shape (n_samples,)")
        if not np.isfinite(made.samples).all():
            raise AudioError(f"{self} made a NaN or infinite sample of {given.duration_s:.2f} s of sound audio")
        if abs(made.duration_s - given.duration_s) > SAME_LENGTH_S:
            told = f"made {made.duration_s:.2f} s of {given.duration_s:.2f} s"
            raise AudioError(f"{self} {told}: what shortens is `cut`, so that times can be counted")


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps in their order; without any, nothing is done."""

    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        return ",".join(map(str, self.steps))

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __add__(self, other: Chain) -> Chain:
        return Chain((*self.steps, *other.steps))

    @property
    def name(self) -> str:
        """Short, fit for a file's name, another one for each chain; '' where there is no step.

        >>> parse("highpass").name
        'highpass-da91a462'
        """
        if not self.steps:
            return ""
        names = "+".join(step.name for step in self.steps)[:MOST_NAME].rstrip("+")
        return f"{names}-{hashlib.sha256(str(self).encode()).hexdigest()[:8]}"

    @property
    def cuts(self) -> tuple[str, ...]:
        """The steps that leave parts of a recording out."""
        return tuple(step.name for step in self.steps if step.cuts)

    def lacking(self) -> str:
        """Why a step cannot work here, with the command that mends it; '' where all can."""
        return next((why for step in self.steps if (why := step.lacking)), "")

    def apply(self, given: Audio) -> tuple[Piece, ...]:
        """The pieces that a model is given; none where nothing is left. Every step works at the rate of `given`.

        AudioError for audio that a step cannot work on, and for a step whose result is of no use.
        """
        if given.samples.ndim != 1:
            raise AudioError(f"preprocessing got samples of shape {given.samples.shape}: expected one channel")
        pieces: Sequence[Piece] = [Piece(given)]
        for step in self.steps:
            pieces = [made for piece in pieces for made in step.apply(piece)]
        return tuple(pieces)


NONE = Chain()


def parse(text: str) -> Chain:
    """The chain that a text stands for; ConfigError, one sentence, with close names where one is unknown.

    >>> str(parse("resample(rate_hz=8000)")), parse("none") == parse("") == NONE
    ('resample@1(rate_hz=8000)', True)
    """
    if text.strip() in {"", NOTHING}:
        return NONE
    steps, at = [], 0
    while at < len(text):
        match = STEP.match(text, at)
        if not match:
            raise ConfigError(f"preprocessing {text!r} cannot be read at {text[at:]!r}: expected such as {EXAMPLE!r}")
        steps.append(_step(match))
        at = match.end()
    if text.rstrip().endswith(",") or len(steps) > MOST_STEPS:
        why = f"{len(steps)} steps, {MOST_STEPS} at most" if len(steps) > MOST_STEPS else "it ends in a comma"
        raise ConfigError(f"preprocessing {text!r}: {why}; expected such as {EXAMPLE!r}")
    return Chain(tuple(steps))


def _step(match: re.Match[str]) -> Step:
    name, known = match["name"], registry.every()
    if name not in known:
        raise ConfigError(f"preprocessing has no step {name!r}: {did_you_mean(name, known)}")
    module = known[name]
    if match["version"] and int(match["version"]) != module.VERSION:
        raise ConfigError(f"the step {name} is version {module.VERSION} here, {match['version']} was asked for")
    given = dict(_given(name, match["parameters"] or ""))
    for unknown in sorted(given.keys() - module.PARAMETERS.keys()):
        raise ConfigError(f"{name} has no parameter {unknown!r}: {did_you_mean(unknown, module.PARAMETERS)}")
    parameters = {
        key: parameter.read(given[key], f"{name}({key}={given[key]})") if key in given else parameter.default
        for key, parameter in module.PARAMETERS.items()
    }
    return Step(name, module.VERSION, parameters)


def _given(step: str, text: str) -> Iterator[tuple[str, str]]:
    """The parameters as they stand between the brackets; ConfigError for what is no `name=value`, or comes twice."""
    seen: set[str] = set()
    for part in text.split(",") if text.strip() else []:
        name, equals, value = (side.strip() for side in part.partition("="))
        if not (name and equals and value):
            raise ConfigError(f"{step}({text.strip()}): expected parameter=value, got {part.strip()!r}")
        if name in seen:
            raise ConfigError(f"{step}({text.strip()}): {name} is there twice")
        seen.add(name)
        yield name, value


def _as_given(made: Audio, given: Audio) -> Audio:
    """At the rate and with the length of what was given, as samples that a model takes."""
    samples, count = resample(made, given.rate_hz).samples, len(given.samples)
    fitted = np.pad(samples[:count], (0, max(0, count - len(samples))))
    return replace(given, samples=np.ascontiguousarray(fitted, dtype=np.float32))
