"""A whole Whisper in memory, whatever format it came in: tensors by openai-whisper's names, vocabulary, decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import ExtraError, WeightsError
from modellab.models.conversion import alignment_heads
from modellab.models.embedded.compact import Array, Checkpoint, Dims
from modellab.models.embedded.formats.decoding import Decoding
from modellab.models.embedded.vocabulary import Vocabulary
from modellab.system import extras

LARGEST_FLOAT16 = 65_504.0


@dataclass(frozen=True, slots=True)
class Whisper:
    """What a reader gives and a writer takes."""

    checkpoint: Checkpoint
    decoding: Decoding


def shapes(dims: Dims) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The name and shape of every tensor of a Whisper with these sizes."""
    wide = dims.n_audio_state
    yield "encoder.conv1.weight", (wide, dims.n_mels, 3)
    yield "encoder.conv1.bias", (wide,)
    yield "encoder.conv2.weight", (wide, wide, 3)
    yield "encoder.conv2.bias", (wide,)
    yield "encoder.positional_embedding", (dims.n_audio_ctx, wide)
    for i in range(dims.n_audio_layer):
        yield from _block(f"encoder.blocks.{i}", wide, ("attn",))
    yield from _pair("encoder.ln_post", (wide,))
    wide = dims.n_text_state
    yield "decoder.token_embedding.weight", (dims.n_vocab, wide)
    yield "decoder.positional_embedding", (dims.n_text_ctx, wide)
    for i in range(dims.n_text_layer):
        yield from _block(f"decoder.blocks.{i}", wide, ("attn", "cross_attn"))
    yield from _pair("decoder.ln", (wide,))


def _block(name: str, wide: int, attentions: Iterable[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    for attention in attentions:
        for part in ("query", "key", "value", "out"):
            yield f"{name}.{attention}.{part}.weight", (wide, wide)
            if part != "key":
                yield f"{name}.{attention}.{part}.bias", (wide,)
        yield from _pair(f"{name}.{attention}_ln", (wide,))
    for part, shape in (("mlp.0", (4 * wide, wide)), ("mlp.2", (wide, 4 * wide))):
        yield f"{name}.{part}.weight", shape
        yield f"{name}.{part}.bias", (shape[0],)
    yield from _pair(f"{name}.mlp_ln", (wide,))


def _pair(name: str, shape: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape


def gather(dims: Dims, get: Callable[[str], Array], where: Path) -> Checkpoint:
    """Every tensor, through `get`, which raises KeyError for what is missing.

    They are float16 where that holds all of them exactly. Raises WeightsError for a missing tensor, a wrong shape, and
    for NaN or infinity.
    """
    tensors = {}
    for name, shape in shapes(dims):
        try:
            array = get(name)
        except KeyError as missing:
            raise WeightsError(f"{where} has no tensor {missing}: it is no whole Whisper checkpoint") from None
        if array.size == np.prod(shape) and array.ndim != len(shape):
            array = array.reshape(shape)  # ggml keeps the convolutions' biases as columns
        if array.shape != shape:
            raise WeightsError(f"{where}: {name} has the shape {array.shape}, expected {shape}: is it a Whisper?")
        if not np.isfinite(array).all():
            raise WeightsError(f"{where}: {name} holds numbers that are infinite or none: the weights are damaged")
        tensors[name] = array
    kind = np.float16 if all(_fits(array) for array in tensors.values()) else np.float32
    return Checkpoint(dims, {name: np.array(array, kind, order="C") for name, array in tensors.items()})


def _fits(array: Array) -> bool:
    """Whether float16 holds these numbers exactly."""
    if array.dtype == np.float16:
        return True
    if np.abs(array).max(initial=0) > LARGEST_FLOAT16:
        return False
    return bool((array.astype(np.float16).astype(array.dtype) == array).all())


def decoding(
    dims: Dims, vocabulary: Vocabulary, told: Mapping[str, Any], path: Path, tokenizer_json: str = ""
) -> Decoding:
    """How to decode, by the names of CTranslate2's config.json: what the checkpoint says, else Whisper's defaults."""
    heads = told.get("alignment_heads")
    known = alignment_heads.checked(heads, dims, path) if heads else alignment_heads.of_sizes(dims, path.stem)
    return Decoding(
        vocabulary,
        known or alignment_heads.upper_half(dims),
        _ids(told, "suppress_ids", vocabulary.suppressed),
        _ids(told, "suppress_ids_begin", vocabulary.suppressed_at_begin),
        tokenizer_json,
    )


def _ids(told: Mapping[str, Any], key: str, default: Callable[[], list[int]]) -> list[int]:
    return [int(i) for i in told[key] or ()] if key in told else default()


def need(package: str, extra: str, what: str) -> None:
    """ExtraError where a package is missing."""
    if find_spec(package) is None:
        raise ExtraError(f"{what} needs {package}, which is not installed: {extras.install(extra)}")
