"""One module per engine: `write(checkpoint, folder)` puts whisper-lab there as that engine loads it.

Each imports its engine's library, if it needs one at all, inside `write`: with only faster-whisper installed,
only the others' formats cannot be written.
"""

from __future__ import annotations

from pathlib import Path

from modellab.models.embedded.compact import Checkpoint
from modellab.models.embedded.formats import ct2, ggml, openai, transformers

# format -> the file inside its folder that the engine is given; "" for the folder itself
FORMATS = {"openai": openai.FILE, "ct2": "", "transformers": "", "ggml": ggml.FILE, "ggml-q8_0": ggml.FILE}


def write(name: str, checkpoint: Checkpoint, folder: Path) -> None:
    """Write one of FORMATS into `folder`, which exists and is empty."""
    match name:
        case "openai":
            openai.write(checkpoint, folder)
        case "ct2":
            ct2.write(checkpoint, folder)
        case "transformers":
            transformers.write(checkpoint, folder)
        case "ggml":
            ggml.write(checkpoint, folder, "f16")
        case "ggml-q8_0":
            ggml.write(checkpoint, folder, "q8_0")
        case _:
            raise ValueError(f"unknown format {name!r}: known: {', '.join(FORMATS)}")
