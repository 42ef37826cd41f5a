"""`python -m tests.models.checkpoints.streams FOLDER CLIP`: what streams of tiny checkpoints say, as JSON.

In a process of its own, as the checkpoints' other answers are (`__main__.py`).
"""

from __future__ import annotations

import json
import pickle
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modellab import audio, models
from modellab.models import adapter_code
from modellab.streaming.clock import VirtualClock
from modellab.streaming.feed import listen
from modellab.streaming.protocol import most_streams
from modellab.types import Audio, Setting
from tests.models.checkpoints import decoders, frames
from tests.models.checkpoints.common import write

RATE_HZ = 16_000
PIECES_S = (0.25, 0.019, 60.0)
PAUSE = np.zeros(RATE_HZ, np.float32)
SHORT = (0, 1, 100, 400, 1600)  # samples
LOOKAHEAD = 1
LIVELY = 3.0  # times as large, weights by chance say something else to each sound
SHARED = ("model", "processor", "text", "write", "encoder", "memory")
FEW_TOKENS = {"max_new_tokens": 8}
assert all((decoders, frames)), "their makers have to be known"


def load(name: str, place: Path, **options: Any) -> Any:
    folder = place / name
    if not folder.is_dir():
        folder.mkdir()
        write(name, folder)
    adapter = adapter_code.load(models.FOLDER / "transformers_asr", "adapter")
    model = adapter.load(Setting("transformers_asr", "tiny", folder, "cpu", "float32", 1, options))
    with torch.no_grad():
        for weights in model.model.parameters():
            weights.mul_(LIVELY)
    return model


def heard(model: Any, sound: Audio, chunk_s: float = 0.25) -> list[list[str]]:
    return [[each.event.kind, each.event.text] for each in listen(model, sound, VirtualClock, chunk_s)]


def finals(model: Any, sound: Audio, chunk_s: float = 0.25) -> list[str]:
    return [text for kind, text in heard(model, sound, chunk_s) if kind == "final"]


def apart(model: Any, sounds: list[Audio]) -> list[list[str]]:
    """The finals of streams that are fed in turn, beside one that is given up."""
    streams = [model.open_stream(RATE_HZ) for _ in sounds]
    said: list[list[Any]] = [[] for _ in sounds]
    given_up = model.open_stream(RATE_HZ)
    for at in range(0, max(len(sound.samples) for sound in sounds), 4000):
        given_up.feed(sounds[0].samples[at : at + 4000] * 0.5)
        for stream, sound, events in zip(streams, sounds, said, strict=True):
            events += stream.feed(sound.samples[at : at + 4000])
    for stream, events in zip(streams, said, strict=True):
        events += stream.finish()
    return [[event.text for event in events if event.kind == "final"] for events in said]


def kept(stream: Any) -> int:
    """The bytes of what a stream holds, but for the network that it shares."""
    held = vars(stream) | vars(getattr(stream, "memory", stream))
    return sum(len(pickle.dumps(value)) for name, value in held.items() if name not in SHARED)


def grown(model: Any, clip: Audio) -> list[int]:
    """What a stream holds after each five seconds of forty."""
    stream, sizes = model.open_stream(RATE_HZ), []
    for _ in range(8):
        for _ in range(5):
            stream.feed(np.resize(clip.samples, RATE_HZ))
        sizes.append(kept(stream))
    return sizes


def by_the_library(model: Any, clip: Audio) -> str:
    """What `generate` makes of a generator of chunks, which is the library's own way to stream."""
    processor, samples = model.processor, clip.samples

    def chunks() -> Iterator[Any]:
        done = 0
        while done < len(samples) // 160:
            size = processor.num_samples_per_audio_chunk if done else processor.num_samples_first_audio_chunk
            begin = max(0, done * 160 - 256)
            piece = np.pad(samples[begin : begin + size], (0, max(0, begin + size - len(samples))))
            given = processor(
                audio=piece,
                sampling_rate=RATE_HZ,
                is_streaming=True,
                is_first_audio_chunk=not done,
                return_tensors="pt",
            )
            features = given["input_features"][:, : None if done else processor.num_mel_frames_first_audio_chunk]
            done += features.shape[1]
            yield features

    with torch.inference_mode():
        said = model.model.generate(input_features=chunks(), num_lookahead_tokens=LOOKAHEAD)
    return str(
        model.processor.tokenizer.decode(said.sequences[0].tolist(), skip_special_tokens=True, group_tokens=False)
    )


def encoded(model: Any, clip: Audio) -> dict[str, Any]:
    """How far an encoder that hears piece by piece is from one that hears all at once."""
    module = adapter_code.load(models.FOLDER / "transformers_asr", "utterance_stream")
    given = model.processor(audio=clip.samples, sampling_rate=RATE_HZ, return_tensors="pt")
    with torch.inference_mode():
        whole = model.model.get_encoder()(given["input_values"], attention_mask=given["attention_mask"])
        memory = module.Memory(model.model, 0.2)
        for at in range(0, len(clip.samples), 777):
            memory.take(clip.samples[at : at + 777])
            memory.encoded(is_whole=False)
        found = memory.encoded(is_whole=True)
    difference = (found - whole.last_hidden_state).abs().max() if found.shape == whole.last_hidden_state.shape else 1e9
    return {"difference": float(difference), "kept_s": len(memory.samples) / RATE_HZ}


def raised(call: Callable[[], Any]) -> str:
    try:
        return f"nothing, but {call()}"
    except ValueError as error:
        return str(error)


def main(place: str, clip_path: str) -> None:
    folder = Path(place)
    clip = audio.read(Path(clip_path), RATE_HZ)
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32), RATE_HZ)
    both = Audio(np.concatenate([PAUSE, clip.samples, PAUSE, clip.samples]), RATE_HZ)
    said: dict[str, Any] = {}
    for name in ("nemotron_asr_streaming", "nemotron3_5_asr", "moonshine_streaming"):
        more = {"lookahead": LOOKAHEAD} if name.startswith("nemotron") else FEW_TOKENS
        model = load(name, folder, **more)
        said[name] = {
            "pieces": [finals(model, both, chunk_s) for chunk_s in PIECES_S],
            "events": heard(model, both),
            "alone": [finals(model, sound) for sound in (clip, noise)],
            "apart": apart(model, [clip, noise]),
            "short": [finals(model, Audio(noise.samples[:n], RATE_HZ)) for n in SHORT],
            "grown": grown(model, clip),
            "other rate": raised(partial(model.open_stream, 8000)),
        }
    said["nemotron_asr_streaming"]["library"] = by_the_library(
        load("nemotron_asr_streaming", folder, lookahead=1), both
    )
    said["nemotron3_5_asr"]["language"] = finals(load("nemotron3_5_asr", folder, lookahead=1, language="en"), clip)
    moonshine = load("moonshine_streaming", folder, **FEW_TOKENS)
    said["moonshine_streaming"] |= {"encoded": encoded(moonshine, both), "clip": moonshine.transcribe(clip).text}
    said["others"] = most_streams(load("wav2vec2", folder))
    said["lookahead"] = [
        raised(lambda: load("moonshine_streaming", folder, lookahead=1)),
        raised(lambda: load("nemotron_asr_streaming", folder, lookahead=2)),
    ]
    sys.stdout.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
