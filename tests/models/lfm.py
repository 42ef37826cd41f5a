"""Run by the test in a process of its own: what the tiny LFM2.5-Audio says to much, as one line of JSON.

Importing the library takes ten seconds, so everything is asked here and judged there.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio, models
from modellab.models import adapter_code, weights
from modellab.types import Audio, Reply, Setting

FOLDER = models.FOLDER / "lfm2_5_audio"
CONFIG = models.config(FOLDER)
LESSONS = FOLDER / "lessons"
LONG = {"tts": {"max_new_tokens": 6}, "chat": {"max_new_tokens": 9}}  # ends in the middle of the audio


def setting(place: Path | None, precision: str = "float32", **more: Any) -> Setting:
    options = CONFIG.options_for("tiny")
    changed = {mode: {**options[mode], **more.get(mode, {})} for mode in options}
    return Setting("lfm2_5_audio", "tiny", place, "cpu", precision, 1, changed)


def lesson(name: str) -> Audio:
    return audio.read(LESSONS / f"{name}.flac", 16_000)


def told(reply: Reply) -> dict[str, Any]:
    samples = reply.audio.samples if reply.audio else np.zeros(0)
    times = 0 < reply.first_token_s < reply.first_audio_s
    return {"text": reply.text, "n": len(samples), "complete": reply.complete, "in_order": times}


def loudest_difference(ours: Audio, name: str) -> float:
    """Against the sound that was taught, at 16 kHz, as a share of its peak."""
    wanted, given = lesson(name).samples, audio.resample(ours, 16_000).samples
    n = min(len(wanted), len(given))
    return float(np.abs(given[:n] - wanted[:n]).max() / np.abs(wanted).max())


def error(call: Any) -> str:
    try:
        call()
    except Exception as caught:  # noqa: BLE001  (its words are what is tested)
        return f"{type(caught).__name__}: {caught}"
    return ""


def heard(model: Any) -> Iterator[tuple[str, str]]:
    rng = np.random.default_rng(0)
    sounds = {"empty": 0 * rng.random(0), "silence": np.zeros(32_000), "noise": 0.02 * rng.standard_normal(32_000)}
    for name, samples in sounds.items():
        yield name, model.transcribe(Audio(samples.astype(np.float32), 16_000)).text
    for name in ("light", "call", "code", "call"):
        yield name, model.transcribe(lesson(f"heard_{name}")).text


def main(scratch: Path) -> None:
    place = weights.locate(weights.Source(("made:tiny",), None, FOLDER))
    assert place is not None
    adapter = adapter_code.load(FOLDER, "adapter")
    model, hasty = adapter.load(setting(place)), adapter.load(setting(place, **LONG))
    mute = adapter.load(setting(place, tts={"max_new_tokens": 1}))  # <|audio_start|> at the most
    pieces = list(model.speak("turn on the kitchen light"))
    whole = Audio(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate_hz)
    talk = model.converse()
    gap = np.zeros(35 * 16_000, np.float32)
    apart = Audio(np.concatenate([lesson("heard_call").samples, gap, lesson("heard_light").samples]), 16_000)
    shutil.copytree(place, scratch / "cut", ignore=shutil.ignore_patterns("tokenizer.json", "audio_detokenizer"))
    found = {
        "heard": dict(heard(model)),
        "apart": model.transcribe(apart).text,
        "windows": [[part.duration_s, model.transcribe(part).text] for part in adapter.windows(apart)],
        "length_s": apart.duration_s,
        "pieces": [len(piece.samples) for piece in pieces],
        "difference": loudest_difference(whole, "light"),
        "talk": [told(talk.say(said)) for said in (lesson("repeat_call"), "Please say it once more.")],
        "responded": told(model.respond(lesson("repeat_light"), "en")),
        "instant": told(model.respond(Audio(np.zeros(1, np.float32), 16_000))),
        "voice": model.begun("tts", "UK female").text.shape[1] != model.begun("tts").text.shape[1],
        "hasty": told(hasty.converse().say("Please repeat after me: the code is five one zero.")),
        "hasty_speech": sum(len(piece.samples) for piece in hasty.speak("call anna tonight")),
        "mute": [len(piece.samples) for piece in mute.speak("call anna tonight")],
        "french": error(lambda: model.respond(lesson("light"), "fr")),
        "int8": error(lambda: adapter.load(setting(place, "int8"))),
        "cut": error(lambda: adapter.load(setting(scratch / "cut"))),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
