"""Which provider, clock and chunks: a dataset's `settings:`, over which the environment goes.

| setting | variable | |
|---|---|---|
| `provider` | MODELLAB_STREAMING_PROVIDER | `auto`, `native`, `buffered`, or `module:function` of yours |
| `clock` | MODELLAB_STREAMING_CLOCK | `virtual`, `real` |
| `chunk_s` | MODELLAB_STREAMING_CHUNK_S | audio handed over at a time, s |
| `step_s` | MODELLAB_STREAMING_STEP_S | audio between two hypotheses of `buffered`, s |

`native` is the adapter's own `open_stream`, `buffered` decodes a growing window again with its `transcribe`, `auto`
takes the first of the two that the adapter has. A function of yours is called with the loaded adapter and returns a
provider: that of a server, for example.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, cast

from modellab.errors import ConfigError, did_you_mean
from modellab.streaming.buffered import Buffered
from modellab.streaming.clock import CLOCKS, Clock
from modellab.streaming.protocol import Provider

VARIABLE = "MODELLAB_STREAMING_"
PROVIDERS = ("auto", "native", "buffered")


@dataclass(frozen=True, slots=True)
class Choice:
    """How a clip is streamed; see the table above."""

    provider: str = "auto"
    clock: str = "virtual"
    chunk_s: float = 0.25
    step_s: float = 0.5

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise ConfigError(f"streaming clock {self.clock!r}: {did_you_mean(self.clock, CLOCKS)}")
        if self.provider not in PROVIDERS and ":" not in self.provider:
            known = did_you_mean(self.provider, PROVIDERS)
            raise ConfigError(f"streaming provider {self.provider!r}: {known}, or module:function")
        for name in ("chunk_s", "step_s"):
            if not 0 < getattr(self, name) <= 30:
                raise ConfigError(f"streaming {name} is {getattr(self, name)!r}, expected seconds from 0 to 30")

    def clock_of(self, provider: Provider) -> str:
        """Which clock a provider is heard by: the real one where it works while nobody calls it."""
        return "real" if getattr(provider, "is_live", False) else self.clock

    def new_clock(self, provider: Provider) -> Clock:
        """A clock that starts now."""
        return CLOCKS[self.clock_of(provider)]()

    def provider_of(self, model: Any) -> Provider:
        """The provider for a loaded adapter; ConfigError where there is none."""
        if ":" in self.provider:
            return _of_yours(self.provider, model)
        if self.provider != "buffered" and hasattr(model, "open_stream"):
            return cast(Provider, model)
        if self.provider != "native" and hasattr(model, "transcribe"):
            return Buffered(model.transcribe, self.step_s)
        needed = {"native": "open_stream()", "buffered": "transcribe()"}.get(
            self.provider, "open_stream(), transcribe()"
        )
        raise ConfigError(f"streaming provider {self.provider!r} needs an adapter with {needed}")


DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in fields(Choice)}


def choice(settings: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Choice:
    """The settings with what the environment says over them; ConfigError names what is wrong."""
    values = {**DEFAULTS, **settings}
    for name, default in DEFAULTS.items():
        given = environment.get(VARIABLE + name.upper(), "").strip() or values[name]
        try:
            values[name] = type(default)(given)
        except (TypeError, ValueError):
            raise ConfigError(f"streaming {name} is {given!r}, expected a {type(default).__name__}") from None
    return Choice(**values)


def _of_yours(name: str, model: Any) -> Provider:
    module, _, function = name.partition(":")
    try:
        make = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ConfigError(f"streaming provider {name!r} cannot be found: {error}") from error
    return cast(Provider, make(model))
