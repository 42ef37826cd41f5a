"""whisper.cpp: one ggml file with the sizes, the mel filters, the vocabulary and the tensors.

The layout is that of whisper.cpp's models/convert-pt-to-ggml.py, with q8_0 blocks as its `quantize` tool writes them.
A float32 file is not offered: ggml 0.13 aborts the process on float32 convolution weights.
"""

from __future__ import annotations

import dataclasses
import struct
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from modellab.models.embedded.compact import Array, Checkpoint
from modellab.models.embedded.mel import filter_bank
from modellab.models.embedded.vocabulary import Vocabulary

FILE = "ggml-whisper-lab.bin"
MAGIC = 0x67676D6C  # "ggml"
TYPES = {"f32": 0, "f16": 1, "q8_0": 8}  # enum ggml_type
FILE_TYPES = {"f16": 1, "q8_0": 2007}  # enum ggml_ftype, + 1000 * the quantisation version (2)
BLOCK = 32
HEADER = ["n_vocab", "n_audio_ctx", "n_audio_state", "n_audio_head", "n_audio_layer"]
HEADER += ["n_text_ctx", "n_text_state", "n_text_head", "n_text_layer", "n_mels"]
Kind = Literal["f16", "q8_0"]


def write(checkpoint: Checkpoint, path: Path, kind: Kind, vocabulary: Vocabulary) -> None:
    """One .bin file; vectors and positions in float32, convolutions in float16, matrices as `kind` says."""
    dims = dataclasses.asdict(checkpoint.dims)
    mel = filter_bank(checkpoint.dims.n_mels)
    with path.open("wb") as file:
        file.write(struct.pack("<i", MAGIC))
        file.write(struct.pack("<10i", *(dims[name] for name in HEADER)))
        file.write(struct.pack("<3i", FILE_TYPES[kind], *mel.shape) + mel.tobytes())
        file.write(struct.pack("<i", len(vocabulary.text)))
        for token in vocabulary.text:
            file.write(struct.pack("<i", len(token)) + token)
        for name, array in checkpoint.tensors.items():
            _tensor(file, name, array, kind)


def _tensor(file: BinaryIO, name: str, array: Array, kind: Kind) -> None:
    if name in {"encoder.conv1.bias", "encoder.conv2.bias"}:
        array = array.reshape(-1, 1)
    if array.ndim == 1 or name.endswith(".positional_embedding") or array.shape[-1] == 1:
        type_name, raw = "f32", array.astype("<f4").tobytes()
    elif kind == "q8_0" and array.ndim == 2:
        type_name, raw = "q8_0", q8_0(array)
    else:
        type_name, raw = "f16", array.astype("<f2").tobytes()
    file.write(struct.pack("<3i", array.ndim, len(name), TYPES[type_name]))
    file.write(struct.pack(f"<{array.ndim}i", *reversed(array.shape)))
    file.write(name.encode() + raw)


def q8_0(array: Array) -> bytes:
    """Blocks of 32 numbers: a float16 scale (largest magnitude / 127), then 32 int8."""
    blocks = array.astype(np.float32).reshape(-1, BLOCK)
    scales = np.abs(blocks).max(axis=1, keepdims=True) / 127
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
    numbers = np.round(blocks * inverse).astype(np.int8)
    return np.concatenate([scales.astype("<f2").view(np.uint8), numbers.view(np.uint8)], axis=1).tobytes()
