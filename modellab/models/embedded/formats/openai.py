"""openai-whisper: a torch file with `dims` and `model_state_dict`."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from modellab.models.embedded.compact import Checkpoint

FILE = "whisper-lab.pt"


def write(checkpoint: Checkpoint, path: Path) -> None:
    """One .pt file, its tensors as they are."""
    import torch  # comes with openai-whisper

    tensors = {name: torch.from_numpy(array) for name, array in checkpoint.tensors.items()}
    torch.save({"dims": dataclasses.asdict(checkpoint.dims), "model_state_dict": tensors}, path)
