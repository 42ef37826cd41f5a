"""Which class speaks for a checkpoint, by `model_type` in its config.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modellab.errors import WeightsError

from .drawn import Bark, Csm, Dia
from .voices import SpeechT5, Vits

KINDS: Mapping[str, Callable[..., Any]] = {speaker.TYPE: speaker for speaker in (Vits, SpeechT5, Csm, Dia, Bark)}


def kind(folder: Path) -> Any:
    """The class for a checkpoint, by `model_type` in its config.json. Raises WeightsError."""
    path = folder / "config.json"
    try:
        model_type = str(json.loads(path.read_text(encoding="utf-8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"{path} names no model_type ({type(error).__name__}: {error}), expected the folder of a transformers "
            "checkpoint: is it another library's format?"
        ) from error
    if model_type not in KINDS:
        known = ", ".join(KINDS)
        raise WeightsError(f"{folder} is of the type {model_type!r}, expected one of {known}: is it a synthesiser?")
    return KINDS[model_type]
