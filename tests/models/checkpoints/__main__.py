"""`python -m tests.models.checkpoints FOLDER CLIP TYPE ...`: each type is made and hears; what it said, as JSON.

With `--known` for a type it says instead which types there are.

In a process of its own, since the library is large and warns of much; a type that fails has its exception instead.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio, models
from modellab.errors import WeightsError
from modellab.models import adapter_code
from modellab.models.token_probabilities import OPTION
from modellab.types import Audio, Setting
from tests.models.checkpoints import chat, decoders, frames, mistral, omni, sighted
from tests.models.checkpoints.common import MAKERS, write

RATE_HZ = 16_000
SHORT = (0, 1, 100, 400, 1600)  # samples
assert all((chat, decoders, frames, mistral, omni, sighted)), "their makers have to be known"


def answers(adapter: Any, model_type: str, folder: Path, clip: Audio) -> dict[str, Any]:
    """What a checkpoint says to sounds of many lengths, alone and together, and how it reads the words' times."""
    folder.mkdir()
    write(model_type, folder)
    family = adapter.family.of(folder)[0]
    options: dict[str, Any] = {"batch_size": 3, "language": "en"}
    if family != "ctc":  # random weights have no end; a transducer's has to be beyond all it can emit in 2.5 s
        options["max_new_tokens"] = 200 if family == "transducer" else 8
    plain = Setting("transformers_asr", "tiny", folder, "cpu", "float32", 1, options)
    model, sure = (adapter.load(each) for each in (plain, replace(plain, options=options | {OPTION: True})))
    sounds = [Audio(clip.samples[:n], RATE_HZ) for n in (16_000, 40_000, 24_000)]
    alone = [model.transcribe(each) for each in sounds]
    noise = np.random.default_rng(0).normal(0, 0.1, max(SHORT)).astype(np.float32)
    return {
        "family": family,
        "alone": [each.text for each in alone],
        "segments": [list(map(list, each.segments)) for each in alone],
        "together": [each.text for each in model.transcribe_batch(sounds)],
        "again": model.transcribe(sounds[0]).text,
        "sure": [[each.text, each.confidences] for each in sure.transcribe_batch(sounds)],
        "short": [model.transcribe(Audio(noise[:n], RATE_HZ)).text for n in SHORT],
        "twice the rate": model.transcribe(audio.resample(sounds[1], 2 * RATE_HZ)).text,
        "words": list(map(list, model.align(sounds[1], ""))) if family in {"ctc", "transducer"} else [],
    }


def refused(adapter: Any, place: Path) -> dict[str, str]:
    """What it says of folders and options that cannot be."""
    place.mkdir()
    clip, said = Audio(np.zeros(16_000, np.float32), RATE_HZ), {}

    def load(name: str, precision: str = "float32", **options: Any) -> Any:
        return adapter.load(Setting("transformers_asr", "tiny", place / name, "cpu", precision, 1, options))

    for name in ("wav2vec2", "cohere_asr", "headless", "another", "nameless", "voxtral"):
        (place / name).mkdir()
    write("wav2vec2", place / "wav2vec2")
    write("cohere_asr", place / "cohere_asr")
    model, processor = MAKERS["wav2vec2"](place / "headless")
    model.wav2vec2.save_pretrained(place / "headless")
    processor.save_pretrained(place / "headless")
    (place / "another" / "config.json").write_text('{"model_type": "bert"}')
    (place / "nameless" / "config.json").write_text('{"architectures": ["Bert"]}')
    (place / "voxtral" / "config.json").write_text('{"model_type": "voxtral"}')
    sys.modules["mistral_common"] = None  # type: ignore[assignment]  # as where it is not installed
    calls: dict[str, Callable[[], Any]] = {
        "headless": lambda: load("headless"),
        "another": lambda: load("another"),
        "nameless": lambda: load("nameless"),
        "missing": lambda: load("missing"),
        "voxtral": lambda: load("voxtral"),
        "beams of CTC": lambda: load("wav2vec2", num_beams=5),
        "precision": lambda: load("wav2vec2", "int8"),
        "no language": lambda: load("cohere_asr").transcribe(clip),
        "times of a decoder": lambda: load("cohere_asr", language="en").align(clip, ""),
    }
    for what, call in calls.items():
        try:
            said[what] = f"nothing, but {call()}"
        except (WeightsError, ValueError) as error:
            said[what] = str(error)
    return said


def main(place: str, clip: str, *types: str) -> None:
    adapter = adapter_code.load(models.FOLDER / "transformers_asr", "adapter")
    heard = audio.read(Path(clip), RATE_HZ)
    if "--known" in types:
        sys.stdout.write("\n" + json.dumps({"known": adapter.family.known()}))
        return
    said: dict[str, Any] = {}
    for each in types:
        try:
            said[each] = answers(adapter, each, Path(place) / each, heard)
        except Exception:  # noqa: BLE001  (a test of one type shall not fail for another)
            said[each] = {"error": traceback.format_exc()[-1500:]}
    said["refused"] = refused(adapter, Path(place) / "refused")
    sys.stdout.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
