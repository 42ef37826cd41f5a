"""Whisper on CTranslate2 (SYSTRAN/faster-whisper)."""

from typing import Any

from faster_whisper import BatchedInferencePipeline, WhisperModel

from modellab.models import so_far, whisper_languages
from modellab.types import Audio, Setting, Transcript, Word


class FasterWhisper:
    """One checkpoint converted to CTranslate2; `precision` is its compute_type."""

    def __init__(self, setting: Setting) -> None:
        self.model = WhisperModel(
            str(setting.weights),
            device=setting.device,
            compute_type=setting.precision,
            cpu_threads=setting.threads,
            local_files_only=True,
        )
        self.options = dict(setting.options)
        batch_size = self.options.pop("batch_size", 0)
        self.sure = {"word_timestamps": True} if self.options.pop("word_confidences", False) else {}
        self.batched = {"batch_size": batch_size} if batch_size else {}
        self.pipeline: Any = BatchedInferencePipeline(self.model) if batch_size else self.model

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; nothing at all gives an empty transcript.

        With the option `batch_size`, stretches of speech that its VAD finds are decoded so many at a time; with
        `word_confidences` it says how sure it is of each word, which takes timing the words.
        """
        if not len(audio.samples):
            return Transcript("")
        decoded, info = self.pipeline.transcribe(audio.samples, **self.batched, **self.sure, **self._told(audio))
        segments = list(so_far.told(decoded))
        words = [(word.word, word.probability) for s in segments for word in s.words or ()] if self.sure else []
        return Transcript.of(((s.text, s.start, s.end) for s in segments), info.language, audio.duration_s, words)

    def align(self, audio: Audio, text: str) -> list[Word]:  # noqa: ARG002  (recognised, not forced)
        """The words it hears, timed by dynamic time warping of its cross attention; `text` is not used."""
        if not len(audio.samples):
            return []
        segments, _ = self.model.transcribe(audio.samples, word_timestamps=True, **self._told(audio))
        words = (word for segment in segments for word in segment.words or ())
        return [Word(word.word.strip(), float(word.start), float(word.end)) for word in words]

    def identify(self, audio: Audio) -> str:
        """The most probable language of the first 30 s; an English-only checkpoint says "en" to everything."""
        if not self.model.model.is_multilingual:
            return "en"
        language, _, _ = self.model.detect_language(audio.samples)
        return str(language)

    def _told(self, audio: Audio) -> dict[str, Any]:
        """The options, with the language that a row or a request says."""
        if not audio.language:
            return self.options
        return {**self.options, "language": whisper_languages.told(audio.language, self.model.supported_languages)}


load = FasterWhisper
