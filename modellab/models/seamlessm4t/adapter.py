"""SeamlessM4T v2 on Hugging Face transformers: speech recognition and translation, from speech and from text."""

from typing import Any

import numpy as np
import torch
from transformers import AutoProcessor, SeamlessM4Tv2Model

from modellab import languages
from modellab.types import Audio, Setting, Transcript

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
SHORTEST_S = 0.2  # the convolutions of the speech encoder need some frames; less is padded with silence


class SeamlessM4T:
    """One model for every pair of languages; it is told both, and finds out neither.

    Speech longer than `window_s` is cut there, without regard to words, and the parts are joined: attention over the
    whole would need memory with the square of the length, and the model was trained on single sentences.
    """

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in DTYPES:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(DTYPES)}")
        torch.set_num_threads(setting.threads)
        self.dtype, self.device = DTYPES[setting.precision], setting.device
        place, auto = str(setting.weights), _any(AutoProcessor)
        self.processor = auto.from_pretrained(place, local_files_only=True)
        model: Any = SeamlessM4Tv2Model.from_pretrained(place, dtype=self.dtype, local_files_only=True)
        self.model = model.to(self.device).eval()
        self.options = dict(setting.options)
        self.language = self.options.pop("language")
        self.window_s = float(self.options.pop("window_s"))
        self.codes = {_key(own): own for own in self.model.generation_config.text_decoder_lang_to_code_id}

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz speech in the language that the audio names, else in that of the option `language`."""
        language = audio.language or self.language
        return Transcript(self._from_speech(audio, self._code(language)), language=languages.code(language))

    def translate(self, source: Audio | str, source_language: str, target_language: str) -> str:
        """16 kHz speech or text. The language of speech is not needed: the model hears it."""
        target = self._code(target_language)
        if isinstance(source, Audio):
            return self._from_speech(source, target)
        if not source.strip():
            return ""
        given = self.processor(text=source, src_lang=self._code(source_language), return_tensors="pt")
        n_tokens, most = given["input_ids"].shape[1], self.model.config.max_position_embeddings
        if n_tokens > most:
            raise ValueError(f"the text has {n_tokens} tokens, the model takes {most}: translate it in parts")
        return self._generated(target, given.to(self.device))

    def _from_speech(self, audio: Audio, target: str) -> str:
        window = round(self.window_s * audio.rate_hz)
        parts = [audio.samples[start : start + window] for start in range(0, len(audio.samples), window)]
        texts = [self._heard(part, audio.rate_hz, target) for part in parts]
        return " ".join(text for text in texts if text)

    def _heard(self, samples: Any, rate_hz: int, target: str) -> str:
        short = round(SHORTEST_S * rate_hz) - len(samples)
        padded = np.pad(samples, (0, max(0, short)))
        given = self.processor(audio=padded, sampling_rate=rate_hz, return_tensors="pt").to(self.device)
        given["input_features"] = given["input_features"].to(self.dtype)
        return self._generated(target, given)

    def _generated(self, target: str, given: Any) -> str:
        with torch.inference_mode():
            said = self.model.generate(**given, tgt_lang=target, generate_speech=False, **self.options)
        (text,) = self.processor.batch_decode(said.sequences, skip_special_tokens=True)
        return str(text).strip()

    def _code(self, tag: str) -> str:
        """The model's own code for a language; ValueError for one that it does not know."""
        if own := self.codes.get(_key(tag)):
            return str(own)
        raise ValueError(
            f"this checkpoint does not know the language {tag!r}: it knows {', '.join(sorted(self.codes))}"
        )


def _key(tag: str) -> str:
    """A language as `fr`, or `zh-Hant` where the script is not the usual one."""
    written = tag.replace("_", "-").partition("-")[2]
    return f"{languages.code(tag)}-{written}" if written else languages.code(tag)


def _any(value: Any) -> Any:
    return value


load = SeamlessM4T
