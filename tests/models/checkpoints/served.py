"""`python -m tests.models.checkpoints.served FOLDER CLIP`: write the types that stream, and what they hear as JSON.

In a process of its own, as the checkpoints' other answers are (`__main__.py`). Of each type: what its stream has as
final, and the transcript of the whole clip.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from modellab import audio, models
from modellab.models import adapter_code
from modellab.types import Setting
from tests.models.checkpoints import streams

OPTIONS: dict[str, dict[str, Any]] = {
    "nemotron_asr_streaming": {"lookahead": 1},
    "nemotron3_5_asr": {"lookahead": 1},
    "moonshine_streaming": {"max_new_tokens": 8},
}


def main(place: str, clip_path: str) -> None:
    clip, said = audio.read(Path(clip_path), streams.RATE_HZ), {}
    adapter = adapter_code.load(models.FOLDER / "transformers_asr", "adapter")
    for name, options in OPTIONS.items():
        streams.load(name, Path(place), **options).model.save_pretrained(Path(place) / name)  # livelier than by chance
        model = adapter.load(Setting("transformers_asr", "tiny", Path(place) / name, "cpu", "float32", 1, options))
        said[name] = {"finals": streams.finals(model, clip), "whole": model.transcribe(clip).text}
    sys.stdout.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
