"""Whisper on whisper.cpp, through pywhispercpp."""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pywhispercpp.model import Model

from modellab.models import so_far, whisper_languages
from modellab.types import Audio, Setting, Transcript, Word

# ggml's enum of file types -> the names whisper.cpp's file names use
FILE_TYPES = {0: "f32", 1: "f16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1"}
FILE_TYPE_AT = 4 * 11  # after the magic number and ten sizes
MULTILINGUAL_TOKENS = 51_865
BACKENDS = {"cpu": {"CPU"}, "cuda": {"CUDA"}, "mps": {"Metal", "MTL"}}  # as whisper.cpp's system info names them
FOUND_OUT = "auto"  # the language, where nobody says it
QUIET = {"print_progress": False, "print_realtime": False, "print_timestamps": False}
SENTENCES = {"token_timestamps": False, "max_len": 0, "split_on_word": False}
WORDS = {"token_timestamps": True, "max_len": 1, "split_on_word": True}  # a segment for each word


class WhisperCpp:
    """One ggml file. Its precision is in the file, so it is checked rather than chosen."""

    def __init__(self, setting: Setting) -> None:
        assert setting.weights is not None, "whisper.cpp has no weights of its own"
        stored = precision(setting.weights)
        if stored != setting.precision:
            raise ValueError(f"{setting.weights} holds {stored} weights, expected {setting.precision}")
        if not backends(str(Model.system_info())) & BACKENDS[setting.device]:
            raise ValueError(
                f"this build of pywhispercpp has no backend for {setting.device} and would use the CPU in silence:"
                " build it from source with that backend (see README.md)"
            )
        self.file = setting.weights
        own = {"language": setting.options.get("language") or FOUND_OUT, "n_threads": setting.threads}
        self.options = {**QUIET, **SENTENCES, **setting.options, **own}
        self.sure = bool(self.options.pop("word_confidences", False))
        self.model = Model(str(setting.weights), context_params={"use_gpu": setting.device != "cpu"})

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; whisper.cpp hears nothing in less than 0.1 s.

        With the option `word_confidences` each word is a segment, with its confidence.
        """
        if not len(audio.samples):
            return Transcript("")
        options = self._told(audio)
        language = "" if options["language"] == FOUND_OUT else options["language"]
        if self.sure:
            words = self.model.transcribe(audio.samples, extract_probability=True, **{**options, **WORDS})
            sure = [(word.text, word.probability) for word in words if word.text.strip()]
            return Transcript.of(_timed(words), language, audio.duration_s, sure)
        tell = {"new_segment_callback": lambda segment: so_far.tell(segment.t1 / 100)} if so_far.is_asked() else {}
        segments = self.model.transcribe(audio.samples, **tell, **options)  # all of them each time: they stay set
        return Transcript.of(_timed(segments), language, audio.duration_s)

    def align(self, audio: Audio, text: str) -> list[Word]:  # noqa: ARG002  (recognised, not forced)
        """The words it hears, with whisper.cpp's estimate of their times; `text` is not used."""
        if not len(audio.samples):
            return []
        segments = self.model.transcribe(audio.samples, **{**self._told(audio), **WORDS})
        transcript = Transcript.of(_timed(segments), duration_s=audio.duration_s)
        return [Word(text.strip(), start_s, end_s) for text, start_s, end_s in transcript.segments]

    def identify(self, audio: Audio) -> str:
        """The most probable language of the first 30 s; an English-only file says "en" to everything."""
        if not multilingual(self.file):
            return "en"
        (language, _), _ = self.model.auto_detect_language(audio.samples, n_threads=self.options["n_threads"])
        return str(language)

    def _told(self, audio: Audio) -> dict[str, Any]:
        """The options, with the language that a row or a request says."""
        if not audio.language:
            return self.options
        known = Model.available_languages() if multilingual(self.file) else ("en",)
        return {**self.options, "language": whisper_languages.told(audio.language, known)}


def _timed(segments: Iterable[Any]) -> Iterator[tuple[str, float, float]]:
    """Text, start and end in seconds; the last one may end up to 0.2 s after the sound."""
    return ((segment.text, segment.t0 / 100, segment.t1 / 100) for segment in segments)


def precision(path: Path) -> str:
    """The precision of the matrices in a ggml file, from its header."""
    with path.open("rb") as file:
        file.seek(FILE_TYPE_AT)
        header = file.read(4)
    number = struct.unpack("<i", header)[0] % 1000 if len(header) == 4 else -1  # thousands: quantisation version
    return FILE_TYPES.get(number, f"ggml type {number}")


def multilingual(path: Path) -> bool:
    """Whether a ggml file has the vocabulary of several languages, as whisper.cpp decides it."""
    with path.open("rb") as file:
        file.seek(4)
        return int(struct.unpack("<i", file.read(4))[0]) >= MULTILINGUAL_TOKENS


def backends(system_info: str) -> set[str]:
    """What a build of whisper.cpp can compute on.

    >>> sorted(backends("WHISPER : COREML = 0 | OPENVINO = 0 | CUDA : ARCHS = 890 | CPU : AVX = 1 | F16C = 1 | "))
    ['CPU', 'CUDA', 'WHISPER']
    """
    return {part.split(" : ")[0].strip() for part in system_info.split("|") if " : " in part}


load = WhisperCpp
