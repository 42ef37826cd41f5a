"""Voices of Piper (VITS) on onnxruntime; espeak-ng, from the wheel `espeakng-loader`, says how a text sounds.

piper-tts is not needed: with the same sounds, this gives the same samples.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from modellab.errors import WeightsError, did_you_mean
from modellab.models.sounds import sentences
from modellab.types import Audio, Setting

BEGIN, END, PAD = "^", "$", "_"
QUIETEST_PEAK = 0.01  # what is quieter is not made louder
ERRORS_ONLY = 3  # onnxruntime's severity of what it logs


@dataclass(frozen=True, slots=True)
class Manner:
    """How to speak; None: as the voice's .json says."""

    speaker: str | None = None  # of a voice that has several
    noise_scale: float | None = None  # how much sounds vary by chance; with noise_w 0 too nothing does
    noise_w: float | None = None  # how much their lengths do
    length_scale: float | None = None  # 2 is half as fast


class Piper:
    """One voice: NAME.onnx with NAME.onnx.json beside it."""

    def __init__(self, setting: Setting) -> None:
        known = [field.name for field in fields(Manner)]
        if unknown := next((name for name in setting.options if name not in known), ""):
            raise ValueError(f"piper has no option {unknown!r}: {did_you_mean(unknown, known)}")
        self.manner, self.threads = Manner(**setting.options), setting.threads
        self.path = _model_file(setting.weights)
        self.voice = _description(self.path.with_name(f"{self.path.name}.json"))
        self.ids: dict[str, list[int]] = self.voice["phoneme_id_map"]
        self.speaker = self._speaker(self.manner.speaker)
        self.session = self._session()

    def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
        """The text as speech, sentence by sentence; `voice` is a speaker of the voice.

        ValueError for a text without words or in another script, and for an unknown speaker.
        """
        speaker = self._speaker(voice) if voice else self.speaker
        _readable(text, self.voice)
        spoken = sentences(text, self.voice["espeak"]["voice"])
        if not spoken:
            raise ValueError(f"piper made no sound for {text[:60]!r}: are there words in it?")
        for sounds in spoken:
            yield self._say(sounds, speaker)

    def seed(self, number: int) -> None:
        """Draw anew from `number`: onnxruntime's generator counts for sessions that are made after it was set."""
        onnxruntime.set_seed(number)
        self.session = self._session()

    def _say(self, sounds: str, speaker: int | None) -> Audio:
        given, manner = self.voice["inference"], self.manner
        scales = [
            given["noise_scale"] if manner.noise_scale is None else manner.noise_scale,
            given["length_scale"] if manner.length_scale is None else manner.length_scale,
            given["noise_w"] if manner.noise_w is None else manner.noise_w,
        ]
        ids = self._ids(sounds)
        inputs = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        if speaker is not None:
            inputs["sid"] = np.array([speaker], np.int64)
        samples = np.asarray(self.session.run(None, inputs)[0], np.float32).reshape(-1)
        peak = max(float(np.abs(samples).max(initial=0.0)), QUIETEST_PEAK)
        return Audio((samples / np.float32(peak)).clip(-1.0, 1.0), int(self.voice["audio"]["sample_rate"]))

    def _ids(self, sounds: str) -> list[int]:
        """The numbers of the sounds, each followed by the pad; sounds that the voice never learnt are left out."""
        numbers = [*self.ids[BEGIN], *self.ids[PAD]]
        for sound in sounds:
            if sound in self.ids:
                numbers += [*self.ids[sound], *self.ids[PAD]]
        return numbers + self.ids[END]

    def _speaker(self, name: str | None) -> int | None:
        """The number of a speaker; None where the voice has only one."""
        there: Mapping[str, int] = self.voice.get("speaker_id_map") or {}
        if name and name not in there:
            known = did_you_mean(name, there) if there else "it has one speaker, without a name"
            raise ValueError(f"the voice {self.path.stem} has no speaker {name!r}: {known}")
        if self.voice.get("num_speakers", 1) == 1:
            return None
        return there[name] if name else 0

    def _session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.log_severity_level = ERRORS_ONLY
        return onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])


def _model_file(weights: Path | None) -> Path:
    """The one .onnx of the weights."""
    files = [] if weights is None else sorted(weights.glob("*.onnx")) if weights.is_dir() else [weights]
    if len(files) != 1:
        came = ", ".join(path.name for path in files) or "none"
        raise WeightsError(f"a Piper voice is one .onnx with its .onnx.json beside it; at {weights} are: {came}")
    return files[0]


def _description(path: Path) -> dict[str, Any]:
    """What NAME.onnx.json says of the voice."""
    try:
        voice = json.loads(path.read_text(encoding="utf-8"))
        if voice.get("phoneme_type", "espeak") != "espeak":
            raise WeightsError(
                f"{path} has phoneme_type {voice['phoneme_type']!r}, expected 'espeak': others are not read"
            )
        missing = {"audio", "espeak", "inference", "phoneme_id_map"} - voice.keys()
        if missing or not {BEGIN, END, PAD} <= voice["phoneme_id_map"].keys():
            raise KeyError(next(iter(sorted(missing)), "phoneme_id_map with ^ _ $"))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise WeightsError(f"{path} is not the .json of a Piper voice: {error}") from error
    return dict(voice)


def _readable(text: str, voice: Mapping[str, Any]) -> None:
    """ValueError for a text in another script than a voice with Latin letters: its letters would be spelt by name."""
    name = str(voice.get("language", {}).get("name_native", ""))
    if _scripts(name) == {"LATIN"} and (came := _scripts(text)) and "LATIN" not in came:
        raise ValueError(
            f"the voice speaks {name} and reads Latin letters, {text[:60]!r} has {', '.join(sorted(came))}"
        )


def _scripts(text: str) -> set[str]:
    """The scripts of a text's letters, by the first word of their Unicode names."""
    return {unicodedata.name(letter, "UNKNOWN").partition(" ")[0] for letter in text if letter.isalpha()}


load = Piper
