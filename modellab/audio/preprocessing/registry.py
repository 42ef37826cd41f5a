"""The steps there are: modules of `steps/`, found on disk, and those that other packages bring."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, cast

from modellab.audio.preprocessing import steps as _steps
from modellab.audio.preprocessing.parameters import Parameter
from modellab.errors import ConfigError, told

GROUP = "modellab.preprocessing"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class StepModule(Protocol):
    """What every step has; besides `change` or `cut`."""

    __doc__: str | None

    @property
    def VERSION(self) -> int: ...
    @property
    def PARAMETERS(self) -> Mapping[str, Parameter]: ...


@cache
def every() -> Mapping[str, StepModule]:
    """The steps by name; ConfigError for one of another package that is none, or has the name of another."""
    names = sorted(module.name for module in pkgutil.iter_modules(_steps.__path__))
    steps = {name: cast("StepModule", importlib.import_module(f"{_steps.__name__}.{name}")) for name in names}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        if point.name in steps:
            raise ConfigError(f"two steps of preprocessing are called {point.name!r}: one comes from {point.value}")
        steps[point.name] = _loaded(point.name, point.value, point.load)
    return steps


def _loaded(name: str, place: str, load: object) -> StepModule:
    """A step of another package, checked."""
    where = f"the entry point {name!r} of {GROUP} ({place})"
    try:
        module = load()  # type: ignore[operator]
    except Exception as fault:  # another package's code: whatever it raises is told with its name
        raise ConfigError(f"{where} cannot be loaded: {told(fault)}") from fault
    version, parameters = getattr(module, "VERSION", None), getattr(module, "PARAMETERS", None)
    if not NAME.fullmatch(name):
        raise ConfigError(f"{where}: expected a name of lower case letters, digits and _")
    if not isinstance(version, int) or not isinstance(parameters, Mapping):
        raise ConfigError(f"{where} is no step: expected a module with VERSION (a whole number) and PARAMETERS")
    if not all(isinstance(parameter, Parameter) for parameter in parameters.values()):
        raise ConfigError(f"{where}: PARAMETERS has to map names to modellab.audio.preprocessing.Parameter")
    if callable(getattr(module, "change", None)) == callable(getattr(module, "cut", None)):
        raise ConfigError(f"{where} is no step: expected one of change(audio, ...) and cut(audio, ...)")
    return cast("StepModule", module)
