"""python -m tools.voice_encoder RESEMBLYZER.whl: pack the speaker encoder of heuristic_diarization again.

The wheel is that of Resemblyzer 0.1.4 (Apache-2.0): `pip download --no-deps resemblyzer==0.1.4`. Of its 17 MB most is
the optimiser's state; the weights are rounded to 8 bits with a scale per row. The result is the same to the byte.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np
import torch

TARGET = Path(__file__).parents[1] / "modellab/models/heuristic_diarization/voice_encoder.npz"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"  # of resemblyzer/pretrained.pt
PARTS = ("lstm.", "linear.")


def pack(checkpoint: bytes, target: Path) -> None:
    """Write the weights of a checkpoint; ValueError for another one than that of release 0.1.4."""
    if (digest := hashlib.sha256(checkpoint).hexdigest()) != SHA256:
        raise ValueError(f"the checkpoint has sha256 {digest}, expected that of Resemblyzer 0.1.4, {SHA256}")
    state = torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=False)["model_state"]
    packed: dict[str, np.ndarray] = {}
    for name, tensor in state.items():
        if name.startswith(PARTS):
            packed |= _rounded(name, tensor.numpy())
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:  # np.savez would write the time of day
        for name, values in packed.items():
            buffer = io.BytesIO()
            np.save(buffer, values)
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), buffer.getvalue(), zipfile.ZIP_DEFLATED)


def _rounded(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """A matrix as int8 and a scale per row, a vector as float16."""
    if values.ndim == 1:
        return {name: values.astype(np.float16)}
    scale = np.abs(values).max(axis=1) / 127
    return {name: np.round(values / scale[:, None]).astype(np.int8), f"{name}.scale": scale.astype(np.float32)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.voice_encoder", description=__doc__)
    parser.add_argument("wheel", type=Path, help="Resemblyzer-0.1.4-py3-none-any.whl")
    asked = parser.parse_args()
    with zipfile.ZipFile(asked.wheel) as wheel:
        pack(wheel.read("resemblyzer/pretrained.pt"), TARGET)
    print(f"{TARGET}: {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
