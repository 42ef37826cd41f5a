"""SeamlessM4T v2 on Hugging Face transformers: recognition, translation of speech and text, speech to speech."""

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
import torch
from transformers import AutoProcessor, SeamlessM4Tv2Model

from modellab.text import languages
from modellab.types import Audio, Reply, Setting, Transcript

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
SHORTEST_S = 0.2  # the convolutions of the speech encoder need some frames; less is padded with silence
FEWEST_TOKENS = 3  # begin, language and end: a sequence without words


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
        place, auto = str(setting.weights), cast(Any, AutoProcessor)
        self.processor = auto.from_pretrained(place, local_files_only=True)
        model: Any = SeamlessM4Tv2Model.from_pretrained(place, dtype=self.dtype, local_files_only=True)
        self.model = model.to(self.device).eval()
        options = dict(setting.options)
        self.language, self.speaker = options.pop("language"), int(options.pop("speaker"))
        self.window_s = float(options.pop("window_s"))
        self.decoding = {f"text_{name}": value for name, value in options.items()}
        known = self.model.generation_config
        self.written = {_key(own): own for own in known.text_decoder_lang_to_code_id}
        self.spoken = {_key(own): own for own in known.vocoder_lang_code_to_id}

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz speech in the language that the audio names, else in that of the option `language`."""
        language = audio.language or self.language
        return Transcript(self._from_speech(audio, _own(language, self.written)), language=languages.code(language))

    def translate(self, source: Audio | str, source_language: str, target_language: str) -> str:
        """16 kHz speech or text. The language of speech is not needed: the model hears it."""
        target = _own(target_language, self.written)
        if isinstance(source, Audio):
            return self._from_speech(source, target)
        if not source.strip():
            return ""
        given = self.processor(text=source, src_lang=_own(source_language, self.written), return_tensors="pt")
        n_tokens, most = given["input_ids"].shape[1], self.model.config.max_position_embeddings
        if n_tokens > most:
            raise ValueError(f"the text has {n_tokens} tokens, the model takes {most}: translate it in parts")
        return self._text(self._generated(given.to(self.device), target).sequences)

    def respond(self, audio: Audio, language: str) -> Reply:
        """16 kHz speech said again in `language`, '' for that of the option; in the voice of the option `speaker`."""
        target = _own(language or self.language, self.spoken)
        texts, sounds, complete = [], [np.zeros(0, np.float32)], True
        for given in self._windows(audio):
            try:
                output = self._generated(given, target, aloud=True)
            except RuntimeError:
                if self._generated(given, target).sequences.shape[1] > FEWEST_TOKENS:
                    raise
                continue  # no words: the library cannot say nothing aloud
            texts.append(self._text(output.sequences))
            sounds.append(output.waveform.flatten()[: int(output.waveform_lengths.max())].float().cpu().numpy())
            complete = complete and int(output.sequences[0, -1]) == self.model.generation_config.eos_token_id
        sound = Audio(np.concatenate(sounds), self.model.config.sampling_rate)
        return Reply(" ".join(filter(None, texts)), sound if len(sound.samples) else None, complete=complete)

    def _from_speech(self, audio: Audio, target: str) -> str:
        texts = [self._text(self._generated(given, target).sequences) for given in self._windows(audio)]
        return " ".join(filter(None, texts))

    def _windows(self, audio: Audio) -> Iterator[Any]:
        """The features of each part of the audio; nothing for no audio."""
        length, shortest = (round(length_s * audio.rate_hz) for length_s in (self.window_s, SHORTEST_S))
        for start in range(0, len(audio.samples), length):
            part = audio.samples[start : start + length]
            padded = np.pad(part, (0, max(0, shortest - len(part))))
            given = self.processor(audio=padded, sampling_rate=audio.rate_hz, return_tensors="pt").to(self.device)
            given["input_features"] = given["input_features"].to(self.dtype)
            yield given

    def _generated(self, given: Any, target: str, aloud: bool = False) -> Any:
        voice = {"speaker_id": self.speaker, "return_intermediate_token_ids": True} if aloud else {}
        with torch.inference_mode():
            return self.model.generate(**given, tgt_lang=target, generate_speech=aloud, **voice, **self.decoding)

    def _text(self, sequences: Any) -> str:
        (text,) = self.processor.batch_decode(sequences, skip_special_tokens=True)
        return str(text).strip()


def _own(tag: str, known: dict[str, str]) -> str:
    """The model's own code for a language; ValueError for one that it does not know."""
    if own := known.get(_key(tag)):
        return own
    raise ValueError(f"this checkpoint does not know the language {tag!r} here: it knows {', '.join(sorted(known))}")


def _key(tag: str) -> str:
    """A language as `fr`, or `zh-Hant` where the script is not the usual one."""
    written = tag.replace("_", "-").partition("-")[2]
    return f"{languages.code(tag)}-{written}" if written else languages.code(tag)


load = SeamlessM4T
