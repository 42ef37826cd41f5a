"""One module per engine: `write(checkpoint, folder)` puts whisper-lab there as that engine loads it.

Each imports its engine's library, if it needs one at all, inside `write`: with only faster-whisper installed,
only the others' formats cannot be written.

Start reading at `openai.py`.
"""

from __future__ import annotations

from pathlib import Path

from modellab.models.embedded import tokens
from modellab.models.embedded.compact import Checkpoint, Dims
from modellab.models.embedded.formats import ct2, ggml, openai, transformers
from modellab.models.embedded.formats.decoding import Decoding

# format -> the file inside its folder that the engine is given; "" for the folder itself
FORMATS = {"openai": openai.FILE, "ct2": "", "transformers": "", "ggml": ggml.FILE, "ggml-q8_0": ggml.FILE}


def write(name: str, checkpoint: Checkpoint, folder: Path) -> None:
    """Write one of FORMATS into `folder`, which exists and is empty."""
    match name:
        case "openai":
            openai.write(checkpoint, folder / openai.FILE)
        case "ct2":
            ct2.write(checkpoint, folder, decoding(checkpoint.dims))
        case "transformers":
            transformers.write(checkpoint, folder, decoding(checkpoint.dims, may_end_at_once=True))
        case "ggml":
            ggml.write(checkpoint, folder / ggml.FILE, "f16", tokens.vocabulary())
        case "ggml-q8_0":
            ggml.write(checkpoint, folder / ggml.FILE, "q8_0", tokens.vocabulary())
        case _:
            raise ValueError(f"unknown format {name!r}: known: {', '.join(FORMATS)}")


def decoding(dims: Dims, *, may_end_at_once: bool = False) -> Decoding:
    """How whisper-lab is decoded. transformers may end a window at once, or silence would get text there."""
    vocabulary = tokens.vocabulary()
    begin = vocabulary.encode(" ") if may_end_at_once else vocabulary.suppressed_at_begin()
    return Decoding(vocabulary, dims.alignment_heads, vocabulary.suppressed(), begin)
