"""Check YAML against a pydantic model and say in one sentence what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pydantic
from pydantic_core import PydanticCustomError

from modellab.errors import ConfigError, did_you_mean
from modellab.system import yamltext
from modellab.types import finite

MOST = 1_000_000_000  # of anything that is counted


class Strict(pydantic.BaseModel):
    """A frozen record that refuses unknown keys, and numbers that are NaN or infinite: those cannot be limits."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


def _sure(values: dict[str, Any]) -> dict[str, Any]:
    """Settings of any kind, refused where YAML leaves open what one is."""
    if doubt := next(yamltext.unquoted(values), ""):
        raise PydanticCustomError("unsure", "{doubt}", {"doubt": doubt})
    return values


Settings = Annotated[dict[str, Any], pydantic.AfterValidator(_sure)]  # what a task or an engine makes of it


def _no_truth(value: Any) -> Any:
    """`yes` and `on` are true in YAML, and true would be 1."""
    if isinstance(value, bool):
        raise ValueError("a number was expected")
    return value


# of a number that judges: true and what nothing reaches are none
Number = Annotated[float, pydantic.BeforeValidator(_no_truth), pydantic.Field(ge=-finite.MOST, le=finite.MOST)]
Whole = Annotated[int, pydantic.BeforeValidator(_no_truth)]  # a count: true is none


class Filled(Strict):
    """A record of limits: a key without a value is refused, since it would be a limit that is never applied."""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _filled(cls, given: Any) -> Any:
        empty = next((key for key, value in given.items() if value is None), "") if isinstance(given, dict) else ""
        if empty:
            raise ValueError(f"{empty} is empty: expected a value, or no such key where the default will do")
        return given


class Broken(Filled):
    """When an utterance is broken, and how many a healthy model breaks (see `types.Gross`)."""

    share: Number | None = pydantic.Field(default=None, gt=0, le=1)
    least: Number | None = pydantic.Field(default=None, ge=0)
    often: Number | None = pydantic.Field(default=None, gt=0, lt=1)


class Threshold(Filled):
    """Numbers that judge one metric; what is left out comes from the place below (`plan/thresholds.py`)."""

    margin: Number | None = pydantic.Field(default=None, ge=0)
    margin_relative: Number | None = pydantic.Field(default=None, ge=0)
    limit: Number | None = None
    cap: Number | None = pydantic.Field(default=None, gt=0)
    alpha: Number | None = pydantic.Field(default=None, gt=0, lt=0.5)
    sensitivity: Number | None = pydantic.Field(default=None, gt=0)
    broken: Broken | None = None


Thresholds = dict[str, Threshold]  # by metric


class GroupLimits(Filled):
    """What a metric is held to by group: the worst one, the gap between worst and best, each one's change."""

    worst: Number | None = None
    gap: Number | None = pydantic.Field(default=None, ge=0)
    change: pydantic.StrictBool = False

    @pydantic.model_validator(mode="after")
    def _some(self) -> Self:
        if self == type(self).model_construct():
            raise ValueError("nothing is asked: expected worst, gap or change")
        return self


Stage = Literal["experimental", "candidate", "production", "deprecated"]


class Criteria(Strict):
    """What a model variant has to show before it gets to a stage (see `modellab/lifecycle/criteria.py`).

    `runs` are sessions of each required case, `utterances` the fewest of a case, `days` the time in the stage before.
    """

    datasets: dict[str, tuple[str, ...]] = {}  # by task; of a task that is left out every smoke dataset counts
    devices: tuple[str, ...] = ("cpu",)
    limits: dict[str, Number] = {}  # metric -> absolute limit, wherever it is measured
    limits_of: dict[str, dict[str, Number]] = {}  # task or dataset -> the same, closer
    runs: int = pydantic.Field(default=1, ge=1, le=MOST)
    utterances: int = pydantic.Field(default=1, ge=1, le=MOST)
    days: float = pydantic.Field(default=0.0, ge=0)


class Lifecycle(Strict):
    """The criteria of each stage that has some."""

    candidate: Criteria = Criteria()
    production: Criteria = Criteria(runs=3)


def parse[M: pydantic.BaseModel](kind: type[M], path: Path, values: Mapping[str, Any], *, as_text: bool = False) -> M:
    """`values` as a `kind`, or a ConfigError that names the file, the key and the known keys.

    What pydantic would take for something else is refused, unless everything comes `as_text`: a quoted number, "yes"
    for true, and true for 1.
    """
    try:
        model = kind.model_validate(values)
    except pydantic.ValidationError as error:
        problems = "; ".join(_sentence(kind, problem) for problem in error.errors(include_url=False))
        raise ConfigError(f"{path}: {problems}") from error
    if wrong := "" if as_text else next(_taken_for_others(model, values), ""):
        raise ConfigError(f"{path}: {wrong}")
    return model


def _taken_for_others(taken: Any, given: Any, where: str = "") -> Iterator[str]:
    """A sentence for each value that is another one than was given."""
    if isinstance(taken, pydantic.BaseModel):
        for name, field in type(taken).model_fields.items():
            if (key := field.alias or name) in given:
                yield from _taken_for_others(getattr(taken, name), given[key], f"{where}.{key}" if where else key)
    elif isinstance(taken, dict):
        for key, value in taken.items():
            yield from _taken_for_others(value, given[key], f"{where}.{key}")
    elif isinstance(taken, tuple):
        for place, (value, was) in enumerate(zip(taken, given, strict=True)):
            yield from _taken_for_others(value, was, f"{where}.{place}")
    elif isinstance(taken, int | float) and (
        isinstance(given, str) or isinstance(given, bool) != isinstance(taken, bool)
    ):
        wanted = "true or false" if isinstance(taken, bool) else "a number"
        yield f"{where!r} is {yamltext.shown(given)}: expected {wanted}"


def _sentence(kind: type[pydantic.BaseModel], problem: Any) -> str:
    *parents, key = problem["loc"] or ("",)
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where!r}: {did_you_mean(str(key), _known(kind, parents))}"
    if problem["type"] == "missing":
        return f"{where!r} is missing"
    if problem["type"] == "unsure":
        return f"{where}.{problem['msg']}"
    return f"{where!r} is {yamltext.shown(problem['input'])}: {problem['msg'][0].lower()}{problem['msg'][1:]}"


def _known(kind: type[pydantic.BaseModel], parents: list[Any]) -> list[str]:
    """The field names of the model that the path `parents` leads to."""
    for part in parents:
        field = kind.model_fields.get(str(part))
        if field is not None:
            kind = _record_in(field.annotation) or kind
    return [field.alias or name for name, field in kind.model_fields.items()]


def _record_in(annotation: Any) -> type[pydantic.BaseModel] | None:
    """The pydantic model inside an annotation such as dict[str, Variant]; None if there is none."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return annotation
    return next((record for part in getattr(annotation, "__args__", ()) if (record := _record_in(part))), None)
