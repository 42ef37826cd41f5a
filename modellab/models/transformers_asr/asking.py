"""What a processor is given for some recordings: each family and some types have a way of their own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.text import languages

Samples = npt.NDArray[np.float32]
PROMPT = "Transcribe the speech into text."  # for a model that can do other things, where the options have none
LEFT_OUT = ("audio_chunk_index",)  # what a processor says of its input that `generate` refuses


@dataclass(frozen=True, slots=True)
class Asking:
    """A checkpoint's processor, with what it is told besides the sound."""

    processor: Any
    model: Any
    rate_hz: int
    prompt: str
    place: str  # the folder, which Voxtral's processor wants to know

    def inputs(self, sounds: Sequence[Samples], language: str) -> dict[str, Any]:
        """The model's input for mono sounds at `rate_hz`."""
        processor = self.processor
        if hasattr(processor, "apply_transcription_request"):
            given = processor.apply_transcription_request(**self._request(sounds, language))
        elif (token := getattr(processor, "audio_token", None)) and "text" in self._takes():
            texts = [self._chat(str(token))] * len(sounds)
            together = {"text_kwargs": {"padding": True}}  # sounds are padded as the extractor has it by default
            given = processor(text=texts, audio=list(sounds), return_tensors="pt", **together, **self._rate())
        else:
            given = self._heard(sounds, language)
        return {name: value for name, value in given.items() if name not in LEFT_OUT}

    def told(self, language: str) -> dict[str, Any]:
        """What `generate` is told of the language, where that is the place for it."""
        kind, generation = self.model.config.model_type, self.model.generation_config
        if kind == "whisper" and getattr(generation, "is_multilingual", False):
            return {"task": "transcribe", **({"language": languages.code(language)} if language else {})}
        if known := getattr(generation, "text_decoder_lang_to_code_id", None):  # SeamlessM4T
            return {"tgt_lang": self._own(language, known)}
        if kind == "speech_to_text" and (known := getattr(self.processor.tokenizer, "lang_code_to_id", None)):
            return {"forced_bos_token_id": known[self._own(language, known)]}
        return {}

    def _request(self, sounds: Sequence[Samples], language: str) -> dict[str, Any]:
        """For processors that write the request themselves. Each takes the options that it has."""
        known = inspect.signature(self.processor.apply_transcription_request).parameters
        offered: Mapping[str, Any] = {
            "language": languages.code(language) if language else None,
            "source_language": languages.code(language) if language else None,
            "prompt": self.prompt or None,
            "model_id": self.place,
            "sampling_rate": self.rate_hz,
            "format": ["wav"] * len(sounds),
        }
        chosen = {name: value for name, value in offered.items() if name in known and value is not None}
        together = (
            {"processor_kwargs": {"text_kwargs": {"padding": True}}}
            if len(sounds) > 1 and "model_id" not in known
            else {}
        )
        return {"audio": list(sounds), "return_tensors": "pt", **together, **chosen}

    def _heard(self, sounds: Sequence[Samples], language: str) -> Any:
        """For processors that are given sound and nothing else, or its language besides."""
        known = self._takes()
        chosen: dict[str, Any] = {}
        if "language" in known and language:
            chosen["language"] = languages.code(language)
        elif "language" in known and known["language"].default is inspect.Parameter.empty:
            kind = self.model.config.model_type
            raise ValueError(
                f"{kind} has to be told the language: give the dataset's rows one, or the option `language`"
            )
        if self.model.config.model_type != "whisper":  # which hears windows of 30 s, whatever is in them
            chosen["padding"] = True
        return self.processor(audio=list(sounds), sampling_rate=self.rate_hz, return_tensors="pt", **chosen)

    def _chat(self, token: str) -> str:
        """The prompt after the sound's place, in the checkpoint's own form of a dialogue where it has one."""
        prompt = self.prompt or PROMPT
        if not getattr(self.processor, "chat_template", None):
            tokenizer = self.processor.tokenizer
            if not getattr(tokenizer, "chat_template", None):
                return f"{token}{prompt}"
            plain = [{"role": "user", "content": f"{token}{prompt}"}]
            return str(tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True))
        parts = [{"type": "audio", "audio": ""}, {"type": "text", "text": prompt}]
        content: Any
        for content in (parts, f"{token}{prompt}"):
            dialogue = [{"role": "user", "content": content}]
            text = str(self.processor.apply_chat_template(dialogue, tokenize=False, add_generation_prompt=True))
            if token in text:
                return text
        raise ValueError(f"the checkpoint's chat template has no place for sound: {token} is not in {text!r}")

    def _rate(self) -> dict[str, int]:
        """The rate, for an extractor that warns where it is not told."""
        extractor = getattr(self.processor, "feature_extractor", None) or getattr(
            self.processor, "audio_processor", None
        )
        told = extractor is not None and "sampling_rate" in inspect.signature(extractor.__call__).parameters
        return {"sampling_rate": self.rate_hz} if told else {}

    def _takes(self) -> Mapping[str, inspect.Parameter]:
        """What can be given to the processor by name."""
        return inspect.signature(self.processor.__call__).parameters

    def _own(self, tag: str, known: Mapping[str, Any]) -> str:
        """The checkpoint's own code for a language. ValueError for one that it does not know."""
        same = {languages.code(own): own for own in known}
        if own := same.get(languages.code(tag) if tag else ""):
            return own
        raise ValueError(f"this checkpoint does not know the language {tag!r}: it knows {', '.join(sorted(same))}")
