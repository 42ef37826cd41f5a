"""Whisper on CTranslate2 with the releases of requirements.txt, as that library was then."""

from faster_whisper import WhisperModel

from modellab.types import Audio, Setting, Transcript


class FasterWhisper10:
    """One checkpoint converted to CTranslate2; `precision` is its compute_type."""

    def __init__(self, setting: Setting) -> None:
        place = {"device": setting.device, "compute_type": setting.precision, "cpu_threads": setting.threads}
        self.model = WhisperModel(str(setting.weights), local_files_only=True, **place)
        self.options = dict(setting.options)

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; nothing at all gives an empty transcript."""
        if not len(audio.samples):
            return Transcript("")
        segments, info = self.model.transcribe(audio.samples, **self.options)
        parts = ((segment.text, segment.start, segment.end) for segment in segments)
        return Transcript.of(parts, info.language, audio.duration_s)


load = FasterWhisper10
