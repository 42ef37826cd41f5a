"""Make `tiny`: a voice in Piper's shape that was taught the four sentences of tts_taught_v1, spoken by espeak-ng.

It is no VITS: it is put together of stretches of recordings (unit selection). Each sound of a sentence stands for its
share of the sentence's recording; for each sound of a text the network takes the stretch whose neighbours fit best, so
that a sentence that it knows comes out as it was recorded, and any other one as a patchwork. Inputs, outputs and the
.json are those of a real voice, so that all of the adapter is used.
"""

from __future__ import annotations

import ctypes
import json
from pathlib import Path
from typing import Any

import espeakng_loader
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from modellab.models.sounds import sentences

SENTENCES = (
    "turn on the kitchen light",
    "call anna tonight",
    "the code is five one zero",
    "the green number is four",
)
VOICE, RATE_HZ = "en-us", 22_050
BEGIN, END, PAD = "^", "$", "_"
OPSET, IR_VERSION, SYMBOLS = 17, 8, 256
AROUND = (1, 1, 2, 4, 8, 4, 2, 1, 1)  # what a fitting sound at -4 ... +4 counts
WAVER = 0.1  # how much lengths vary with noise_w 1, as a fraction
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def make(name: str, folder: Path) -> None:
    """Write the voice `name` into `folder`."""
    sounds = ["".join(sentences(text, VOICE)) for text in SENTENCES]
    ids = {symbol: [number] for number, symbol in enumerate([PAD, BEGIN, END, *sorted({*"".join(sounds)})])}
    description = {
        "audio": {"sample_rate": RATE_HZ},
        "espeak": {"voice": VOICE},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "language": {"code": "en_US", "name_native": "English"},
        "num_speakers": 1,
        "phoneme_type": "espeak",
        "phoneme_id_map": ids,
    }
    (folder / f"{name}.onnx.json").write_text(json.dumps(description, ensure_ascii=False), encoding="utf-8")
    numbers = [[ids[sound][0] for sound in each] for each in sounds]
    onnx.save(_network(numbers, [_recording(text) for text in SENTENCES]), folder / f"{name}.onnx")


def _recording(text: str) -> Any:
    """The text spoken by espeak-ng, int16 of shape (n_samples,)."""
    library, pieces = ctypes.CDLL(espeakng_loader.get_library_path()), list[Any]()

    def receive(wav: Any, n_samples: int, _events: Any) -> int:
        if wav and n_samples > 0:
            pieces.append(np.ctypeslib.as_array(wav, (n_samples,)).copy())
        return 0

    callback = _Callback(receive)  # ctypes does not keep it alive
    library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
    library.espeak_SetSynthCallback(callback)
    library.espeak_SetVoiceByName(VOICE.encode())
    library.espeak_Synth(text.encode(), len(text.encode()) + 1, 0, 1, 0, 1, None, None)
    library.espeak_Synchronize()
    library.espeak_Terminate()
    return np.concatenate(pieces)


def _units(numbers: list[list[int]], recordings: list[Any]) -> tuple[Any, Any, Any]:
    """Filters (n_units, SYMBOLS, 9) that count fitting neighbours, lengths (n_units,), and samples, filled up."""
    half = len(AROUND) // 2
    filters, stretches = list[Any](), list[Any]()
    for said, recording in zip(numbers, recordings, strict=True):
        stretches += np.array_split(recording, len(said))
        for at in range(len(said)):
            wanted = np.zeros((SYMBOLS, len(AROUND)), np.float32)
            for offset, counts in enumerate(AROUND, at - half):
                if 0 <= offset < len(said):
                    wanted[said[offset], offset - at + half] = counts
            filters.append(wanted)
    lengths = np.array([len(stretch) for stretch in stretches], np.int64)
    longest = int(lengths.max())
    samples = np.stack([np.pad(stretch, (0, longest - len(stretch))) for stretch in stretches])
    return np.stack(filters), lengths, samples


def _constants(numbers: list[list[int]], recordings: list[Any]) -> dict[str, Any]:
    """What the graph holds, by name."""
    filters, lengths, samples = _units(numbers, recordings)
    return {
        "filters": filters, "lengths": lengths, "samples": (samples / 32768).astype(np.float32),
        "symbols": np.array(SYMBOLS), "off_on": np.array([0, 1], np.float32),
        "from": np.array([2]), "to": np.array([-1]), "along": np.array([1]), "every": np.array([2]),
        "places": np.arange(samples.shape[1])[None], "units": np.array([0]), "flat": np.array([-1]),
        "shape": np.array([1, 1, 1, -1]), "shape_3": np.array([1, 1, -1]),
        "0": np.array([0]), "1": np.array([1]), "2": np.array([2]),
        "one": np.array([1], np.float32), "ones": np.array([1, 1], np.float32), "waver": np.array([WAVER], np.float32),
        "quiet": np.array(0.02, np.float32),
    }  # fmt: skip


def _network(numbers: list[list[int]], recordings: list[Any]) -> onnx.ModelProto:
    """input (1, n), input_lengths (1,), scales (3,) -> output (1, 1, 1, n_samples), as Piper's own exports."""
    node = helper.make_node
    nodes = [
        node("Slice", ["input", "from", "to", "along", "every"], ["sounds"]),  # without ^, pads and $
        node("OneHot", ["sounds", "symbols", "off_on"], ["hot"], axis=1),
        node("Conv", ["hot", "filters"], ["fits"], kernel_shape=[9], pads=[4, 4]),
        node("ArgMax", ["fits"], ["best"], axis=1, keepdims=0),
        node("Reshape", ["best", "flat"], ["unit"]),
        node("Gather", ["samples", "unit"], ["stretch"]),
        node("Gather", ["lengths", "unit"], ["length"]),
        node("Unsqueeze", ["length", "1"], ["length_column"]),
        node("Less", ["places", "length_column"], ["inside"]),
        node("Reshape", ["inside", "flat"], ["inside_flat"]),
        node("Gather", ["scales", "0"], ["noise_scale"]),
        node("RandomNormalLike", ["stretch"], ["noise"]),
        node("Mul", ["noise", "noise_scale"], ["scaled_noise"]),
        node("Mul", ["scaled_noise", "quiet"], ["quiet_noise"]),
        node("Add", ["stretch", "quiet_noise"], ["noisy"]),
        node("Reshape", ["noisy", "flat"], ["noisy_flat"]),
        node("Compress", ["noisy_flat", "inside_flat"], ["speech"], axis=0),
        node("Reshape", ["speech", "shape_3"], ["speech_3"]),
        node("Gather", ["scales", "1"], ["length_scale"]),
        node("Gather", ["scales", "2"], ["noise_w"]),
        node("RandomNormalLike", ["noise_w"], ["luck"]),
        node("Mul", ["luck", "noise_w"], ["scaled_luck"]),
        node("Mul", ["scaled_luck", "waver"], ["wavering"]),
        node("Add", ["one", "wavering"], ["longer"]),
        node("Mul", ["longer", "length_scale"], ["factor"]),
        node("Concat", ["ones", "factor"], ["factors"], axis=0),
        node("Resize", ["speech_3", "", "factors"], ["resized"], mode="linear"),
        node("Reshape", ["resized", "shape"], ["output"]),
    ]
    info = helper.make_tensor_value_info
    inputs = [
        info("input", TensorProto.INT64, [1, "n"]),
        info("input_lengths", TensorProto.INT64, [1]),
        info("scales", TensorProto.FLOAT, [3]),
    ]
    output = info("output", TensorProto.FLOAT, [1, 1, 1, "n_samples"])
    held = [numpy_helper.from_array(value, key) for key, value in _constants(numbers, recordings).items()]
    graph = helper.make_graph(nodes, "piper_shaped", inputs, [output], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
