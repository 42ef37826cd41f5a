"""What other models heard in a case's dataset, from their accepted results: a second opinion on its reference."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

from modellab.errors import BaselineError
from modellab.results import baselines
from modellab.types import CaseId, Result

NAME = 4  # letters of a name that tells a family
NO_NAMES = frozenset(
    str.split(
        "model models weights embedded path http https huggingface files file checkpoint checkpoints home root data"
        " cache tiny base small medium large turbo mini nano fast faster fine tuned finetuned float half quant"
        " quantised quantized onnx ggml gguf ctranslate openai transformers torch pytorch safetensors sherpa speech"
        " recogniser recognizer audio english multilingual multi"
    )
)


def asked(folder: Path, result: Result) -> Callable[[], dict[str, list[str]]]:
    """What `elsewhere` gives for a result's case, looked up when it is first wanted."""
    return partial(elsewhere, folder, result.key, result.provenance.get("weights", ""))


def elsewhere(folder: Path, key: CaseId, weights: str = "") -> dict[str, list[str]]:
    """By utterance, what other models' baselines under `folder` hold; damaged files are left out.

    Only models of another family than the case's, whose `weights` are given, and than each other's, see `family`: the
    same weights in another engine, or distilled from them, mishear the same and prove nothing.
    """
    answers: dict[str, list[str]] = {}
    known = [family(key.model, weights)]
    for path in sorted((folder / key.task / key.dataset).glob("*.json")):
        other = baselines.key_of(path)
        if other is None or other.model == key.model:
            continue
        try:
            accepted = baselines.load(folder, other)
        except BaselineError:
            continue
        own = family(other.model, accepted.header.get("weights", "") if accepted else "")
        if any(own & other_family for other_family in known):
            continue
        known.append(own)
        for id, answer in accepted.outputs.items() if accepted else ():
            if isinstance(answer, str):
                answers.setdefault(id, []).append(answer)
    return answers


def family(model: str, weights: str) -> frozenset[str]:
    """What a model shares with its family: the digest of its weights, the names in its folder's and its weights'.

    Names of sizes, formats and the like are no names.

    >>> sorted(family("distil_whisper", "whisper-lab/transformers@54597182c41914b4"))
    ['@54597182c41914b4', 'distil', 'whisper']
    """
    place, at, digest = weights.rpartition("@")
    words = re.findall(r"[a-z]+", f"{model} {place if at else weights}".lower())
    names = {word for word in words if len(word) >= NAME and word not in NO_NAMES}
    return frozenset({*names, *([f"@{digest}"] if at else [])})
