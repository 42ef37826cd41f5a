"""`python -m tests.models.checkpoints.voices FOLDER`: what tiny synthesisers of transformers say, as JSON.

In a process of its own, as the recognisers' answers are (`__main__.py`).
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers as hf

from modellab import models
from modellab.errors import WeightsError
from modellab.models import adapter_code, made
from modellab.types import Setting
from tests.models.checkpoints import drawn
from tests.models.checkpoints.common import fast

FOLDER = models.FOLDER / "transformers_tts"
DRAWN = {"csm": (drawn.csm, "1"), "dia": (drawn.dia, "S2"), "bark": (drawn.bark, "anna")}  # how it is made, a voice
TEXT = "Turn on the light. Call Anna!"
adapter = adapter_code.load(FOLDER, "adapter")


def load(folder: Path, precision: str = "float32", **options: Any) -> Any:
    return adapter.load(Setting("transformers_tts", "tiny", folder, "cpu", precision, 1, options))


def vits(folder: Path, n_speakers: int) -> Path:
    """The folder's own tiny checkpoint with so many voices."""
    shutil.copytree(made.weights(FOLDER, "tiny"), folder)
    config = hf.VitsConfig.from_pretrained(folder)
    config.num_speakers, config.speaker_embedding_size = n_speakers, 8
    torch.manual_seed(0)
    hf.VitsModel(config).eval().save_pretrained(folder)
    return folder


def speecht5(folder: Path) -> Path:
    """A tiny SpeechT5 with a vocoder and two voices."""
    torch.manual_seed(0)
    tokens = fast()
    halves = {
        f"{half}_{key}": value
        for half in ("encoder", "decoder")
        for key, value in {"layers": 1, "attention_heads": 2, "ffn_dim": 16}.items()
    }
    config = hf.SpeechT5Config(
        vocab_size=len(tokens),
        hidden_size=16,
        speech_decoder_prenet_units=16,
        speech_decoder_postnet_units=16,
        speaker_embedding_dim=8,
        max_text_positions=200,
        pad_token_id=3,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=2,
        **halves,
    )
    hf.SpeechT5ForTextToSpeech(config).eval().save_pretrained(folder)
    hf.SpeechT5HifiGan(hf.SpeechT5HifiGanConfig(upsample_initial_channel=16)).eval().save_pretrained(folder / "vocoder")
    tokens.save_pretrained(folder)
    (folder / "voices").mkdir()
    for number, name in enumerate(("anna", "ben", "long")):
        np.save(folder / "voices" / f"{name}.npy", np.full(9 if name == "long" else 8, float(number), np.float32))
    return folder


def said(model: Any, text: str = TEXT, voice: str = "") -> list[list[float]]:
    """Of each piece: seconds, the mean and the greatest magnitude, the rate."""
    pieces = list(model.speak(text, voice))
    return [
        [each.duration_s, float(np.abs(each.samples).mean()), float(np.abs(each.samples).max()), each.rate_hz]
        for each in pieces
    ]


def refused(call: Callable[[], Any]) -> str:
    try:
        return f"nothing, but {call()}"
    except (WeightsError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def of_vits(place: Path) -> dict[str, Any]:
    one, two = vits(place / "one", 1), vits(place / "two", 2)
    model, several = load(one), load(two, voice="1")
    first = said(model)
    said(model, "something else entirely")
    again = said(model)
    model.seed(1)
    return {
        "said": first,
        "again": again,
        "seeded": said(model),
        "slower": said(load(one, speaking_rate=0.15)),
        "without noise": [said(load(one, noise_scale=0, noise_scale_duration=0)) for _ in range(2)],
        "voices": [said(several), said(several, voice="0")],
        "refused": {
            "no letters": refused(lambda: said(model, "... 99")),
            "nothing": refused(lambda: said(model, "")),
            "voice": refused(lambda: said(several, voice="2")),
            "only voice": refused(lambda: load(one, voice="anna")),
            "option": refused(lambda: load(one, speeking_rate=1)),
            "precision": refused(lambda: load(one, "int8")),
        },
    }


def of_speecht5(place: Path) -> dict[str, Any]:
    folder = speecht5(place / "speecht5")
    endless = {"voice": "anna", "threshold": 1.0}  # weights by chance want to end at once
    model = load(folder, **endless, maxlenratio=2)
    return {
        "said": said(model),
        "again": said(model),
        "shorter": said(load(folder, **endless, maxlenratio=1)),
        "other voice": said(model, voice="ben"),
        "refused": {
            "voice": refused(lambda: load(folder, voice="anne")),
            "no voice": refused(lambda: load(folder)),
            "other vector": refused(lambda: said(model, voice="long")),
            "no letters": refused(lambda: said(model, "...")),
        },
    }


def of_drawn(name: str, place: Path) -> dict[str, Any]:
    make, other = DRAWN[name]
    model = load(make(place / name))
    first = said(model)
    said(model, "something else entirely")
    again = said(model)
    model.seed(1)
    seeded = said(model)
    model.seed(0)
    return {
        "said": first,
        "again": again,
        "seeded": seeded,
        "other voice": said(model, voice=other),
        "refused": {
            "voice": refused(lambda: said(model, voice=f"{other}x")),
            "no letters": refused(lambda: said(model, "...")),
            "option": refused(lambda: load(place / name, temprature=1)),
        },
    }


def of_folders(place: Path) -> dict[str, str]:
    """What is said of folders that are none."""
    whole = place / "speecht5"
    for name in ("no vocoder", "half", "bert", "empty"):
        shutil.copytree(whole, place / name)
    shutil.rmtree(place / "no vocoder" / "vocoder")
    (place / "empty" / "config.json").unlink()
    (place / "bert" / "config.json").write_text('{"model_type": "bert"}')
    hf.SpeechT5Model(hf.SpeechT5Config.from_pretrained(whole)).save_pretrained(place / "half")
    read = place / "read"
    shutil.copytree(place / "one", read)
    told = json.loads((read / "tokenizer_config.json").read_text())
    (read / "tokenizer_config.json").write_text(json.dumps(told | {"is_uroman": True}))
    shutil.copytree(place / "dia", place / "no codec", ignore=shutil.ignore_patterns("codec"))
    names = ("no vocoder", "half", "bert", "empty", "read", "no codec")
    return {name: refused(partial(load, place / name, voice="anna")) for name in names}


def main(folder: str) -> None:
    place = Path(folder)
    answers = {"vits": of_vits(place), "speecht5": of_speecht5(place)}
    answers |= {name: of_drawn(name, place) for name in DRAWN} | {"folders": of_folders(place)}
    sys.stdout.write("\n" + json.dumps(answers) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
