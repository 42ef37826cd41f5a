"""Run by the tests in a process of its own: load one model's lab variant, let it hear every clip, print what it said.

`python hear.py MODEL VARIANT PRECISION CLIPS.npz` prints JSON: {"clips": {name: {"text", "segments"}}, "threads": n or
null}, and of a few clips "words": {name: [[word, start_s, end_s], ...]} and "languages": {name: code}.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import Any

import numpy as np

from modellab import models
from modellab.models import weights
from modellab.types import Audio, Setting

RATE_HZ = 16_000
TIMED = ("again", "later", "silence", "empty")  # the clips whose words and language are asked for


def load(name: str, variant: str, precision: str) -> Any:
    folder = models.folders()[name]
    config = models.config(folder)
    chosen = config.variants[variant]
    path = weights.locate(chosen.source(precision, folder))
    spec = importlib.util.spec_from_file_location(f"adapter_of_{name}", folder / "adapter.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.load(Setting(name, variant, path, "cpu", precision, 1, config.options_for(variant)))


def answer(model: Any, audio: Audio) -> dict[str, Any]:
    if hasattr(model, "detect"):
        return {"regions": [list(region) for region in model.detect(audio)]}
    said = model.transcribe(audio)
    return {"text": said.text, "segments": [list(segment) for segment in said.segments], "language": said.language}


def main(name: str, variant: str, precision: str, clips: str) -> None:
    model = load(name, variant, precision)
    with np.load(clips) as file:
        said = {clip: answer(model, Audio(file[clip], RATE_HZ)) for clip in file.files}
        timed = {clip: Audio(file[clip], RATE_HZ) for clip in TIMED}
    words = {clip: model.align(sound, "") for clip, sound in timed.items()} if hasattr(model, "align") else {}
    known = {clip: model.identify(timed[clip]) for clip in TIMED[:2]} if hasattr(model, "identify") else {}
    torch = sys.modules.get("torch")
    sys.stdout.write(
        json.dumps(
            {"clips": said, "words": words, "languages": known, "threads": torch.get_num_threads() if torch else None}
        )
        + "\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
