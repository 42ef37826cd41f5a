"""python -m tools.diarization_tuning: choose heuristic_diarization's options on conversations that are no golden ones.

Makes 24 conversations of voices that no golden dataset has (8 min of speech, nothing is kept), and prints DER for
each value of the options that matter, the speaker count known and unknown. With `--golden NAME` it scores a golden
dataset once, with the options in config.yaml, both ways.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from modellab import audio, datasets, models
from modellab.metrics.diarization import Diarization, compare
from modellab.models import adapter_code
from modellab.types import Audio, Setting, Turn
from tools.golden.conversations import DEVELOPMENT, Scene, conversation
from tools.speech.espeak import RATE_HZ, Espeak

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "modellab/models/heuristic_diarization"
WEIGHTS = FOLDER / "voice_encoder.npz"
SEED = 130
VALUES: Mapping[str, Sequence[Any]] = {
    "max_distance": (0.24, 0.26, 0.28, 0.3, 0.32),
    "min_windows": (1, 3, 5),
    "window_s": (0.8, 1.0, 1.2, 1.6),
    "hop_s": (0.3, 0.4, 0.6),
    "threshold": (0.3, 0.5, 0.7),
}
Recording = tuple[Audio, list[Turn]]


def development() -> list[Recording]:
    """One to four voices, half with overlaps, half with noise at 25 dB."""
    r, espeak = Random(SEED), Espeak()
    recordings = []
    for i in range(24):
        scene = Scene((2, 3, 4, 2, 3, 1)[i % 6], 20.0, 0.2 if i % 2 else 0.0, None if i % 4 < 2 else 25.0)
        clip = conversation(espeak, r, f"dev_{i}", DEVELOPMENT, scene)
        assert clip.samples is not None
        recordings.append(
            (Audio(clip.samples.astype(np.float32), RATE_HZ), [Turn(*turn) for turn in clip.row["turns"]])
        )
    return recordings


def golden(name: str) -> list[Recording]:
    """A golden dataset with its turns in the manifest."""
    rows = datasets.load(ROOT / "golden" / name).rows
    return [(audio.read(row["audio"], RATE_HZ), [Turn(*turn) for turn in row["turns"]]) for row in rows]


def score(recordings: Sequence[Recording], known: bool, **changes: Any) -> str:
    """DER, its confusion and the mean error of the count, over all recordings."""
    options = {**models.config(FOLDER).options_for("ge2e"), **changes}
    model = adapter_code.load(FOLDER, "adapter").load(
        Setting("heuristic", "ge2e", WEIGHTS, "cpu", "float32", 1, options)
    )
    compared: list[Diarization] = []
    for sound, turns in recordings:
        told = len({turn.speaker for turn in turns}) if known else None
        compared.append(compare(turns, model.diarize(sound, told), [(0.0, sound.duration_s)]))
    speech_s = sum(result.speech_s for result in compared)
    error, confusion = (
        sum(part) / speech_s for part in zip(*((f.der().top, f.confusion_s) for f in compared), strict=True)
    )
    count = sum(result.speaker_count_error().top for result in compared) / len(compared)
    return f"{'known' if known else 'unknown':8} DER {error:6.2%}  confusion {confusion:6.2%}  count error {count:.2f}"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.diarization_tuning", description=__doc__)
    parser.add_argument("--golden", metavar="NAME", help="score this dataset instead, once")
    parser.add_argument("--only", nargs="*", default=list(VALUES), choices=list(VALUES), help="options to try")
    asked = parser.parse_args()
    recordings = golden(asked.golden) if asked.golden else development()
    for known in (True, False):
        print("as configured          ", score(recordings, known), flush=True)
    for option in [] if asked.golden else asked.only:
        for value in VALUES[option]:
            print(f"{option + ' ' + str(value):23}", score(recordings, False, **{option: value}), flush=True)


if __name__ == "__main__":
    main()
