"""PocketSphinx, CMU's recogniser of before neural networks; its English model comes in its package."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pocketsphinx

from modellab.errors import WeightsError, did_you_mean
from modellab.types import Audio, Setting, Transcript, Word

from .hearing import Dither, Heard, hear_whole, heard, words
from .stream import PocketsphinxStream

GRAMMAR = "grammar"  # the name of a search
# a known text is looked for without haste: the usual beams lose one in noise before its end
PATIENT = {"lm": None, "beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80, "bestpath": False}
EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen in config.yaml."""

    grammar: str = ""  # in JSGF: nothing but its sentences are heard; empty: open English
    dither: float = 0.0  # noise that is laid under each utterance, the same each time, in steps of 16 bits


class Pocketsphinx:
    """One acoustic model with its dictionary and language model; each utterance is heard as if it were the first."""

    FORCED = True
    most_streams = 4  # each has a decoder of its own, of 95 MB

    def __init__(self, setting: Setting) -> None:
        known = [field.name for field in fields(Options)]
        if unknown := next((name for name in setting.options if name not in known), ""):
            raise ValueError(f"pocketsphinx has no option {unknown!r}: {did_you_mean(unknown, known)}")
        options = Options(**setting.options)
        self.dither = options.dither
        self.files, self.grammar = _files(setting.weights), options.grammar
        self.decoder = self._new_decoder()
        self.aligner = pocketsphinx.Decoder(loglevel="FATAL", **{**self.files, **PATIENT})
        self.free: list[Any] = []  # decoders of streams that are over

    def _new_decoder(self) -> Any:
        decoder = pocketsphinx.Decoder(loglevel="FATAL", **self.files)
        if self.grammar:
            _add_grammar(decoder, self.grammar)
        return decoder

    def open_stream(self, rate_hz: int) -> PocketsphinxStream:
        """A stream of 16 kHz audio, which hears as the audio comes and not a window again and again."""
        decoder = self.free.pop() if self.free else self._new_decoder()
        return PocketsphinxStream(decoder, self.dither, self.free.append, rate_hz)

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; each word is a segment."""
        return Transcript.of(self._heard(self.decoder, audio), "en", audio.duration_s)

    def align(self, audio: Audio, text: str) -> list[Word]:
        """Each word of the text where it is spoken; NaN for a word without letters.

        ValueError for words that the dictionary lacks, and where the audio cannot hold the text.
        """
        written = text.split()
        spoken = [EDGES.sub("", word).lower() for word in written]
        wanted = [word for word in spoken if word]
        if unknown := sorted({word for word in wanted if self.aligner.lookup_word(word) is None}):
            raise ValueError(f"the dictionary has no {', '.join(map(repr, unknown))}: expected words that it knows")
        if not wanted:
            return [Word(word, math.nan, math.nan) for word in written]
        self.aligner.set_align_text(" ".join(wanted))
        timed = self._heard(self.aligner, audio)
        if [word for word, _, _ in timed] != wanted:
            raise ValueError(
                f"the {len(wanted)} words were not found in {audio.duration_s:.2f} s: is it the text of this audio?"
            )
        times = iter(timed)
        return [
            Word(word, *next(times)[1:]) if plain else Word(word, math.nan, math.nan)
            for word, plain in zip(written, spoken, strict=True)
        ]

    def _heard(self, decoder: Any, audio: Audio) -> Heard:
        """The words that the decoder's active search hears in a whole utterance."""
        if not len(audio.samples):
            return []
        hear_whole(decoder, Dither(self.dither).pcm(audio.samples))
        return words(heard(decoder))


def _files(weights: Path | None) -> dict[str, Any]:
    """Arguments that name a model of the user's own; none for the package's."""
    if weights is None:
        return {}
    places = {
        "hmm": [path.parent for path in weights.glob("*/mdef*")],
        "dict": list(weights.glob("*.dict")),
        "lm": [*weights.glob("*.lm.bin"), *weights.glob("*.lm")],
    }
    if wrong := next((name for name, paths in places.items() if len(paths) != 1), ""):
        raise WeightsError(
            f"{weights} has {len(places[wrong])} places for {wrong}, expected one folder with the acoustic model"
            " (mdef), one .dict and one .lm or .lm.bin"
        )
    return {name: str(path) for name, (path,) in places.items()}


def _add_grammar(decoder: Any, grammar: str) -> None:
    """ValueError for what is no JSGF and for words that the dictionary lacks; the library tells neither."""
    try:
        decoder.add_jsgf_string(GRAMMAR, grammar)
    except ValueError as error:
        bare = re.sub(r"<[^>]*>|\{[^}]*\}|/[^/]*/|//.*|^#JSGF.*?;|\b(grammar|public|import)\b[^;=]*", " ", grammar)
        unknown = sorted({w for w in re.findall(r"[\w'-]+", bare.lower()) if decoder.lookup_word(w) is None})
        cause = f"its dictionary has no {', '.join(map(repr, unknown))}" if unknown else "is it JSGF?"
        raise ValueError(f"pocketsphinx cannot take the grammar {grammar[:60]!r}: {cause}") from error
    decoder.activate_search(GRAMMAR)


load = Pocketsphinx
