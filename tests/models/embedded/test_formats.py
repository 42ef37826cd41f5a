"""Each format, read back by code of its own, holds the same numbers."""

from __future__ import annotations

import io
import json
import math
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from modellab.models.embedded import compact, formats, tokens
from modellab.models.embedded.formats import ggml, transformers
from modellab.models.embedded.mel import filter_bank

WHOLE = compact.expand()
GGML_TYPES: dict[int, np.dtype[Any]] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}
CT2_TYPES = [np.float32, np.int8, np.int16, np.int32, np.float16]
TORCH = """
import sys
from pathlib import Path
import numpy, torch
from modellab.models.embedded import compact, formats
formats.write("openai", compact.expand(), Path(sys.argv[1]))
file = torch.load(Path(sys.argv[1]) / "whisper-lab.pt", weights_only=True)
print(file["dims"])
numpy.savez(sys.argv[2], **{name: tensor.numpy() for name, tensor in file["model_state_dict"].items()})
"""


def same(found: Mapping[str, Any], wanted: Mapping[str, Any] = WHOLE.tensors) -> None:
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        np.testing.assert_array_equal(np.asarray(found[name]).reshape(array.shape), array, err_msg=name)


def written(name: str, folder: Path) -> Path:
    """The folder, with the format written into it by a process of its own."""
    subprocess.run(
        [sys.executable, "-m", "modellab.models.embedded", name, str(folder)], check=True, capture_output=True
    )
    return folder


@pytest.mark.slow
@pytest.mark.engine
def test_openai(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TORCH, str(tmp_path), str(tmp_path / "read.npz")]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "'n_audio_head': 2" in printed
    with np.load(tmp_path / "read.npz") as read:
        same(read)


@pytest.mark.engine
def test_transformers(tmp_path: Path) -> None:
    folder = written("transformers", tmp_path)
    wanted = {transformers.rename(name): array for name, array in WHOLE.tensors.items()}
    same(load_file(folder / "model.safetensors"), wanted)
    config = json.loads((folder / "config.json").read_text())
    assert (config["d_model"], config["decoder_layers"], config["vocab_size"]) == (64, 3, 51_865)


def test_transformers_may_answer_silence_with_nothing() -> None:
    settings = transformers.generation_config(WHOLE.dims, formats.decoding(WHOLE.dims, may_end_at_once=True))
    assert settings["begin_suppress_tokens"] == [220]
    assert tokens.SPECIAL_IDS["<|endoftext|>"] not in settings["suppress_tokens"]
    assert settings["task"] == "transcribe"


def _ct2(path: Path) -> Iterator[tuple[str, Any]]:
    """Variables of a CTranslate2 model.bin, binary version 6."""
    file = io.BytesIO(path.read_bytes())

    def read(layout: str) -> Any:
        return struct.unpack(f"<{layout}", file.read(struct.calcsize(f"<{layout}")))[0]

    def text() -> str:
        return file.read(read("H"))[:-1].decode()

    assert (read("I"), text(), read("I")) == (6, "WhisperSpec", 3)
    for _ in range(read("I")):
        name, shape = text(), [read("I") for _ in range(read("B"))]
        kind, size = CT2_TYPES[read("B")], read("I")
        yield name, np.frombuffer(file.read(size), kind).reshape(shape)
    for _ in range(read("I")):
        yield text(), text()


@pytest.mark.engine
def test_ct2(tmp_path: Path) -> None:
    folder, t = written("ct2", tmp_path), WHOLE.tensors
    variables = dict(_ct2(folder / "model.bin"))
    keys = {"decoder/embeddings/weight", "decoder/projection/weight"}
    assert variables.pop(max(keys)) == min(keys), "the output matrix is an alias of the embedding"
    np.testing.assert_array_equal(variables[min(keys)], t["decoder.token_embedding.weight"])
    for i in range(3):
        layer, block = f"decoder/layer_{i}", f"decoder.blocks.{i}"
        fused = np.split(variables[f"{layer}/self_attention/linear_0/weight"], 3)
        for part, weight in zip(("query", "key", "value"), fused, strict=True):
            np.testing.assert_array_equal(weight, t[f"{block}.attn.{part}.weight"])
        bias = np.split(variables[f"{layer}/attention/linear_1/bias"], 2)
        np.testing.assert_array_equal(bias[0], np.zeros(64))
        np.testing.assert_array_equal(bias[1], t[f"{block}.cross_attn.value.bias"])
        np.testing.assert_array_equal(variables[f"{layer}/ffn/layer_norm/gamma"], t[f"{block}.mlp_ln.weight"])
    counted = sum(array.size for array in variables.values() if np.ndim(array) > 0)
    key_biases = 64 * (2 + 3 + 3)  # Whisper has none; CTranslate2 holds zeros in their place
    assert counted == sum(array.size for array in t.values()) + key_biases
    assert len(json.loads((folder / "vocabulary.json").read_text())) == tokens.N_VOCAB


def _ggml(path: Path) -> tuple[list[int], Any, list[bytes], dict[str, Any]]:
    """Header, mel filters, vocabulary and tensors of a ggml file."""
    file = io.BytesIO(path.read_bytes())

    def ints(n: int) -> list[int]:
        return list(struct.unpack(f"<{n}i", file.read(4 * n)))

    head, shape = ints(12), ints(2)
    mel = np.frombuffer(file.read(4 * shape[0] * shape[1]), "<f4").reshape(shape)
    vocabulary = [file.read(ints(1)[0]) for _ in range(ints(1)[0])]
    tensors = {}
    while start := file.read(12):
        n_dims, n_name, kind = struct.unpack("<3i", start)
        size, name = ints(n_dims)[::-1], file.read(n_name).decode()
        if kind == ggml.TYPES["q8_0"]:
            blocks = np.frombuffer(file.read(34 * (math.prod(size) // 32)), np.uint8).reshape(-1, 34)
            scale, numbers = blocks[:, :2].copy().view("<f2"), blocks[:, 2:].view(np.int8)
            tensors[name] = (scale.astype(np.float32) * numbers).reshape(size)
        else:
            raw = file.read(GGML_TYPES[kind].itemsize * math.prod(size))
            tensors[name] = np.frombuffer(raw, GGML_TYPES[kind]).reshape(size)
    return head, mel, vocabulary, tensors


def test_ggml(tmp_path: Path) -> None:
    formats.write("ggml", WHOLE, tmp_path)
    head, mel, vocabulary, tensors = _ggml(tmp_path / ggml.FILE)
    assert head == [ggml.MAGIC, 51_865, 1500, 64, 2, 2, 448, 64, 2, 3, 80, 1]
    np.testing.assert_array_equal(mel, filter_bank())
    assert vocabulary == list(tokens.as_bytes())
    same(tensors)


def test_ggml_q8_0_is_within_half_a_step(tmp_path: Path) -> None:
    formats.write("ggml-q8_0", WHOLE, tmp_path)
    head, _, _, tensors = _ggml(tmp_path / ggml.FILE)
    assert head[-1] % 1000 == 7
    for name, array in WHOLE.tensors.items():
        wanted = array.astype(np.float32)
        step = np.abs(wanted).max() / 127
        np.testing.assert_allclose(tensors[name].reshape(wanted.shape), wanted, rtol=0, atol=0.51 * step, err_msg=name)


def test_q8_0_of_zeros_is_zeros() -> None:
    assert ggml.q8_0(np.zeros((2, 32), np.float16)) == bytes(68)


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="unknown format 'onnx'"):
        formats.write("onnx", WHOLE, tmp_path)


def test_whisper_cpp_needs_no_engine_to_be_written(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom modellab.models.embedded import compact, formats\n"
        "formats.write('ggml', compact.expand(), Path(sys.argv[1]))\n"
        "heavy = {'torch', 'transformers', 'tokenizers', 'safetensors', 'ctranslate2', 'whisper', 'tiktoken'}\n"
        "print(heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
