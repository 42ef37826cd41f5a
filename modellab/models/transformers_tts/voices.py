"""The kinds of synthesisers: how text becomes tokens, and tokens a waveform."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import transformers

from modellab.errors import WeightsError, did_you_mean
from modellab.system import installer

VOCODER, VOICES = "vocoder", "voices"  # folders beside SpeechT5's own files


class Speaker(Protocol):
    """A loaded synthesiser."""

    TYPE: str  # `model_type` in config.json
    OPTIONS: tuple[str, ...]
    rate_hz: int

    def check(self, voice: str) -> None:
        """ValueError for an unknown voice; "" is the one it speaks in where none is named."""

    def tokens(self, sentence: str) -> Any:
        """What the network is given; None where there is nothing that it could say."""

    def say(self, tokens: Any, voice: str) -> Any:
        """The waveform in [-1, 1], any shape of one row."""


class Vits:
    """VITS: text to waveform at once, drawing noise for the sound and for how long each letter lasts."""

    TYPE = "vits"
    OPTIONS = ("speaking_rate", "noise_scale", "noise_scale_duration")

    def __init__(self, folder: Path, dtype: Any, device: str, options: Mapping[str, Any]) -> None:
        self.tokenizer = processor(transformers.AutoTokenizer, folder)
        if self.tokenizer.phonemize:
            _needs("phonemizer", folder)
        if self.tokenizer.is_uroman:  # without it the library drops letters, and only its log says so
            _needs("uroman", folder)
        self.model = whole(transformers.AutoModelForTextToWaveform, folder, dtype).to(device)
        for name, value in options.items():
            setattr(self.model, name, float(value))
        self.rate_hz = int(self.model.config.sampling_rate)

    def check(self, voice: str) -> None:
        """Voices are numbers, where there are several."""
        most = self.model.config.num_speakers
        if voice and not (voice.isdigit() and int(voice) < max(1, most)):
            expected = f"0 to {most - 1}" if most > 1 else "none, it has one voice"
            raise ValueError(f"vits has no voice {voice!r}: expected {expected}")

    def tokens(self, sentence: str) -> Any:
        """Letters that the vocabulary lacks are left out, as the library does."""
        given = self.tokenizer(sentence, return_tensors="pt")
        return given if given["input_ids"].shape[1] else None

    def say(self, tokens: Any, voice: str) -> Any:
        """One pass."""
        who = {"speaker_id": int(voice or 0)} if self.model.config.num_speakers > 1 else {}
        return self.model(**tokens.to(self.model.device), **who).waveform


class SpeechT5:
    """SpeechT5: text to spectrogram step by step, then a vocoder, which lies in `vocoder/` beside it.

    A voice is a vector of a speaker, of `voices/NAME.npy`.
    """

    TYPE = "speecht5"
    OPTIONS = ("threshold", "minlenratio", "maxlenratio")

    def __init__(self, folder: Path, dtype: Any, device: str, options: Mapping[str, Any]) -> None:
        self.folder, self.options = folder, {name: float(value) for name, value in options.items()}
        if not (folder / VOCODER / "config.json").is_file():
            raise WeightsError(
                f"{folder} has no folder {VOCODER}, where SpeechT5's HiFi-GAN was expected: see the README"
            )
        self.tokenizer = processor(transformers.AutoTokenizer, folder)
        self.model = whole(transformers.AutoModelForTextToSpectrogram, folder, dtype).to(device)
        self.vocoder = whole(transformers.SpeechT5HifiGan, folder / VOCODER, dtype).to(device)
        self.rate_hz = int(self.vocoder.config.sampling_rate)

    def check(self, voice: str) -> None:
        """It has no voice of its own: one must be named."""
        there = sorted(path.stem for path in (self.folder / VOICES).glob("*.npy"))
        if voice not in there:
            raise ValueError(f"speecht5 has no voice {voice!r}: {did_you_mean(voice, there)}")

    def tokens(self, sentence: str) -> Any:
        """Nothing for a sentence without a letter."""
        return self.tokenizer(sentence, return_tensors="pt") if any(map(str.isalnum, sentence)) else None

    def say(self, tokens: Any, voice: str) -> Any:
        """Step by step until the network thinks that it has ended, or `maxlenratio` times the text's length."""
        path, wanted = self.folder / VOICES / f"{voice}.npy", self.model.config.speaker_embedding_dim
        vector = np.load(path, allow_pickle=False).astype(np.float32).reshape(1, -1)
        if vector.shape[1] != wanted:
            raise WeightsError(f"{path} has {vector.shape[1]} numbers, expected {wanted}: is it of another model?")
        speaker = torch.from_numpy(vector).to(self.model.device, self.model.dtype)
        ids = tokens["input_ids"].to(self.model.device)
        return self.model.generate(ids, speaker_embeddings=speaker, vocoder=self.vocoder, **self.options)


def processor(loader: Any, folder: Path) -> Any:
    """What reads the text, or another part that the `loader` names. Raises WeightsError."""
    try:
        return loader.from_pretrained(str(folder), local_files_only=True)
    except (ImportError, OSError, ValueError) as error:
        part = re.sub("(?=[A-Z])", " ", loader.__name__.removeprefix("Auto")).strip().lower()
        raise WeightsError(f"the {part} of {folder} cannot be loaded: {' '.join(str(error).split())[:300]}") from error


def whole(loader: Any, folder: Path, dtype: Any) -> Any:
    """A model none of whose tensors is missing: the library would draw it at random, and the voice be noise."""
    model, report = loader.from_pretrained(str(folder), dtype=dtype, local_files_only=True, output_loading_info=True)
    if missing := sorted(report["missing_keys"]):
        raise WeightsError(
            f"{folder} lacks {len(missing)} of the tensors that {type(model).__name__} needs, such as {missing[0]}: "
            "was it saved from another class?"
        )
    return model.eval()


def _needs(package: str, folder: Path) -> None:
    if importlib.util.find_spec(package) is None:
        raise WeightsError(f"the tokenizer of {folder} needs a package: {installer.command(package)}")
