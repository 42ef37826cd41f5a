"""Make `tiny`: a network with Kokoro's inputs that says each sound as a buzz of its own pitch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SOUNDS = " ;:,.!?abdefhijklmnoprstuvwzæðŋɐɑɔəɚɛɜɡɪɹʃʊʌʒθˈˌː"
RATE_HZ, SOUND_S, STYLE, N_STYLES = 24_000, 0.06, 256, 510
OPSET, IR_VERSION = 17, 8


def make(name: str, folder: Path) -> None:
    """Write the network, its sounds and two voices; `name` tells nothing more."""
    del name
    vocabulary = {"$": 0, **{sound: number for number, sound in enumerate(SOUNDS, 1)}}
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}), encoding="utf-8")
    (folder / "onnx").mkdir()
    (folder / "voices").mkdir()
    for voice, loudness in (("af_tiny", 0.5), ("bm_tiny", 0.25)):
        np.full((N_STYLES, STYLE), loudness / STYLE, np.float32).tofile(folder / "voices" / f"{voice}.bin")
    onnx.save(_network(_buzzes(len(vocabulary))), folder / "onnx" / "model.onnx")


def _buzzes(n_sounds: int) -> Any:
    """The samples of each sound, shape (n_sounds, n_samples); the pad is silent."""
    t = np.arange(round(SOUND_S * RATE_HZ)) / RATE_HZ
    pitches = 100.0 + 5.0 * np.arange(n_sounds)[:, None]
    waves = np.sin(2 * np.pi * pitches * t) * np.sin(np.pi * t / SOUND_S)
    waves[0] = 0.0
    return waves.astype(np.float32)


def _network(buzzes: Any) -> onnx.ModelProto:
    """input_ids (1, n), style (1, 256), speed (1,) -> waveform (1, n_samples), the louder the larger the style."""
    held = {"buzzes": buzzes, "row": np.array([1, 1, -1]), "one": np.array([1.0], np.float32)}
    held |= {"ones": np.array([1.0, 1.0], np.float32), "shape": np.array([1, -1])}
    node = helper.make_node
    nodes = [
        node("Gather", ["buzzes", "input_ids"], ["said"]),
        node("ReduceSum", ["style"], ["loudness"], keepdims=0),
        node("Mul", ["said", "loudness"], ["louder"]),
        node("Reshape", ["louder", "row"], ["in_a_row"]),
        node("Div", ["one", "speed"], ["factor"]),
        node("Concat", ["ones", "factor"], ["factors"], axis=0),
        node("Resize", ["in_a_row", "", "factors"], ["resized"], mode="linear"),
        node("Reshape", ["resized", "shape"], ["waveform"]),
    ]
    info = helper.make_tensor_value_info
    inputs = [
        info("input_ids", TensorProto.INT64, [1, "n"]),
        info("style", TensorProto.FLOAT, [1, STYLE]),
        info("speed", TensorProto.FLOAT, [1]),
    ]
    output = info("waveform", TensorProto.FLOAT, [1, "n_samples"])
    constants = [numpy_helper.from_array(value, key) for key, value in held.items()]
    graph = helper.make_graph(nodes, "kokoro_shaped", inputs, [output], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
