"""A model made of models: an adapter that loads others by name, in its own process.

    self.diarizer = parts.load("heuristic_diarization:ge2e", setting)

A part is loaded as it would be alone, with the options of its own `config.yaml`, on the device and with the threads of
the whole. It brings its own weights, which must be on this disk already. What the whole gives changes with its parts:
that is what it is for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from modellab import models
from modellab.errors import ConfigError, did_you_mean
from modellab.models import Model, adapter_code, weights, weights_check
from modellab.types import Setting


def load(name: str, setting: Setting, own_weights: Path | None = None, *, more: Iterable[Path] = ()) -> Any:
    """The model MODEL:VARIANT, ready; `own_weights` in place of the variant's, `more` places to look for model folders.

    Its precision is that of `setting` if it has it on that device, else its first one there. ConfigError for a model
    that is unknown, has not the device, or an environment of its own; WeightsError where its weights are missing.
    """
    head, _, variant = name.partition(":")
    known = models.folders(place for place in more if not place.samefile(models.FOLDER))
    if head not in known:
        raise ConfigError(f"unknown model {head!r} as a part of {setting.model}: {did_you_mean(head, known)}")
    folder = known[head]
    model = models.config(folder)
    if variant not in model.variants:
        raise ConfigError(f"{name!r} as a part of {setting.model}: {did_you_mean(variant, model.variants)}")
    if model.environment == "own":
        raise ConfigError(f"{head} runs in an environment of its own, so it cannot be a part of {setting.model}")
    precision = _precision(model, name, setting)
    path = own_weights or _weights(model, variant, precision, folder)
    weights_check.check(path, model.files)
    options = model.options_for(variant)
    asked = replace(setting, model=head, variant=variant, weights=path, precision=precision, options=options)
    return adapter_code.load(folder, "adapter").load(asked)


def _precision(model: Model, name: str, setting: Setting) -> str:
    offered = [
        precision for device, precision in model.device_precisions(name.partition(":")[2]) if device == setting.device
    ]
    if not offered:
        raise ConfigError(f"{name} does not run on {setting.device}, so it cannot be a part of {setting.model} there")
    return setting.precision if setting.precision in offered else offered[0]


def _weights(model: Model, variant: str, precision: str, folder: Path) -> Path | None:
    chosen = model.variants[variant]
    return weights.locate(chosen.source(precision, folder))
