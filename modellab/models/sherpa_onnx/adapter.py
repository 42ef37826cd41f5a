"""Recognisers of sherpa-onnx: NeMo's parakeet and canary, zipformer, SenseVoice and others, on the CPU.

Those of whole clips are its OfflineRecognizer; those that hear as audio comes its OnlineRecognizer, which has streams.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import sherpa_onnx

from modellab.errors import WeightsError, did_you_mean
from modellab.types import Audio, Setting, Transcript

from .stream import SherpaStream

SHORTEST_S = 0.1  # less is filled up with silence: a network's first strides need it
QUANTISED = {"int8": ".int8.onnx", "float16": ".fp16.onnx"}  # as sherpa-onnx names the files; float32: neither


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind of network is made: sherpa-onnx's constructor, its files, and what else it is given."""

    make: str
    files: Mapping[str, str]  # argument -> how the file's name begins
    given: Mapping[str, Any] = field(default_factory=dict)
    options: tuple[str, ...] = ()  # that config.yaml may set
    streams: bool = False  # made by OnlineRecognizer


TRANSDUCER = {"encoder": "encoder", "decoder": "decoder", "joiner": "joiner"}
ONE = {"model": "model"}
SEARCH = ("decoding_method", "max_active_paths", "blank_penalty")
# when an utterance is over, in s: silence where nothing was said yet, silence after words, its length
ENDS = ("rule1_min_trailing_silence", "rule2_min_trailing_silence", "rule3_min_utterance_length")
ENDING = {"enable_endpoint_detection": True}
KINDS: Mapping[str, Kind] = {
    "canary": Kind("from_nemo_canary", {"encoder": "encoder", "decoder": "decoder"}, options=("src_lang", "tgt_lang")),
    "nemo_ctc": Kind("from_nemo_ctc", ONE),
    "nemo_transducer": Kind("from_transducer", TRANSDUCER, {"model_type": "nemo_transducer"}, SEARCH),
    "sense_voice": Kind("from_sense_voice", ONE, options=("language", "use_itn")),
    "streaming_nemo_ctc": Kind("from_nemo_ctc", ONE, ENDING, ENDS, streams=True),
    "streaming_paraformer": Kind(
        "from_paraformer", {"encoder": "encoder", "decoder": "decoder"}, ENDING, ENDS, streams=True
    ),
    # zipformer, conformer, lstm, NeMo's: the encoder's file says which
    "streaming_transducer": Kind("from_transducer", TRANSDUCER, ENDING, (*SEARCH, *ENDS), streams=True),
    "streaming_zipformer_ctc": Kind("from_zipformer2_ctc", ONE, ENDING, ENDS, streams=True),
    "transducer": Kind("from_transducer", TRANSDUCER, {"model_type": "transducer"}, SEARCH),
    "zipformer_ctc": Kind("from_zipformer_ctc", ONE),
}


class SherpaOnnx:
    """A folder with the network's .onnx files and tokens.txt; the option `kind` says what it is."""

    def __init__(self, setting: Setting) -> None:
        kind, options = _kind(setting)
        if setting.precision not in {"float32", *QUANTISED}:
            raise ValueError(f"precision {setting.precision!r} is none of float32, {', '.join(QUANTISED)}")
        assert setting.weights is not None, "sherpa-onnx has no weights of its own"
        files = {key: str(_file(setting.weights, start, setting.precision)) for key, start in kind.files.items()}
        tokens = _tokens(setting.weights)  # sherpa-onnx ends the process where a file is missing
        make = getattr(sherpa_onnx.OnlineRecognizer if kind.streams else sherpa_onnx.OfflineRecognizer, kind.make)
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
        language = str(getattr(result, "lang", "")).strip("<|>")
        return _transcript(result.text, result.timestamps, language, audio)


class SherpaOnline(SherpaOnnx):
    """One that hears as audio comes; a whole clip goes through a stream, too, and is one utterance then."""

    def transcribe(self, audio: Audio) -> Transcript:
        """As above."""
        if not len(audio.samples):
            return Transcript("")
        text, timestamps = SherpaStream(self.recogniser, audio.rate_hz).whole(audio.samples)
        return _transcript(text, timestamps, "", audio)

    def open_stream(self, rate_hz: int) -> SherpaStream:
        """A stream of 16 kHz audio; all streams share the network, each has its own state."""
        return SherpaStream(self.recogniser, rate_hz)


def load(setting: Setting) -> SherpaOnnx:
    """The recogniser that the option `kind` names; ValueError for an unknown kind or option."""
    kind, _ = _kind(setting)
    return SherpaOnline(setting) if kind.streams else SherpaOnnx(setting)


def _kind(setting: Setting) -> tuple[Kind, dict[str, Any]]:
    """What the network is, and the options that are left."""
    options = dict(setting.options)
    name = str(options.pop("kind", ""))
    if name not in KINDS:
        raise ValueError(f"sherpa_onnx knows no kind {name!r} of network: {did_you_mean(name, KINDS)}")
    kind = KINDS[name]
    if unknown := next((key for key in options if key not in kind.options), ""):
        raise ValueError(f"{name} has no option {unknown!r}: {did_you_mean(unknown, kind.options)}")
    return kind, options


def _transcript(text: str, timestamps: Sequence[float], language: str, audio: Audio) -> Transcript:
    start_s = float(timestamps[0]) if timestamps else math.nan
    return Transcript.of([(text, start_s, audio.duration_s)], language, audio.duration_s)


def _file(folder: Path, start: str, precision: str) -> Path:
    """The one .onnx of a part at a precision; parts that nobody quantised are taken as they are."""
    files = sorted(folder.glob(f"{start}*.onnx"))
    quantised = {ending: [path for path in files if path.name.endswith(ending)] for ending in QUANTISED.values()}
    plain = [path for path in files if not path.name.endswith(tuple(QUANTISED.values()))]
    fitting = quantised.get(QUANTISED.get(precision, ""), []) or plain
    if len(fitting) != 1:
        came = ", ".join(path.name for path in files) or "no such file"
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
