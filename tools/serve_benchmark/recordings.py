"""What is sent: a short clip, and a recording as long as the calls were that the aims come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from modellab import datasets
from modellab.runner.load.measure import Clip, clips

ROOT = Path(__file__).parents[2]
DATASET = ROOT / "golden" / "asr_smoke_v1"
TOGETHER = 10  # clips of an ordinary recording
PAUSE_S = 0.3  # between two of them
SHORT, ORDINARY = "short", "ordinary"


@dataclass(frozen=True, slots=True)
class Recording:
    """A file to ask for, and what is said in it."""

    clip: Clip
    text: str


def made(folder: Path) -> dict[str, Recording]:
    """The first clip of the smoke set, and the first ten one behind the other in a file of `folder`."""
    rows = datasets.load(DATASET).rows[:TOGETHER]
    samples, texts, rate_hz = [], [], 0
    for row in rows:
        heard, rate_hz = soundfile.read(row["audio"], dtype="int16")
        samples += [heard, np.zeros(round(PAUSE_S * rate_hz), np.int16)]
        texts.append(str(row["text"]))
    path = folder / f"{ORDINARY}.flac"
    soundfile.write(path, np.concatenate(samples), rate_hz, subtype="PCM_16")
    short, ordinary = clips([Path(rows[0]["audio"]), path])
    return {SHORT: Recording(short, texts[0]), ORDINARY: Recording(ordinary, " ".join(texts))}
