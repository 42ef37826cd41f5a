"""Whisper on CTranslate2 with the releases of requirements.txt: the adapter is that of faster_whisper."""

from modellab.models.faster_whisper.adapter import load

__all__ = ["load"]
