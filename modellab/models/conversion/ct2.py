"""CTranslate2 (faster-whisper): a folder with model.bin, config.json and the vocabulary."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import numpy as np

from modellab.errors import WeightsError
from modellab.models.conversion.alignment_heads import told
from modellab.models.conversion.binary import Reader
from modellab.models.conversion.checkpoint import Whisper, decoding, gather
from modellab.models.embedded.compact import Array, Dims
from modellab.models.embedded.vocabulary import of_spelled

FILE = "model.bin"
SPEC, VERSION = "WhisperSpec", 6  # of the file; CTranslate2 writes it since 2021
TYPES = ("<f4", "i1", "<i2", "<i4", "<f2", "<u2")  # its DataType; the last one is bfloat16
FLOATS = {np.dtype("<f4"), np.dtype("<f2")}
FUSED = {"attn": ("query", "key", "value"), "cross_attn": ("key", "value")}
SIDES = {"encoder.ln_post": "encoder/layer_norm", "decoder.ln": "decoder/layer_norm"}
PARTS = {"mlp.0": "ffn/linear_0", "mlp.2": "ffn/linear_1", "mlp_ln": "ffn/layer_norm"}
PARTS |= {"attn.out": "self_attention/linear_1", "attn_ln": "self_attention/layer_norm"}
PARTS |= {"cross_attn.query": "attention/linear_0", "cross_attn.out": "attention/linear_2"}
PARTS |= {"cross_attn_ln": "attention/layer_norm"}
PARTS |= {f"attn.{part}": "self_attention/linear_0" for part in FUSED["attn"]}
PARTS |= {f"cross_attn.{part}": "attention/linear_1" for part in FUSED["cross_attn"]}


def spec(path: Path) -> str:
    """The kind of model that a model.bin holds; '' for a file of another kind."""
    with path.open("rb") as file:
        head = file.read(64)
    size = int.from_bytes(head[4:6], "little")
    name = head[6 : 5 + size]
    plausible = head[1:4] == bytes(3) and 1 < size < 58 and name.isalnum() and head[5 + size : 6 + size] == b"\0"
    return name.decode("ascii", "replace") if plausible else ""


def read(folder: Path) -> Whisper:
    """Raises WeightsError for another model, for quantised weights, and for a damaged file."""
    variables, config = _variables(folder / FILE), told(folder / "config.json")
    _check_floats(variables, folder)
    dims = _dims(variables, folder)
    checkpoint = gather(dims, functools.partial(_tensor, variables, folder), folder / FILE)
    tokenizer = folder / "tokenizer.json"
    text = tokenizer.read_text(encoding="utf-8") if tokenizer.is_file() else ""
    vocabulary = of_spelled({token: i for i, token in enumerate(_tokens(folder))}, dims.n_vocab)
    return Whisper(checkpoint, decoding(dims, vocabulary, config, folder / FILE, text))


def _variables(path: Path) -> dict[str, Array]:
    file = Reader(path)

    def name() -> str:
        return file.text(file.number("H"))[:-1]

    version, kind = file.number("I"), name()
    if (version, kind) != (VERSION, SPEC):
        raise WeightsError(
            f"{path} is {kind} in version {version} of CTranslate2's file, expected {SPEC} in version {VERSION}"
        )
    file.number("I")  # the revision of the spec
    variables = {}
    for _ in range(file.number("I")):
        variable, shape, stored = name(), tuple(file.numbers(file.number("B"), "I")), file.number("B")
        if stored >= len(TYPES):
            raise WeightsError(f"{path}: {variable} is of type {stored}, which CTranslate2 does not have: damaged?")
        file.number("I")  # bytes
        variables[variable] = file.array(TYPES[stored], shape)
    for _ in range(file.number("I")):  # equal ones are stored once: the output matrix, biases that are all 0
        alias, variable = name(), name()
        variables[alias] = variables[variable]
    return variables


def _check_floats(variables: dict[str, Array], folder: Path) -> None:
    for name, array in variables.items():
        if array.ndim and array.dtype not in FLOATS:
            kind = "bfloat16" if array.dtype == np.dtype("<u2") else array.dtype
            raise WeightsError(
                f"{folder / FILE}: {name} is {kind}, expected float16 or float32: what quantisation took away"
                " cannot be had back, convert the checkpoint that was quantised"
            )


def _dims(variables: dict[str, Array], folder: Path) -> Dims:
    layers = {(m[1], m[2]) for name in variables if (m := re.match(r"(encoder|decoder)/layer_(\d+)/", name))}
    try:
        embedding, conv = variables["decoder/embeddings/weight"], variables["encoder/conv1/weight"]
        return Dims(
            n_mels=conv.shape[1],
            n_audio_ctx=variables["encoder/position_encodings/encodings"].shape[0],
            n_audio_state=conv.shape[0],
            n_audio_head=int(variables["encoder/num_heads"]),
            n_audio_layer=sum(side == "encoder" for side, _ in layers),
            n_vocab=embedding.shape[0],
            n_text_ctx=variables["decoder/position_encodings/encodings"].shape[0],
            n_text_state=embedding.shape[1],
            n_text_head=int(variables["decoder/num_heads"]),
            n_text_layer=sum(side == "decoder" for side, _ in layers),
        )
    except (KeyError, IndexError) as error:
        raise WeightsError(f"{folder / FILE} is no whole Whisper: {error} is missing") from None


def _tensor(variables: dict[str, Array], folder: Path, name: str) -> Array:
    """One of openai-whisper's tensors: several are one matrix here, and a key has a bias that is 0."""
    whole, _, kind = name.rpartition(".")
    if kind == "positional_embedding":
        return variables[f"{whole}/position_encodings/encodings"]
    if whole == "decoder.token_embedding":
        return variables["decoder/embeddings/weight"]
    if "blocks" not in whole:
        place = SIDES.get(whole, whole.replace(".", "/"))
        return variables[f"{place}/{_kind(place, kind)}"]
    side, _, layer, part = whole.split(".", 3)
    place = f"{side}/layer_{layer}/{PARTS[part]}"
    array = variables[f"{place}/{_kind(place, kind)}"]
    attention, _, what = part.partition(".")
    fused = FUSED.get(attention, ())
    if what not in fused:
        return array
    parts = np.split(array, len(fused))
    if kind == "bias" and parts[fused.index("key")].any():
        raise WeightsError(f"{folder / FILE}: {place} has a bias for its keys, which Whisper has not")
    return parts[fused.index(what)]


def _kind(place: str, kind: str) -> str:
    return {"weight": "gamma", "bias": "beta"}[kind] if place.endswith("layer_norm") else kind


def n_vocab(folder: Path) -> int:
    """The number of tokens of a checkpoint."""
    return len(_tokens(folder))


def _tokens(folder: Path) -> list[str]:
    lists, lines = folder / "vocabulary.json", folder / "vocabulary.txt"
    if lists.is_file():
        import json

        return [str(token) for token in json.loads(lists.read_text(encoding="utf-8"))]
    if lines.is_file():
        return lines.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    raise WeightsError(f"{folder} has neither vocabulary.json nor vocabulary.txt, expected one of them")
