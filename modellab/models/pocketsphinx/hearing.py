"""What goes into a decoder of PocketSphinx and what it has heard."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from modellab.streaming.protocol import Samples

FRAMES_PER_S = 100
FULL_SCALE = 32767
VARIANT = re.compile(r"\(\d+\)$")  # "to(3)" is the third pronunciation of "to"
FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+|\(NULL\)")  # silence, noise, the sentence's ends, a grammar's joints
Heard = list[tuple[str, float, float]]  # (word, start_s, end_s)


class Dither:
    """Noise under digital silence, whose logarithm the models have never met: the same under each utterance.

    `amplitude` is in steps of 16 bits.
    """

    def __init__(self, amplitude: float) -> None:
        self.amplitude = amplitude
        self.generator = np.random.RandomState(0)  # of a kind that numpy keeps

    def pcm(self, samples: Samples) -> bytes:
        """The next samples of the utterance as 16-bit PCM, with the noise under them."""
        noise = self.generator.uniform(-self.amplitude, self.amplitude, len(samples))
        return np.rint((samples.clip(-1.0, 1.0) * FULL_SCALE + noise).clip(-32768, 32767)).astype("<i2").tobytes()


def hear_whole(decoder: Any, pcm: bytes) -> None:
    """Let it hear an utterance from its beginning to its end, as if it were the first."""
    decoder.reinit_feat()  # else the mean of the utterance before is taken off this one
    decoder.start_utt()
    try:
        decoder.process_raw(pcm, full_utt=True)
    finally:
        decoder.end_utt()  # else no later utterance can be started


def heard(decoder: Any) -> Heard:
    """The decoder's best path: words, silence and noise."""
    if decoder.hyp() is None:
        return []
    return [
        (VARIANT.sub("", segment.word), segment.start_frame / FRAMES_PER_S, (segment.end_frame + 1) / FRAMES_PER_S)
        for segment in decoder.seg()
    ]


def words(path: Heard) -> Heard:
    """Without silence and noise."""
    return [word for word in path if not FILLER.fullmatch(word[0])]
