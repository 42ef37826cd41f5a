"""Audio that goes on, as PocketSphinx hears it: block by block, one utterance after the other.

What it has heard so far may change with each block: a partial. Where the best path has a pause after words and it is
quiet, too, and at the end, the utterance is heard once more as a whole, as a clip would be, and that is final: only
then is the mean of its cepstra known. With a guessed one it mishears sentences of its own grammar, and speech as a
pause.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modellab.streaming.blocks import Blocks
from modellab.streaming.energy import FRAME_S, Levels
from modellab.streaming.protocol import Event, Samples

from .hearing import Dither, Heard, hear_whole, heard, words

BLOCK_S = 0.1  # what it hears at a time, however the audio comes
PAUSE_S = 0.6
LOUD = 0.25  # the threshold of what may be speech
LONGEST_S = 20.0  # of an utterance without a pause: whoever waits for its end waits the longer


class PocketsphinxStream:
    """A stream with a decoder of its own, which `give_back` gets when it is over."""

    def __init__(self, decoder: Any, dither: float, give_back: Callable[[Any], None], rate_hz: int) -> None:
        self.decoder, self.dither, self.give_back, self.rate_hz = decoder, Dither(dither), give_back, rate_hz
        self.blocks = Blocks(round(BLOCK_S * rate_hz))
        self.levels = Levels(rate_hz, LOUD)
        self.heard_s = self.begun_s = 0.0  # all that it has heard; where the utterance begins
        self.quiet_s = 0.0  # since it was loud
        self.utterance: list[bytes] = []  # 16-bit PCM
        self.shown = ""
        self.is_open = True
        decoder.reinit_feat()  # else the mean of the stream before is taken off this one
        decoder.start_utt()

    def feed(self, chunk: Samples) -> list[Event]:
        """Finals of what a pause has ended, then what it takes the rest for, where that is something new."""
        events = [event for block in self.blocks.feed(chunk) for event in self._hear(block)]
        text = _text(heard(self.decoder))
        if text != self.shown:
            self.shown = text
            events.append(Event("partial", text, self.heard_s))
        return events

    def finish(self) -> list[Event]:
        """The rest, as a final."""
        rest = self.blocks.rest()
        events = [*(self._hear(rest) if len(rest) else ()), *self._end()]
        self._let_go()
        return events

    def close(self) -> None:
        """It is given up."""
        if self.is_open:
            self.decoder.end_utt()
            self._let_go()

    def _let_go(self) -> None:
        self.is_open = False
        self.give_back(self.decoder)

    def _hear(self, block: Samples) -> list[Event]:
        self.utterance.append(self.dither.pcm(block))
        self.decoder.process_raw(self.utterance[-1])
        self.heard_s += len(block) / self.rate_hz
        for is_loud in self.levels.feed(block):
            self.quiet_s = 0.0 if is_loud else self.quiet_s + FRAME_S
        if not self._is_over(heard(self.decoder)):
            return []
        events = self._end()
        self.decoder.start_utt()
        self.begun_s, self.shown = self.heard_s, ""
        return events

    def _end(self) -> list[Event]:
        """End the utterance: what it is, heard as a whole."""
        self.decoder.end_utt()
        if not self.utterance:
            return []
        mean = self.decoder.get_cmn(True)
        hear_whole(self.decoder, b"".join(self.utterance))
        self.decoder.set_cmn(mean)  # where the next one begins
        self.utterance = []
        text = _text(heard(self.decoder))
        return [Event("final", text, self.heard_s)] if text else []

    def _is_over(self, path: Heard) -> bool:
        """Whether there are words and then a pause, or the utterance is too long."""
        last_s = max((end_s for _, _, end_s in words(path)), default=0.0)
        length_s = self.heard_s - self.begun_s
        pause_s = min(length_s - last_s, self.quiet_s + FRAME_S / 2)  # frames add up to a little less
        return bool(last_s and pause_s >= PAUSE_S) or length_s >= LONGEST_S


def _text(path: Heard) -> str:
    return " ".join(word for word, _, _ in words(path))
