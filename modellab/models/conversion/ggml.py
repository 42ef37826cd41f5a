"""whisper.cpp: one ggml file."""

from __future__ import annotations

from pathlib import Path

from modellab.errors import WeightsError
from modellab.models.conversion.alignment_heads import told
from modellab.models.conversion.binary import Reader
from modellab.models.conversion.checkpoint import Whisper, decoding, gather
from modellab.models.embedded.compact import Array, Dims
from modellab.models.embedded.formats.ggml import HEADER, MAGIC, TYPES
from modellab.models.embedded.vocabulary import of_tokens

NUMPY = {TYPES["f32"]: "<f4", TYPES["f16"]: "<f2"}


def read(path: Path) -> Whisper:
    """Raises WeightsError for quantised weights and for a damaged file."""
    file = Reader(path)
    if file.number("I") != MAGIC:
        raise WeightsError(f"{path} is no ggml file")
    sizes = dict(zip(HEADER, file.numbers(len(HEADER)), strict=True))
    dims = Dims(**sizes)
    file.number("i")  # the type of most tensors, which each tensor tells itself
    rows, columns = file.numbers(2)
    file.array("<f4", (rows, columns))  # the mel filters, which are the same in every Whisper
    tokens = [file.take(file.number("i")).tobytes() for _ in range(file.number("i"))]
    tensors: dict[str, Array] = {}
    while not file.ended:
        n_dims, n_name, kind = file.numbers(3)
        shape, name = tuple(reversed(file.numbers(n_dims))), file.text(n_name)
        if kind not in NUMPY:
            raise WeightsError(
                f"{path}: {name} is quantised (ggml type {kind}), expected f16 or f32: what quantisation took away"
                " cannot be had back, convert the checkpoint that was quantised"
            )
        tensors[name] = file.array(NUMPY[kind], shape)
    checkpoint = gather(dims, tensors.__getitem__, path)
    return Whisper(checkpoint, decoding(dims, of_tokens(tokens, dims.n_vocab), told(path.with_suffix(".json")), path))
