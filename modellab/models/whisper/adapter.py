"""Whisper as OpenAI published it: openai/whisper on PyTorch."""

import torch
import whisper

from modellab.types import Audio, Setting, Transcript

FP16 = {"float32": False, "float16": True}


class Whisper:
    """One checkpoint in openai-whisper's own format."""

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in FP16:
            raise ValueError(f"precision {setting.precision!r} is none of openai-whisper's: {', '.join(FP16)}")
        torch.set_num_threads(setting.threads)
        self.model = whisper.load_model(str(setting.weights), device="cpu")
        if setting.device == "mps":  # the mask for word times is sparse, which MPS cannot hold
            self.model.register_buffer("alignment_heads", self.model.alignment_heads.to_dense(), persistent=False)
        self.model.to(setting.device)
        self.options = {**setting.options, "fp16": FP16[setting.precision]}

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; nothing at all gives an empty transcript."""
        if not len(audio.samples):
            return Transcript("")
        said = self.model.transcribe(audio.samples, **self.options)
        return Transcript.of(((s["text"], s["start"], s["end"]) for s in said["segments"]), said["language"])


load = Whisper
