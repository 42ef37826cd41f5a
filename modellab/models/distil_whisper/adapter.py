"""Distil-Whisper, and any other Whisper-type checkpoint, on Hugging Face transformers."""

import functools
import math
from typing import Any

import torch
from transformers import AutomaticSpeechRecognitionPipeline, AutoProcessor, WhisperForConditionalGeneration

from modellab.models import token_probabilities
from modellab.types import Audio, Setting, Transcript, Word

WINDOW_S = 30
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


class TransformersWhisper:
    """`generate` with timestamps, so that audio longer than one window goes through Whisper's sequential algorithm."""

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in DTYPES:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(DTYPES)}")
        torch.set_num_threads(setting.threads)
        self.dtype, self.device = DTYPES[setting.precision], setting.device
        auto: Any = AutoProcessor
        self.processor = auto.from_pretrained(str(setting.weights), local_files_only=True)
        model: Any = WhisperForConditionalGeneration.from_pretrained(
            str(setting.weights), dtype=self.dtype, local_files_only=True
        )
        self.model = model.to(self.device).eval()
        self.options = dict(setting.options)
        self.batch_size = self.options.pop("batch_size", 0)
        self.language = self.options.pop("language", None)
        self.sure = {}
        if self.options.pop(token_probabilities.OPTION, False):
            self.sure = {"return_dict_in_generate": True, "output_logits": True}
            if self.batch_size or self.options.get("num_beams", 1) != 1:
                raise ValueError(
                    "word_confidences are read off one window's greedy decoding: expected no batch_size and num_beams 1"
                )
        if getattr(self.model.generation_config, "is_multilingual", False):  # an English-only checkpoint refuses both
            self.options |= {"language": self.language, "task": "transcribe"}

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; nothing at all gives an empty transcript.

        With the option `batch_size`, audio is cut into overlapping windows that are decoded so many at a time; with
        `word_confidences` it says how sure it is of each word.
        """
        if not len(audio.samples):
            return Transcript("")
        if self.batch_size:
            return self._transcribe_batched(audio)
        window = audio.duration_s <= WINDOW_S
        inputs = self.processor(
            audio.samples,
            sampling_rate=audio.rate_hz,
            return_tensors="pt",
            return_attention_mask=True,
            truncation=False,
            padding="max_length" if window else "longest",
        ).to(self.device, self.dtype)
        with torch.inference_mode():
            asked = {"return_timestamps": True, "return_segments": True, **self.sure, **self.options}
            segments = self.model.generate(**inputs, **asked)["segments"][0]
        parts = [(self._decoded(segment["tokens"]), segment["start"], segment["end"]) for segment in segments]
        told = [
            self._how_sure(segment, text) for segment, (text, _, _) in zip(segments, parts, strict=True) if self.sure
        ]
        words = [] if None in told else [word for own in told for word in own or ()]
        return Transcript.of(parts, self.language or "", audio.duration_s, words)

    def _decoded(self, tokens: Any) -> str:
        return str(self.processor.tokenizer.decode(tokens, skip_special_tokens=True))

    def _how_sure(self, segment: Any, text: str) -> list[tuple[str, float]] | None:
        """The words of a segment with their confidences, among all tokens of text, as in Whisper's other libraries."""
        end = int(self.model.generation_config.eos_token_id)
        result = segment["result"]
        prompted = len(result["sequences"]) - len(result["logits"])
        first, last = (place - prompted for place in segment["idxs"])
        tokens = [
            (number, float(logits[:end].float().softmax(-1)[number]))
            for number, logits in zip(segment["tokens"].tolist(), result["logits"][first:last], strict=True)
            if number < end
        ]
        return token_probabilities.confidences(tokens, self.processor.tokenizer, self._decoded, text)

    def _transcribe_batched(self, audio: Audio) -> Transcript:
        given = {"raw": audio.samples.copy(), "sampling_rate": audio.rate_hz}
        cut = {
            "chunk_length_s": WINDOW_S,
            "batch_size": self.batch_size,
            "return_timestamps": True,
            "ignore_warning": True,
        }
        output = self.pipeline(given, **cut, generate_kwargs=self.options)
        parts = ((chunk["text"], *map(_seconds, chunk["timestamp"])) for chunk in output["chunks"])
        return Transcript.of(parts, self.language or "", audio.duration_s)

    def align(self, audio: Audio, text: str) -> list[Word]:  # noqa: ARG002  (recognised, not forced)
        """The words it hears, timed by dynamic time warping of its cross attention; `text` is not used."""
        if not len(audio.samples):
            return []
        given = {"raw": audio.samples.copy(), "sampling_rate": audio.rate_hz}
        output = self.pipeline(given, return_timestamps="word", generate_kwargs=self.options)
        return [Word(chunk["text"].strip(), *map(_seconds, chunk["timestamp"])) for chunk in output["chunks"]]

    def identify(self, audio: Audio) -> str:
        """The most probable language of the first 30 s; an English-only checkpoint says "en" to everything."""
        if not getattr(self.model.generation_config, "is_multilingual", False):
            return "en"
        inputs = self.processor(audio.samples, sampling_rate=audio.rate_hz, return_tensors="pt")
        with torch.inference_mode():
            token = self.model.detect_language(inputs.input_features.to(self.device, self.dtype))
        return str(self.processor.tokenizer.decode(token)).strip("<|>")

    @functools.cached_property
    def pipeline(self) -> Any:
        """The library's own, which joins tokens to words; made for the first alignment."""
        build: Any = AutomaticSpeechRecognitionPipeline
        processor = self.processor
        return build(
            model=self.model,
            tokenizer=processor.tokenizer,
            feature_extractor=processor.feature_extractor,
            device=self.device,
            dtype=self.dtype,
        )


def _seconds(time_s: Any) -> float:
    """The library gives None for an end it does not know."""
    return math.nan if time_s is None else float(time_s)


load = TransformersWhisper
