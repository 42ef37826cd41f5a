"""A judge of meaning: a checkpoint of transformers for natural language inference that lies on this disk.

Its labels have an "entailment". Two sentences mean the same where each follows from the other. Nothing is fetched.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError, ExtraError
from modellab.metrics.semantic import Same
from modellab.system import extras

LABEL = "entailment"
NO_JUDGE = (
    "there is no judge of meaning: name one with --judge FOLDER, a checkpoint of transformers for natural language"
    " inference that lies on this disk; no package carries one, and none is fetched"
)


def judge(folder: Path) -> Same:
    """The judge in a folder; ConfigError or ExtraError in one sentence where there is none."""
    if not find_spec("transformers") or not find_spec("torch"):
        raise ExtraError(
            "a judge of meaning needs transformers and torch, which are not installed:"
            f" {extras.install('transformers')}"
        )
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"{folder} is no judge of meaning: there is no config.json in it; is it a checkpoint's folder?"
        )
    model, tokenizer = _loaded(folder)
    labels: Mapping[int, str] = model.config.id2label
    wanted = next((i for i, label in labels.items() if str(label).lower() == LABEL), None)
    if wanted is None:
        known = ", ".join(map(str, labels.values()))
        raise ConfigError(f"{folder} is no judge of meaning: its labels are {known}, expected one called {LABEL}")

    def same(one: str, other: str) -> bool:
        import torch

        given = tokenizer([one, other], [other, one], return_tensors="pt", padding=True, truncation=True)
        with torch.inference_mode():
            return bool((model(**given).logits.argmax(dim=-1) == wanted).all())

    return same


def _loaded(folder: Path) -> tuple[Any, Any]:
    """The checkpoint and its tokenizer; ConfigError for what transformers does not take."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    auto: Any = AutoTokenizer
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            model = AutoModelForSequenceClassification.from_pretrained(str(folder), local_files_only=True).eval()
            return model, auto.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"{folder} is no judge of meaning: transformers cannot load it ({reason})") from error
