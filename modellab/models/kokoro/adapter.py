"""Kokoro's voices (StyleTTS 2 with iSTFTNet) on onnxruntime; espeak-ng, from `espeakng-loader`, says how a text sounds.

kokoro-onnx is not needed, nor is the phonemizer (GPL-3) that it brings.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from modellab.errors import WeightsError, did_you_mean
from modellab.models.sounds import sentences
from modellab.types import Audio, Setting

RATE_HZ = 24_000
STYLE = 256  # numbers of a style
MOST_SOUNDS = 510  # that the network takes at a time, between two pads
PAD = 0
NETWORKS = {"float32": "model.onnx", "float16": "model_fp16.onnx", "int8": "model_quantized.onnx"}
# the language of a voice by its first letter; Japanese and Chinese (j, z) were trained on other sounds than espeak-ng's
LANGUAGES = {"a": "en-us", "b": "en", "e": "es", "f": "fr", "h": "hi", "i": "it", "p": "pt-br"}
ERRORS_ONLY = 3  # onnxruntime's severity of what it logs


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak."""

    voice: str
    speed: float = 1.0  # 0.5 to 2


class Kokoro:
    """A folder as onnx-community has it: onnx/model*.onnx, tokenizer.json, voices/NAME.bin."""

    def __init__(self, setting: Setting) -> None:
        known = [field.name for field in fields(Manner)]
        if unknown := next((name for name in setting.options if name not in known), ""):
            raise ValueError(f"kokoro has no option {unknown!r}: {did_you_mean(unknown, known)}")
        if setting.precision not in NETWORKS:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(NETWORKS)}")
        assert setting.weights is not None, "kokoro has no weights of its own"
        self.manner, self.folder, self.threads = Manner(**setting.options), setting.weights, setting.threads
        self.path = self.folder / "onnx" / NETWORKS[setting.precision]
        if not self.path.is_file():
            raise WeightsError(f"{self.path} does not exist: {setting.precision} needs it; was the download whole?")
        self.numbers = _numbers(self.folder / "tokenizer.json")
        self.styles: dict[str, npt.NDArray[np.float32]] = {}
        self._style(self.manner.voice)
        self.session = self._session()

    def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
        """The text as speech, sentence by sentence. ValueError for a text without words and for an unknown voice."""
        name = voice or self.manner.voice
        style = self._style(name)
        known = (self._known(sentence) for sentence in sentences(text, LANGUAGES[name[0]]))
        spoken = [numbers for numbers in known if numbers]
        if not spoken:
            raise ValueError(f"kokoro made no sound for {text[:60]!r}: are there words in it?")
        for numbers in itertools.chain.from_iterable(map(_cut, spoken)):
            yield self._say(numbers, style)

    def seed(self, number: int) -> None:
        """Draw anew from `number`: onnxruntime's generator counts for sessions that are made after it was set."""
        onnxruntime.set_seed(number)
        self.session = self._session()

    def _say(self, numbers: list[int], style: npt.NDArray[np.float32]) -> Audio:
        """One stretch of speech; there is a style for each number of sounds."""
        inputs = {
            self.tokens: np.array([[PAD, *numbers, PAD]], np.int64),
            "style": style[min(len(numbers), len(style)) - 1][None],
            "speed": np.array([self.manner.speed], np.float32),
        }
        samples = np.asarray(self.session.run(None, inputs)[0], np.float32).reshape(-1)
        return Audio(samples.clip(-1.0, 1.0), RATE_HZ)

    def _known(self, sounds: str) -> list[int]:
        """The numbers of the sounds; those that the network never learnt are left out."""
        return [self.numbers[sound] for sound in sounds if sound in self.numbers]

    def _style(self, name: str) -> npt.NDArray[np.float32]:
        """The styles of a voice, shape (n_lengths, STYLE). ValueError for a voice that is not there."""
        if name not in self.styles:
            path = self.folder / "voices" / f"{name}.bin"
            there = sorted(file.stem for file in path.parent.glob("*.bin"))
            if name not in there:
                raise ValueError(f"kokoro has no voice {name!r}: {did_you_mean(name, there)}")
            if name[0] not in LANGUAGES:
                known = ", ".join(LANGUAGES)
                raise ValueError(f"the voice {name!r} has sounds that espeak-ng has not, expected one of {known}")
            numbers = np.fromfile(path, np.float32)
            if not len(numbers) or len(numbers) % STYLE:
                raise WeightsError(f"{path} has {len(numbers)} numbers, expected a multiple of {STYLE}: is it whole?")
            self.styles[name] = numbers.reshape(-1, STYLE)
        return self.styles[name]

    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.log_severity_level = ERRORS_ONLY
        session = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        names = [tensor.name for tensor in session.get_inputs()]
        self.tokens = "input_ids" if "input_ids" in names else "tokens"  # the newer and the older exports
        if set(names) != {self.tokens, "style", "speed"}:
            raise WeightsError(
                f"{self.path} takes {', '.join(names)}, expected input_ids, style and speed: is it Kokoro?"
            )
        return session


def _cut(numbers: list[int]) -> list[list[int]]:
    """A sentence in stretches that the network takes, equally long as far as that goes."""
    n_parts = math.ceil(len(numbers) / MOST_SOUNDS)
    return [list(part) for part in np.array_split(numbers, n_parts)]


def _numbers(path: Path) -> Mapping[str, int]:
    """The number of each sound, from tokenizer.json."""
    try:
        vocabulary = json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"]
        return {str(sound): int(number) for sound, number in vocabulary.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path} has no vocabulary of sounds under model.vocab: {error}") from error


load = Kokoro
