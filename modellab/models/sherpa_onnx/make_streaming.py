"""Make a transducer in the shape of icefall's streaming zipformer, with weights by chance: always the same nonsense.

It hears 45 frames at a time and moves on by 32, as theirs does, and carries what it needs of the frames before in one
of the states that a zipformer's layer has; the others go through as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

N_MELS, HEARD, MOVED, STRIDE = 80, 45, 32, 4  # frames
DIMS, KERNEL, LEFT, HEAD, CONTEXT = 16, 5, 64, 4, 2
OPSET, IR_VERSION, SEED = 17, 8, 0
BLANK = 2.0  # of its logit: most frames of a transducer say nothing
CARRIED = "cached_conv1_0"
FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64
STATES: Mapping[str, tuple[int, list[int | str]]] = {
    "cached_key_0": (FLOAT, [LEFT, "N", HEAD]),
    "cached_nonlin_attn_0": (FLOAT, [1, "N", LEFT, 3 * DIMS // 4]),
    "cached_val1_0": (FLOAT, [LEFT, "N", HEAD]),
    "cached_val2_0": (FLOAT, [LEFT, "N", HEAD]),
    CARRIED: (FLOAT, ["N", DIMS, KERNEL // 2]),
    "cached_conv2_0": (FLOAT, ["N", DIMS, KERNEL // 2]),
    "embed_states": (FLOAT, ["N", 128, 3, ((N_MELS - 1) // 2 - 1) // 2]),
    "processed_lens": (INT, ["N"]),
}
SAID = {
    "model_type": "zipformer2",
    "version": "1",
    "model_author": "by chance",
    "T": HEARD,
    "decode_chunk_len": MOVED,
    "num_encoder_layers": 1,
    "encoder_dims": DIMS,
    "cnn_module_kernels": KERNEL,
    "left_context_len": LEFT,
    "query_head_dims": HEAD,
    "value_head_dims": HEAD,
    "num_heads": 1,
}
info = helper.make_tensor_value_info


def networks(n_tokens: int) -> dict[str, onnx.ModelProto]:
    """`encoder`, `decoder` and `joiner`; token 0 is the blank."""
    rng = np.random.RandomState(SEED)
    return {"encoder": _encoder(rng), "decoder": _decoder(rng, n_tokens), "joiner": _joiner(rng, n_tokens)}


def _encoder(rng: np.random.RandomState) -> onnx.ModelProto:
    """x (N, 45, 80) and the states -> encoder_out (N, 8, 16) and the new states."""
    filters = rng.normal(0, 0.1, (DIMS, N_MELS, STRIDE))
    filters -= filters.mean(axis=(1, 2), keepdims=True)  # how loud it is shall not matter
    node = helper.make_node
    nodes = [
        node("Slice", ["x", "zero", "moved", "one"], ["fresh"]),
        node("Transpose", ["fresh"], ["by_mel"], perm=[0, 2, 1]),
        node("Conv", ["by_mel", "filters"], ["scores"], strides=[STRIDE]),
        node("Tanh", ["scores"], ["bounded"]),
        node("Concat", [CARRIED, "bounded"], ["with_past"], axis=2),
        node("Conv", ["with_past", "mixing"], ["mixed"], group=DIMS),
        node("Transpose", ["mixed"], ["encoder_out"], perm=[0, 2, 1]),
        node("Slice", ["with_past", "last", "all", "two"], [f"new_{CARRIED}"]),
        node("Add", ["processed_lens", "outputs"], ["new_processed_lens"]),
        *(node("Identity", [name], [f"new_{name}"]) for name in STATES if name not in (CARRIED, "processed_lens")),
    ]
    numbers = {"zero": 0, "moved": MOVED, "one": 1, "two": 2, "last": -(KERNEL // 2), "all": 10**6, "outputs": 16}
    arrays = {
        "filters": _float(filters),
        "mixing": _float(rng.normal(0, 0.5, (DIMS, 1, KERNEL // 2 + 1))),
        **{name: np.array([number], np.int64) for name, number in numbers.items()},
    }
    into = [info("x", FLOAT, ["N", HEARD, N_MELS]), *(info(name, *each) for name, each in STATES.items())]
    out = [
        info("encoder_out", FLOAT, ["N", MOVED // STRIDE, DIMS]),
        *(info(f"new_{name}", *each) for name, each in STATES.items()),
    ]
    return _model("encoder", nodes, into, out, arrays, SAID)


def _decoder(rng: np.random.RandomState, n_tokens: int) -> onnx.ModelProto:
    """y (N, 2), the last two tokens -> decoder_out (N, 16)."""
    nodes = [
        helper.make_node("Gather", ["embedding", "y"], ["each"]),
        helper.make_node("ReduceMean", ["each"], ["decoder_out"], axes=[1], keepdims=0),
    ]
    arrays = {"embedding": _float(rng.normal(0, 0.3, (n_tokens, DIMS)))}
    out = [info("decoder_out", FLOAT, ["N", DIMS])]
    about = {"context_size": CONTEXT, "vocab_size": n_tokens}
    return _model("decoder", nodes, [info("y", INT, ["N", CONTEXT])], out, arrays, about)


def _joiner(rng: np.random.RandomState, n_tokens: int) -> onnx.ModelProto:
    """encoder_out, decoder_out (N, 16) -> logit (N, tokens)."""
    nodes = [
        helper.make_node("Add", ["encoder_out", "decoder_out"], ["sum"]),
        helper.make_node("Gemm", ["sum", "weights", "bias"], ["logit"]),
    ]
    bias = np.zeros(n_tokens)
    bias[0] = BLANK
    arrays = {"weights": _float(rng.normal(0, 0.5, (DIMS, n_tokens))), "bias": _float(bias)}
    into = [info("encoder_out", FLOAT, ["N", DIMS]), info("decoder_out", FLOAT, ["N", DIMS])]
    return _model("joiner", nodes, into, [info("logit", FLOAT, ["N", n_tokens])], arrays, {"joiner_dim": DIMS})


def _float(values: Any) -> Any:
    return np.asarray(values, np.float32)


def _model(
    name: str, nodes: Sequence[Any], into: Any, out: Any, arrays: Mapping[str, Any], about: Mapping[str, Any]
) -> onnx.ModelProto:
    constants = [numpy_helper.from_array(values, key) for key, values in arrays.items()]
    graph = helper.make_graph(nodes, name, into, out, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, {key: str(value) for key, value in about.items()})
    return model
