"""Whisper as OpenAI published it: openai/whisper on PyTorch."""

import base64
import gzip
from typing import Any

import numpy as np
import torch
import whisper

from modellab.models import whisper_languages
from modellab.models.conversion import alignment_heads
from modellab.types import Audio, Setting, Transcript, Word

FP16 = {"float32": False, "float16": True}


class Whisper:
    """One checkpoint in openai-whisper's own format."""

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in FP16:
            raise ValueError(f"precision {setting.precision!r} is none of openai-whisper's: {', '.join(FP16)}")
        self.threads = setting.threads
        torch.set_num_threads(self.threads)
        self.model = whisper.load_model(str(setting.weights), device="cpu")
        if heads := alignment_heads.heads(self.model.dims, setting.weights, setting.variant):
            self.model.set_alignment_heads(dumped(heads, self.model.dims))  # a file leaves them at the upper half
        if setting.device == "mps":  # the mask for word times is sparse, which MPS cannot hold
            self.model.register_buffer("alignment_heads", self.model.alignment_heads.to_dense(), persistent=False)
        self.model.to(setting.device)
        self.options = {**setting.options, "fp16": FP16[setting.precision]}
        self.sure = {"word_timestamps": True} if self.options.pop("word_confidences", False) else {}

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; nothing at all gives an empty transcript.

        With the option `word_confidences` it says how sure it is of each word, which takes timing the words.
        """
        if not len(audio.samples):
            return Transcript("")
        output = self.model.transcribe(audio.samples, **self.sure, **self._told(audio))
        if self.sure:
            torch.set_num_threads(self.threads)  # as in `align`
        parts = ((s["text"], s["start"], s["end"]) for s in output["segments"])
        words = [(word["word"], word["probability"]) for s in output["segments"] for word in s.get("words", ())]
        return Transcript.of(parts, output["language"], audio.duration_s, words)

    def align(self, audio: Audio, text: str) -> list[Word]:  # noqa: ARG002  (recognised, not forced)
        """The words it hears, timed by dynamic time warping of its cross attention; `text` is not used."""
        if not len(audio.samples):
            return []
        output = self.model.transcribe(audio.samples, word_timestamps=True, **self._told(audio))
        torch.set_num_threads(self.threads)  # numba, which traces the path, sets OpenMP's number to its own
        words = (word for segment in output["segments"] for word in segment["words"])
        return [Word(word["word"].strip(), float(word["start"]), float(word["end"])) for word in words]

    def identify(self, audio: Audio) -> str:
        """The most probable language of the first 30 s; an English-only checkpoint says "en" to everything."""
        model = self.model
        if not model.is_multilingual:
            return "en"
        window = whisper.pad_or_trim(torch.from_numpy(audio.samples))
        mel = whisper.log_mel_spectrogram(window, model.dims.n_mels).to(model.device)
        _, chances = model.detect_language(mel)
        return str(max(chances, key=chances.__getitem__))

    def _told(self, audio: Audio) -> dict[str, Any]:
        """The options, with the language that a row or a request says."""
        if not audio.language:
            return self.options
        known = whisper.tokenizer.LANGUAGES if self.model.is_multilingual else ("en",)
        return {**self.options, "language": whisper_languages.told(audio.language, known)}


def dumped(heads: list[list[int]], dims: Any) -> bytes:
    """Pairs of layer and head as openai-whisper wants them: zipped booleans in base 85."""
    follows = np.zeros((dims.n_text_layer, dims.n_text_head), bool)
    follows[tuple(np.transpose(heads))] = True
    return base64.b85encode(gzip.compress(follows.tobytes()))


load = Whisper
