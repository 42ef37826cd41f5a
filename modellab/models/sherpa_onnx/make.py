"""Make `tiny`, a CTC network in the shape of NeMo's exports, with weights by chance: always the same nonsense.

`tiny-streaming` is a streaming zipformer's shape (`make_streaming.py`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import make_streaming

TOKENS = ("▁the", "▁code", "▁is", "▁call", "▁turn", "on", "er", "light", "a", "e", "o", "s", "t")
N_MELS, STRIDE = 80, 8
OPSET, IR_VERSION, SEED = 17, 8, 0


def make(name: str, folder: Path) -> None:
    """Write the networks and tokens.txt."""
    streams = name == "tiny-streaming"
    tokens = ("<blk>", *TOKENS) if streams else (*TOKENS, "<blk>")
    lines = [f"{token} {number}" for number, token in enumerate(tokens)]
    (folder / "tokens.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    networks = make_streaming.networks(len(tokens)) if streams else {"model": _network()}
    for part, network in networks.items():
        onnx.save(network, folder / f"{part}.onnx")


def _network() -> onnx.ModelProto:
    """audio_signal (1, 80, n), length (1,) -> logprobs (1, ceil(n / 8), tokens and blank)."""
    n_outputs = len(TOKENS) + 1
    filters = np.random.RandomState(SEED).normal(0, 0.05, (n_outputs, N_MELS, STRIDE)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["audio_signal", "filters"], ["scores"], strides=[STRIDE], pads=[0, STRIDE - 1]),
        helper.make_node("Transpose", ["scores"], ["by_frame"], perm=[0, 2, 1]),
        helper.make_node("LogSoftmax", ["by_frame"], ["logprobs"], axis=-1),
    ]
    info = helper.make_tensor_value_info
    inputs = [
        info("audio_signal", TensorProto.FLOAT, ["batch", N_MELS, "n"]),
        info("length", TensorProto.INT64, ["batch"]),
    ]
    output = info("logprobs", TensorProto.FLOAT, ["batch", "n_frames", n_outputs])
    graph = helper.make_graph(nodes, "nemo_shaped", inputs, [output], [numpy_helper.from_array(filters, "filters")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(
        model,
        {
            "model_type": "EncDecCTCModelBPE",
            "normalize_type": "per_feature",
            "subsampling_factor": str(STRIDE),
            "vocab_size": str(len(TOKENS)),
        },
    )
    return model
