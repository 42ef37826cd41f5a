"""Whether an engine gains from several recordings in one call: `python -m tools.serve_benchmark.batches`.

Each engine gets the same recordings one by one and several at once, in turns, in a process of its own with one thread,
as a worker has. A gain is the CPU time of one by one over that of together: above 1 a batch gains. Whatever else the
machine does counts little.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import batched
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio
from modellab.models import parts
from modellab.types import Audio, Setting

CLIPS = Path(__file__).parents[2] / "golden" / "asr_smoke_v1" / "audio"
RATE_HZ = 16_000
SIZES = (2, 4, 8)
RECORDINGS = 16
POOLS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")  # read when numpy is imported
Many = Callable[[Sequence[Audio]], list[str]]


def transformers(model: Any) -> Many:
    """Several at once, as the adapter itself gives them."""

    def many(clips: Sequence[Audio]) -> list[str]:
        model.batch_size = len(clips)
        return [transcript.text for transcript in model.transcribe_batch(clips)]

    return many


def ctranslate2(model: Any) -> Many:
    """Whisper's windows of 30 s as one batch for CTranslate2, each begun as faster-whisper begins it."""
    import ctranslate2 as engine
    from faster_whisper.tokenizer import Tokenizer

    whisper = model.model
    words = Tokenizer(whisper.hf_tokenizer, whisper.model.is_multilingual, task="transcribe", language="en")
    prompt = whisper.get_prompt(words, [], without_timestamps=True)

    def many(clips: Sequence[Audio]) -> list[str]:
        length = RATE_HZ * 30
        padded = (np.pad(clip.samples, (0, length - len(clip.samples))) for clip in clips)
        features = np.stack([whisper.feature_extractor(sound)[:, :3000] for sound in padded]).astype(np.float32)
        decoded = whisper.model.generate(engine.StorageView.from_array(features), [prompt] * len(clips), beam_size=1)
        return [words.decode(hypothesis.sequences_ids[0]).strip() for hypothesis in decoded]

    return many


def sherpa_onnx(model: Any) -> Many:
    """Several streams in one call of its recogniser."""

    def many(clips: Sequence[Audio]) -> list[str]:
        streams = [model.recogniser.create_stream() for _ in clips]
        for stream, clip in zip(streams, clips, strict=True):
            stream.accept_waveform(clip.rate_hz, clip.samples)
        model.recogniser.decode_streams(streams)
        return [stream.result.text for stream in streams]

    return many


ENGINES: Mapping[str, Callable[[Any], Many]] = {
    "faster_whisper:lab": ctranslate2,
    "transformers_asr:lab": transformers,
    "transformers_asr:tiny": transformers,
    "transformers_asr:tiny-tdt": transformers,
    "sherpa_onnx:tiny": sherpa_onnx,
}


def measured(name: str, rounds: int) -> dict[str, Any]:
    """The gain of each size of batch, and how many recordings were heard the same."""
    every = sorted(CLIPS.glob("*.flac"))
    clips = [audio.read(every[number % len(every)], RATE_HZ) for number in range(RECORDINGS)]
    many = ENGINES[name](parts.load(name, Setting(name.partition(":")[0], "", None, "cpu", "float32", 1, {})))
    alone, singles = [text for clip in clips for text in many([clip])], []
    figures: dict[str, Any] = {"model": name, "recordings": len(clips), "gain": {}, "same": {}}
    for size in SIZES:
        many(clips[:size])  # whatever it prepares for a shape
        ratios: list[float] = []
        heard: list[list[str]] = []
        for _ in range(rounds):
            single_s, _ = _spent(lambda: [many([clip]) for clip in clips])
            batch_s, heard = _spent(lambda: [many(some) for some in batched(clips, size)])  # noqa: B023 - called at once
            ratios.append(single_s / batch_s)
            singles.append(single_s / len(clips))
        together = [text for some in heard for text in some]
        figures["gain"][str(size)] = round(statistics.median(ratios), 2)
        figures["same"][str(size)] = sum(a == b for a, b in zip(alone, together, strict=True))
    return {**figures, "alone_ms": round(1000 * statistics.median(singles), 1)}


def _spent(work: Callable[[], list[list[str]]]) -> tuple[float, list[list[str]]]:
    begun = time.process_time()
    heard = work()
    return time.process_time() - begun, heard


def apart(name: str, rounds: int) -> dict[str, Any]:
    """The same in a process of its own, with one thread."""
    command = [sys.executable, "-W", "ignore", "-m", "tools.serve_benchmark.batches", "--rounds", str(rounds), "--here"]
    environment = {**os.environ, **dict.fromkeys(POOLS, "1")}
    done = subprocess.run([*command, name], env=environment, stdout=subprocess.PIPE, check=True, text=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Measure and print as JSON, an engine a line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--here", action="store_true", help="in this process")
    asked.add_argument("models", nargs="*", default=list(ENGINES))
    given = asked.parse_args()
    for name in given.models:
        print(json.dumps((measured if given.here else apart)(name, given.rounds)), flush=True)


if __name__ == "__main__":
    main()
