"""Audio that goes on, as a cache-aware transducer hears it: Nemotron's streaming recognisers.

The encoder hears chunk by chunk and keeps what it needs of those before, of a length that does not grow; the decoder
takes nothing back, so each word is final as soon as the next one begins. The library's `generate` does the same with a
generator of chunks, but holds the model while it waits for them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from transformers.models.parakeet.generation_parakeet import ParakeetRNNTDecoderCache

from modellab.models.token_probabilities import grouped
from modellab.streaming.protocol import Event, Samples

LONGEST_WORD = 100  # tokens: what has no blanks between words, or never ends one, is final all the same


class TransducerStream:
    """A stream with caches of its own; the network is shared. `text` writes tokens, `told` is for the processor."""

    def __init__(self, model: Any, processor: Any, text: Any, told: dict[str, Any]) -> None:
        self.model, self.processor, self.text, self.told = model, processor, text, told
        self.samples: Samples = np.zeros(0, np.float32)  # not used up yet
        self.start = 0  # where they begin in the stream
        self.frames = 0  # of the spectrogram, heard so far
        self.caches: dict[str, Any] = {}
        self.decoder_cache = ParakeetRNNTDecoderCache(model.config)
        self.last = int(model.config.blank_token_id)
        self.word: list[int] = []  # tokens of the word that may go on
        self.shown = ""

    def feed(self, chunk: Samples) -> list[Event]:
        """Words that are whole now, then the one that may go on, where it is something new."""
        self.samples = np.concatenate([self.samples, np.asarray(chunk, np.float32)])
        events = []
        while len(piece := self._piece()) == self._size:
            events += self._hear(piece)
        return events

    def finish(self) -> list[Event]:
        """The rest, heard with silence after it to the end of a chunk, all final."""
        end = self.start + len(self.samples)
        events = []
        while self.frames < end // self._hop:
            piece = self._piece()
            events += self._hear(np.pad(piece, (0, self._size - len(piece))))
        text = self.text(self.word)
        self.word = []
        finals = [event for event in events if event.kind == "final"]
        return [*finals, Event("final", text, self._heard_s)] if text else finals

    @property
    def _hop(self) -> int:
        return int(self.processor.feature_extractor.hop_length)

    @property
    def _heard_s(self) -> float:
        return float(self.frames * self._hop / self.processor.feature_extractor.sampling_rate)

    @property
    def _size(self) -> int:
        """How many samples the next chunk has."""
        first, later = self.processor.num_samples_first_audio_chunk, self.processor.num_samples_per_audio_chunk
        return int(later if self.frames else first)

    def _piece(self) -> Samples:
        """The next chunk as far as it has come: it reaches half a window after its first frame's middle."""
        extractor = self.processor.feature_extractor
        begin = max(0, self.frames * self._hop - extractor.n_fft // 2)
        self.samples, self.start = self.samples[max(0, begin - self.start) :], max(self.start, begin)
        return self.samples[: self._size]

    def _hear(self, piece: Samples) -> list[Event]:
        """Encode a chunk and write down what it says."""
        with torch.inference_mode():
            encoded = self._encoded(piece)
            for at in range(encoded.pooler_output.shape[1]):
                self._decode(type(encoded)(pooler_output=encoded.pooler_output[:, at : at + 1]))
        return self._said()

    def _encoded(self, piece: Samples) -> Any:
        is_first = not self.frames
        given = self.processor(
            audio=piece,
            sampling_rate=self.processor.feature_extractor.sampling_rate,
            is_streaming=True,
            is_first_audio_chunk=is_first,
            return_tensors="pt",
            **self.told,
        )
        # of the first chunk one frame too many comes
        wanted = self.processor.num_mel_frames_first_audio_chunk if is_first else None
        features = given["input_features"][:, :wanted].to(self.model.device, self.model.dtype)
        about = {"prompt_ids": given["prompt_ids"]} if "prompt_ids" in given else {}
        encoded = self.model.get_audio_features(
            input_features=features,
            num_lookahead_tokens=given["num_lookahead_tokens"],
            use_cache=True,
            output_attention_mask=False,
            **about,
            **self.caches,
        )
        self.caches = {"past_key_values": encoded.past_key_values, "padding_cache": encoded.padding_cache}
        self.frames += features.shape[1]
        return encoded

    def _decode(self, frame: Any) -> None:
        """Greedy: the tokens of one frame, until it has no more to say."""
        for _ in range(self.model.max_symbols_per_step):
            ids = torch.tensor([[self.last]], device=self.model.device)
            output = self.model(decoder_input_ids=ids, encoder_outputs=frame, decoder_cache=self.decoder_cache)
            self.last = int(output.logits[0, -1].argmax())
            if self.last == self.model.config.blank_token_id:
                return
            self.word.append(self.last)

    def _said(self) -> list[Event]:
        groups = grouped(self.word, self.processor.tokenizer)
        whole = len(self.word) if len(self.word) > LONGEST_WORD else groups[-1][0] if groups else 0
        text, self.word = self.text(self.word[:whole]), self.word[whole:]
        events = [Event("final", text, self._heard_s)] if text else []
        growing = self.text(self.word)
        if events or growing != self.shown:
            events.append(Event("partial", growing, self._heard_s))
        self.shown = growing
        return events
