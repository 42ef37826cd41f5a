"""Audio that goes on, as Moonshine's streaming recognisers hear it: an encoder that looks a little way to both sides.

Each of its frames depends on a stretch of the audio around it and on nothing else, so that what was encoded once stays,
and only what is new is encoded. The decoder writes the whole utterance anew each half second: a partial. An utterance
is final where it is quiet for long enough, or when it is too long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers.models.moonshine_streaming.modeling_moonshine_streaming import MoonshineStreamingEncoderModelOutput

from modellab.streaming.energy import Part, TurnOptions, Turns
from modellab.streaming.protocol import Event, Samples

STEP_S = 0.5  # of audio between two partials
PAUSE_S = 0.6
LOUD = 0.25  # the threshold of what may be speech
LONGEST_S = 20.0  # of an utterance without a pause
STRIDE = 4  # of the encoder's convolutions together
CONVOLVED = 3  # frames before a frame that they look at
Write = Callable[[Any], str]  # what the decoder makes of an encoder's output, as text


class Memory:
    """What the encoder made of one utterance: `frames` (1, n, dimensions), as it would of the whole at once."""

    def __init__(self, model: Any, shortest_s: float) -> None:
        self.encoder, self.device, self.dtype = model.get_encoder(), model.device, model.dtype
        config = model.config.encoder_config
        self.rate_hz, self.shortest_s = config.sample_rate, shortest_s
        self.size = STRIDE * round(config.sample_rate * config.frame_ms / 1000)  # samples of a frame
        windows = config.sliding_windows
        self.before = CONVOLVED + sum(max(0, left - 1) for left, _ in windows)
        self.behind = sum(max(0, right - 1) for _, right in windows)
        self.samples: Samples = np.zeros(0, np.float32)
        self.begin = 0  # of the samples that are kept, in frames
        self.frames: Any = torch.zeros(1, 0, model.config.encoder_config.hidden_size, dtype=model.dtype)

    @property
    def length_s(self) -> float:
        """How much audio it was given."""
        return float((self.begin * self.size + len(self.samples)) / self.rate_hz)

    def take(self, samples: Samples) -> None:
        """The next samples, mono."""
        self.samples = np.concatenate([self.samples, samples])

    def encoded(self, is_whole: bool) -> Any:
        """All frames that are certain by now; where the utterance is whole, all that there are."""
        if is_whole and (lacking := round(self.shortest_s * self.rate_hz) - len(self.samples)) > 0 and not self.begin:
            self.take(np.zeros(lacking, np.float32))
        there = self.begin + len(self.samples) // self.size  # frames
        sure = there if is_whole else there - self.behind
        known = self.frames.shape[1]
        if is_whole or sure > known:
            fresh = self._encode(is_whole)[:, known - self.begin :]
            self.frames = torch.cat([self.frames, fresh if is_whole else fresh[:, : sure - known]], dim=1)
            begin = max(0, self.frames.shape[1] - self.before)
            self.samples, self.begin = self.samples[(begin - self.begin) * self.size :], begin
        return self.frames

    def _encode(self, is_whole: bool) -> Any:
        """The frames of the samples that are kept; the first ones of a stretch from the middle are wrong, and known."""
        unit = self.size // STRIDE
        lacking = -len(self.samples) % unit if is_whole else 0
        samples = np.pad(self.samples, (0, lacking))
        samples = samples[: len(samples) - len(samples) % (unit if is_whole else self.size)]
        mask = np.ones(len(samples), np.int64)
        mask[len(samples) - lacking :] = 0
        given = torch.from_numpy(samples)[None].to(self.device, self.dtype)
        return self.encoder(given, attention_mask=torch.from_numpy(mask)[None].to(self.device)).last_hidden_state


class UtteranceStream:
    """A stream with one utterance at a time; the network is shared."""

    def __init__(self, model: Any, write: Write, shortest_s: float) -> None:
        self.model, self.write, self.shortest_s = model, write, shortest_s
        self.rate_hz = model.config.encoder_config.sample_rate
        self.turns = Turns(self.rate_hz, TurnOptions(threshold=LOUD, silence_s=PAUSE_S))
        self.memory = self._fresh()
        self.given_s = self.written_s = 0.0  # of the stream; of the utterance, at the last partial
        self.shown = ""

    def feed(self, chunk: Samples) -> list[Event]:
        """Finals of utterances that have ended, then what the present one says, where that is something new."""
        self.given_s += len(chunk) / self.rate_hz
        events = [event for part in self.turns.feed(chunk) for event in self._hear(part)]
        if self.memory.length_s - self.written_s < STEP_S:
            return events
        self.written_s = self.memory.length_s
        text = self._text(is_whole=False)
        if text != self.shown:
            self.shown = text
            events.append(Event("partial", text, self.given_s))
        return events

    def finish(self) -> list[Event]:
        """The rest, as a final."""
        if not self.turns.is_speech:
            return []
        self.memory.take(self.turns.cut())
        return self._end()

    def _hear(self, part: Part) -> list[Event]:
        """Take audio, in pieces that fill an utterance at most; an end makes it final."""
        events = []
        samples = part.samples
        while len(samples):
            room = max(1, round((LONGEST_S - self.memory.length_s) * self.rate_hz))
            self.memory.take(samples[:room])
            samples = samples[room:]
            if self.memory.length_s >= LONGEST_S:
                events += self._end()
        return [*events, *self._end()] if part.kind == "stop" else events

    def _end(self) -> list[Event]:
        text = self._text(is_whole=True) if self.memory.length_s else ""
        self.memory, self.written_s, self.shown = self._fresh(), 0.0, ""
        return [Event("final", text, self.given_s)] if text else []

    def _text(self, is_whole: bool) -> str:
        with torch.inference_mode():
            frames = self.memory.encoded(is_whole)
            if not frames.shape[1]:
                return ""
            copy = frames.clone()  # the decoder adds positions to what it is given
            return self.write(MoonshineStreamingEncoderModelOutput(last_hidden_state=copy))

    def _fresh(self) -> Memory:
        return Memory(self.model, self.shortest_s)
