"""Synthesisers that draw the tokens of a codec, which makes sound of them: CSM, Dia and Bark."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import transformers

from modellab.errors import WeightsError, did_you_mean

from .voices import processor, whole

CODEC = "codec"  # the folder beside Dia's own files


class Drawn:
    """What they have alike: a processor that reads the text, and `generate`, which is given the options."""

    TYPE = ""
    OPTIONS: tuple[str, ...] = ()
    LOADER = transformers.AutoModelForTextToWaveform

    def __init__(self, folder: Path, dtype: Any, device: str, options: Mapping[str, Any]) -> None:
        self.options = dict(options)
        self.processor = self._processor(folder)
        self.model = whole(self.LOADER, folder, dtype).to(device)
        self.rate_hz = self._rate_hz()

    def tokens(self, sentence: str) -> Any:
        """The sentence itself, which is read together with the voice; nothing without a letter or a figure."""
        return sentence if any(map(str.isalnum, sentence)) else None

    def _processor(self, folder: Path) -> Any:
        return processor(transformers.AutoProcessor, folder)

    def _rate_hz(self) -> int:
        return int(self.processor.feature_extractor.sampling_rate)

    def _given(self, **asked: Any) -> Any:
        return self.processor(**asked, return_tensors="pt").to(self.model.device)


class Csm(Drawn):
    """CSM: text and speaker to Mimi's tokens, frame by frame. A voice is the number of a speaker."""

    TYPE = "csm"
    OPTIONS = ("max_new_tokens", "temperature", "do_sample", "top_k")

    def check(self, voice: str) -> None:
        """Numbers; which of them sound like somebody is the checkpoint's to say."""
        if voice and not voice.isdigit():
            raise ValueError(f"csm has no voice {voice!r}: expected the number of a speaker, such as 0")

    def say(self, tokens: Any, voice: str) -> Any:
        """A sentence of its own, without those before as context."""
        given = self._given(text=f"[{voice or 0}]{tokens}", add_special_tokens=True)
        return self.model.generate(**given, output_audio=True, **self.options)[0]


class Dia(Drawn):
    """Dia: text to the codec's tokens in nine channels, one after the other delayed. The codec lies in `codec/`."""

    TYPE = "dia"
    OPTIONS = ("max_new_tokens", "temperature", "do_sample", "top_p", "top_k", "guidance_scale")
    LOADER = transformers.AutoModelForSpeechSeq2Seq
    SPEAKERS = ("S1", "S2")

    def check(self, voice: str) -> None:
        """One of its two speakers, whose voices it draws, too."""
        if voice and voice not in self.SPEAKERS:
            raise ValueError(f"dia has no voice {voice!r}: {did_you_mean(voice, self.SPEAKERS)}")

    def say(self, tokens: Any, voice: str) -> Any:
        """A sentence of one speaker."""
        given = self._given(text=[f"[{voice or self.SPEAKERS[0]}] {tokens}"])
        return self.processor.batch_decode(self.model.generate(**given, **self.options))[0]

    def _processor(self, folder: Path) -> Any:
        """Put together here: by itself the library would take the codec from the hub."""
        if not (folder / CODEC / "config.json").is_file():
            raise WeightsError(f"{folder} has no folder {CODEC}, where Dia's codec (DAC) was expected: see the README")
        codec = whole(transformers.DacModel, folder / CODEC, None)
        extractor = processor(transformers.AutoFeatureExtractor, folder)
        return transformers.DiaProcessor(extractor, processor(transformers.AutoTokenizer, folder), codec)


class Bark(Drawn):
    """Bark: text to meaning, meaning to two of the codec's channels, these to all eight. A voice is a preset's name."""

    TYPE = "bark"
    OPTIONS = ("semantic_temperature", "semantic_max_new_tokens", "coarse_temperature", "fine_temperature", "min_eos_p")

    def check(self, voice: str) -> None:
        """A preset that the checkpoint brings; none draws a voice as well."""
        there = sorted(set(self.processor.speaker_embeddings or ()) - {"repo_or_path"})
        if voice and voice not in there:
            raise ValueError(f"bark has no voice {voice!r}: {did_you_mean(voice, there)}")

    def say(self, tokens: Any, voice: str) -> Any:
        """A sentence at a time, as its 256 tokens of meaning last about thirteen seconds."""
        return self.model.generate(**self._given(text=tokens, voice_preset=voice or None), **self.options)

    def _rate_hz(self) -> int:
        return int(self.model.generation_config.sample_rate)
