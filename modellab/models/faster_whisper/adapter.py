"""Whisper on CTranslate2 (SYSTRAN/faster-whisper)."""

from faster_whisper import WhisperModel

from modellab.types import Audio, Setting, Transcript


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

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; nothing at all gives an empty transcript."""
        if not len(audio.samples):
            return Transcript("")
        segments, info = self.model.transcribe(audio.samples, **self.options)
        return Transcript.of(((s.text, s.start, s.end) for s in segments), info.language)


load = FasterWhisper
