"""Forced alignment: the letters of a known text found in the frames of a CTC model (transformers, torchaudio)."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch
import torchaudio.functional
from transformers import AutoModelForCTC, AutoProcessor

from modellab.types import Audio, Setting, Word

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class CtcAligner:
    """Any wav2vec2-type checkpoint with a CTC head whose tokens are letters."""

    FORCED = True

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in DTYPES:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(DTYPES)}")
        torch.set_num_threads(setting.threads)
        self.device, self.dtype = setting.device, DTYPES[setting.precision]
        folder, auto, network = str(setting.weights), AutoProcessor, AutoModelForCTC
        self.processor: Any = auto.from_pretrained(folder, local_files_only=True)
        model: Any = network.from_pretrained(folder, dtype=self.dtype, local_files_only=True)
        self.model = model.to(self.device).eval()
        self.letters: dict[str, int] = self.processor.tokenizer.get_vocab()
        self.blank = int(self.model.config.pad_token_id)
        self.hop_s = self.model.config.inputs_to_logits_ratio / self.processor.feature_extractor.sampling_rate

    def align(self, audio: Audio, text: str) -> list[Word]:
        """Each word of the text. ValueError where the text has more letters than the audio has frames.

        Letters that the checkpoint has no token for are left out; a word of such letters alone has no times (NaN).
        """
        words = text.split()
        spelled = [self._spelled(word) for word in words]
        targets = list(itertools.chain.from_iterable(spelled))
        if not targets:
            return [Word(word, math.nan, math.nan) for word in words]
        chances = self._chances(audio)
        doubled = sum(one == other for one, other in itertools.pairwise(targets))  # need a blank between them
        if len(targets) + doubled > chances.shape[1]:
            raise ValueError(
                f"the text has {len(targets)} letters and the audio {chances.shape[1]} frames of {self.hop_s:g} s:"
                " expected more frames than letters; is it the text of this audio?"
            )
        path, scores = torchaudio.functional.forced_align(chances, torch.tensor([targets]), blank=self.blank)
        spans = iter(torchaudio.functional.merge_tokens(path[0], scores[0].exp(), blank=self.blank))
        return list(self._words(words, spelled, spans))

    def _spelled(self, word: str) -> list[int]:
        """The tokens of a word's letters, in the case that the checkpoint knows."""
        known = (self.letters.get(letter.upper(), self.letters.get(letter.lower())) for letter in word)
        return [token for token in known if token is not None]

    def _chances(self, audio: Audio) -> Any:
        """Log probabilities of the tokens in each frame, float32 on the CPU, shape (1, n_frames, n_tokens)."""
        given = self.processor(audio.samples, sampling_rate=audio.rate_hz, return_tensors="pt").input_values
        with torch.inference_mode():
            logits = self.model(given.to(self.device, self.dtype)).logits
        return logits.float().log_softmax(-1).cpu()

    def _words(self, words: list[str], spelled: list[list[int]], spans: Iterator[Any]) -> Iterator[Word]:
        """Each word from the first frame of its first letter to the last frame of its last."""
        for word, letters in zip(words, spelled, strict=True):
            letter_spans = list(itertools.islice(spans, len(letters)))
            if letter_spans:
                yield Word(word, letter_spans[0].start * self.hop_s, letter_spans[-1].end * self.hop_s)
            else:
                yield Word(word, math.nan, math.nan)


load = CtcAligner
