"""openai-whisper: a torch file with `dims` and `model_state_dict`; its vocabulary lies in the library."""

from __future__ import annotations

import base64
import pickle
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from modellab.errors import ExtraError, WeightsError
from modellab.models.conversion.alignment_heads import told
from modellab.models.conversion.checkpoint import Whisper, decoding, gather, need
from modellab.models.embedded import tokens
from modellab.models.embedded.compact import Array, Dims
from modellab.models.embedded.vocabulary import SIZES, Vocabulary, of_tokens
from modellab.system import extras


def read(path: Path) -> Whisper:
    """Raises WeightsError for another torch file; nothing in it is run."""
    file = load(path)
    try:
        dims = Dims(**{field.name: int(file["dims"][field.name]) for field in fields(Dims)})
        tensors = dict(file["model_state_dict"])
    except (KeyError, TypeError, ValueError):
        raise WeightsError(
            f"{path} has no `dims` and `model_state_dict`, expected a checkpoint of openai-whisper"
        ) from None
    checkpoint = gather(dims, lambda name: as_array(tensors[name]), path)
    return Whisper(checkpoint, decoding(dims, vocabulary(dims.n_vocab), told(path.with_suffix(".json")), path))


def load(path: Path) -> Any:
    """What a torch file holds, tensors and plain values only."""
    need("torch", "whisper", f"reading {path.name}")
    import torch

    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, KeyError, ValueError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(f"{path} cannot be read as a torch file of plain tensors: {first}") from error


def as_array(tensor: Any) -> Array:
    """NumPy has no bfloat16: that becomes float32, which holds it exactly."""
    import torch

    exact = tensor if tensor.dtype in {torch.float16, torch.float32} else tensor.to(torch.float32)
    array: Array = exact.detach().cpu().numpy()
    return array


def vocabulary(n_vocab: int) -> Vocabulary:
    """That of a checkpoint of OpenAI with so many tokens; the English-only one comes with openai-whisper."""
    if n_vocab != min(SIZES):
        return of_tokens(tokens.as_bytes(), n_vocab) if n_vocab != tokens.N_VOCAB else tokens.vocabulary()
    package = find_spec("whisper")
    if package is None or package.origin is None:
        raise ExtraError(
            "an English-only .pt file has no vocabulary in it, which openai-whisper brings:"
            f" {extras.install('whisper')}"
        )
    lines = (Path(package.origin).parent / "assets" / "gpt2.tiktoken").read_text(encoding="ascii").splitlines()
    return of_tokens([base64.b64decode(line.split()[0]) for line in lines], n_vocab)
