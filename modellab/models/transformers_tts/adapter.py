"""Speech synthesisers of Hugging Face transformers: VITS (MMS-TTS among them), SpeechT5, CSM, Dia and Bark.

Each speaks sentence by sentence. What a model draws is drawn anew for each sentence, from the seed of the pass, so that
what was said before changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import torch

from modellab.errors import did_you_mean
from modellab.types import Audio, Setting

from . import kinds

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
SENTENCE_END = re.compile(r"(?<=[.!?。！？…])\s+|\n+")


class TransformersTts:
    """A folder that `save_pretrained` wrote."""

    def __init__(self, setting: Setting) -> None:
        if setting.precision not in DTYPES:
            raise ValueError(f"precision {setting.precision!r} is none of this adapter's: {', '.join(DTYPES)}")
        assert setting.weights is not None, "its weights never come in a package"
        torch.set_num_threads(setting.threads)
        kind = kinds.kind(setting.weights)
        options = {name: value for name, value in setting.options.items() if value is not None}
        self.voice = str(options.pop("voice", ""))
        if unknown := next((name for name in options if name not in kind.OPTIONS), ""):
            known = ["voice", *kind.OPTIONS]
            raise ValueError(f"{kind.TYPE} has no option {unknown!r}: {did_you_mean(unknown, known)}")
        self.speaker = kind(setting.weights, DTYPES[setting.precision], setting.device, options)
        self.speaker.check(self.voice)
        self.number = 0

    def speak(self, text: str, voice: str = "") -> Iterator[Audio]:
        """The text as speech, sentence by sentence. ValueError for a text without words and for an unknown voice."""
        name = voice or self.voice
        self.speaker.check(name)
        every = [self.speaker.tokens(sentence) for sentence in SENTENCE_END.split(text)]
        given = [tokens for tokens in every if tokens is not None]
        if not given:
            raise ValueError(f"{self.speaker.TYPE} made no sound for {text[:60]!r}: are there letters it knows in it?")
        for tokens in given:
            torch.manual_seed(self.number)
            with torch.inference_mode():
                samples = self.speaker.say(tokens, name)
            yield Audio(samples.float().cpu().numpy().reshape(-1).clip(-1.0, 1.0), self.speaker.rate_hz)

    def seed(self, number: int) -> None:
        """Draw from `number` in what is said next."""
        self.number = number


load = TransformersTts
