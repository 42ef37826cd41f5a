"""Which cross-attention heads follow the audio, for word times: read beside a checkpoint, or known by its sizes.

openai-whisper knows them by the name of a checkpoint alone and takes the upper half of the decoder for a file. They are
facts about the weights that OpenAI published; a fine-tuned checkpoint keeps them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modellab.errors import WeightsError

Heads = list[list[int]]  # (layer, head) pairs
# name -> encoder layers, decoder layers, heads, n_vocab; layer * heads + head of each, as openai-whisper lists them
KNOWN = {
    "tiny.en": ((4, 4, 6, 51_864), "6 12 17 18 19 20 21 22"),
    "tiny": ((4, 4, 6, 51_865), "14 18 20 21 22 23"),
    "base.en": ((6, 6, 8, 51_864), "27 39 41 45 47"),
    "base": ((6, 6, 8, 51_865), "25 34 35 39 41 42 44 46"),
    "small.en": (
        (12, 12, 12, 51_864),
        "78 84 87 92 98 101 103 108 112 116 118 120 121 122 123 126 131 134 136",
    ),
    "small": ((12, 12, 12, 51_865), "63 69 96 100 103 104 108 115 117 125"),
    "medium.en": (
        (24, 24, 16, 51_864),
        "180 225 236 238 244 256 260 265 284 286 295 298 303 320 323 329 334 348",
    ),
    "medium": ((24, 24, 16, 51_865), "223 244 255 257 320 372"),
    "large-v2": (
        (32, 32, 20, 51_865),
        "212 277 331 332 333 355 356 364 371 379 391 422 423 443 449 452 465 467 473 505 521 532 555",
    ),
    "large-v1": ((32, 32, 20, 51_865), "199 222 224 237 447 451 457 462 475"),
    "large-v3": ((32, 32, 20, 51_866), "140 217 258 272 321 354 391 424 481 506"),
    "large-v3-turbo": ((32, 4, 20, 51_866), "44 51 63 66 71 74"),
}
OTHER_NAMES = {"large": "large-v3", "turbo": "large-v3-turbo"}
WIDTH_OF_HEAD = 64  # in every checkpoint of OpenAI


def heads(dims: Any, path: Path | None, *names: str) -> Heads | None:
    """The heads that a file beside it names, else those of the published checkpoint of this size; None if unknown.

    `dims` has the attributes of openai-whisper's ModelDimensions. `names` decide where two checkpoints have
    the same sizes: large-v1, or by default large-v2. WeightsError where a file beside it names heads that do not
    exist.
    """
    if path and (told := beside(path)):
        return checked(told, dims, path)
    return of_sizes(dims, path.stem if path else "", *names)


def of_sizes(dims: Any, *names: str) -> Heads | None:
    """The heads of the published checkpoint that has these sizes."""
    if dims.n_text_state != WIDTH_OF_HEAD * dims.n_text_head:
        return None
    sizes = (dims.n_audio_layer, dims.n_text_layer, dims.n_text_head, dims.n_vocab)
    fitting = [name for name, (known, _) in KNOWN.items() if known == sizes]
    if not fitting:
        return None
    called = {OTHER_NAMES.get(name, name).removeprefix("ggml-") for name in names}
    name = next((name for name in fitting if name in called), fitting[0])
    return [list(divmod(int(head), dims.n_text_head)) for head in KNOWN[name][1].split()]


def upper_half(dims: Any) -> Heads:
    """What openai-whisper and CTranslate2 assume where no heads are named: all of the upper half of the decoder."""
    layers = range(dims.n_text_layer // 2, dims.n_text_layer)
    return [[layer, head] for layer in layers for head in range(dims.n_text_head)]


def beside(path: Path) -> Any:
    """The heads that a file beside a checkpoint names (the converter's own, transformers', CTranslate2's), or None."""
    for name in (path.with_suffix(".json").name, "generation_config.json", "config.json"):
        if named_heads := told(path.with_name(name)).get("alignment_heads"):
            return named_heads
    return None


def told(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file, or no object in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} is not readable JSON ({error}): is it damaged?") from error
    return content if isinstance(content, dict) else {}


def checked(named_heads: Any, dims: Any, path: Path) -> Heads:
    """The heads as pairs of layer and head; WeightsError where one does not exist."""
    try:
        pairs = [[int(layer), int(head)] for layer, head in named_heads]
    except (TypeError, ValueError):
        pairs = [[-1, -1]]
    if any(not (0 <= layer < dims.n_text_layer and 0 <= head < dims.n_text_head) for layer, head in pairs):
        raise WeightsError(
            f"the alignment heads told beside {path} are {str(named_heads)[:100]}, expected pairs [layer, head] of"
            f" {dims.n_text_layer} layers and {dims.n_text_head} heads: do they belong to another checkpoint?"
        )
    return pairs
