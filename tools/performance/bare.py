"""The least that running a model over a dataset takes: load it, decode, call. Nothing is scored, judged or kept.

`python -m tools.performance.bare MODEL FOLDER` prints how many clips there were. Threads are as the environment says.
"""

from __future__ import annotations

import sys
from pathlib import Path

from modellab import audio, datasets
from modellab.models import adapter_code, config, folders, weights
from modellab.types import Setting

VARIANT, PRECISION, RATE_HZ = "lab", "float32", 16_000


def main(name: str, folder: str) -> None:
    """Let the model hear every clip of the dataset."""
    place = folders()[name]
    model = config(place)
    path = weights.locate(model.variants[VARIANT].source(PRECISION, place))
    setting = Setting(name, VARIANT, path, "cpu", PRECISION, 1, model.options_for(VARIANT))
    recogniser = adapter_code.load(place, "adapter").load(setting)
    rows = datasets.load(Path(folder)).rows
    transcripts = [recogniser.transcribe(audio.read(row["audio"], rate_hz=RATE_HZ)).text for row in rows]
    sys.stdout.write(f"{len(transcripts)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
