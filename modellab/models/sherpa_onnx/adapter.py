"""Recognisers of sherpa-onnx: NeMo's parakeet and canary, zipformer, SenseVoice and others, on the CPU."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx

from modellab.errors import WeightsError, did_you_mean
from modellab.types import Audio, Setting, Transcript

SHORTEST_S = 0.1  # less is filled up with silence: a network's first strides need it
QUANTISED = {"int8": ".int8.onnx", "float16": ".fp16.onnx"}  # as sherpa-onnx names the files; float32: neither


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of network is made: sherpa-onnx's constructor, its files, and what else it is given."""

    make: str
    files: Mapping[str, str]  # argument -> how the file's name begins
    given: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()  # that config.yaml may set


TRANSDUCER = {"encoder": "encoder", "decoder": "decoder", "joiner": "joiner"}
ONE = {"model": "model"}
SEARCH = ("decoding_method", "max_active_paths", "blank_penalty")
KINDS: Mapping[str, Kind] = {
    "canary": Kind("from_nemo_canary", {"encoder": "encoder", "decoder": "decoder"}, options=("src_lang", "tgt_lang")),
    "nemo_ctc": Kind("from_nemo_ctc", ONE),
    "nemo_transducer": Kind("from_transducer", TRANSDUCER, {"model_type": "nemo_transducer"}, SEARCH),
    "sense_voice": Kind("from_sense_voice", ONE, options=("language", "use_itn")),
    "transducer": Kind("from_transducer", TRANSDUCER, {"model_type": "transducer"}, SEARCH),
    "zipformer_ctc": Kind("from_zipformer_ctc", ONE),
}


class SherpaOnnx:
    """A folder with the network's .onnx files and tokens.txt; the option `kind` says what it is."""

    def __init__(self, setting: Setting) -> None:
        options = dict(setting.options)
        name = str(options.pop("kind", ""))
        if name not in KINDS:
            raise ValueError(f"sherpa_onnx knows no kind {name!r} of network: {did_you_mean(name, KINDS)}")
        kind = KINDS[name]
        if unknown := next((key for key in options if key not in kind.options), ""):
            raise ValueError(f"{name} has no option {unknown!r}: {did_you_mean(unknown, kind.options)}")
        if setting.precision not in {"float32", *QUANTISED}:
            raise ValueError(f"precision {setting.precision!r} is none of float32, {', '.join(QUANTISED)}")
        assert setting.weights is not None, "sherpa-onnx has no weights of its own"
        files = {key: str(_file(setting.weights, start, setting.precision)) for key, start in kind.files.items()}
        tokens = _tokens(setting.weights)  # sherpa-onnx ends the process where a file is missing
        make = getattr(sherpa_onnx.OfflineRecognizer, kind.make)
        self.recogniser: Any = make(
            **files, **kind.given, **options, tokens=str(tokens), num_threads=setting.threads, provider=setting.device
        )

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio; the times are those of the first word and of the sound's end."""
        if not len(audio.samples):
            return Transcript("")
        lacking = max(0, math.ceil(SHORTEST_S * audio.rate_hz) - len(audio.samples))
        stream = self.recogniser.create_stream()
        stream.accept_waveform(audio.rate_hz, np.pad(audio.samples, (0, lacking)))
        self.recogniser.decode_stream(stream)
        result = stream.result
        start_s = float(result.timestamps[0]) if result.timestamps else math.nan
        language = str(getattr(result, "lang", "")).strip("<|>")
        return Transcript.of([(result.text, start_s, audio.duration_s)], language, audio.duration_s)


def _file(folder: Path, start: str, precision: str) -> Path:
    """The one .onnx of a part at a precision; parts that nobody quantised are taken as they are."""
    found = sorted(folder.glob(f"{start}*.onnx"))
    quantised = {ending: [path for path in found if path.name.endswith(ending)] for ending in QUANTISED.values()}
    plain = [path for path in found if not path.name.endswith(tuple(QUANTISED.values()))]
    fitting = quantised.get(QUANTISED.get(precision, ""), []) or plain
    if len(fitting) != 1:
        came = ", ".join(path.name for path in found) or "no such file"
        raise WeightsError(f"{folder} has {came}, expected one {start}*.onnx in {precision}: was it downloaded whole?")
    return fitting[0]


def _tokens(folder: Path) -> Path:
    """tokens.txt, of which each line is a token and its number."""
    path = folder / "tokens.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    if odd := next((line for line in lines if not line.rpartition(" ")[2].isdigit()), "" if lines else "nothing"):
        raise WeightsError(f"{path} has {odd[:40]!r}, expected a token and its number in each line")
    return path


load = SherpaOnnx
