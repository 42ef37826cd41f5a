"""PocketSphinx, CMU's recogniser of before neural networks; its English model comes in its package."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pocketsphinx

from modellab.errors import WeightsError, did_you_mean
from modellab.types import Audio, Setting, Transcript, Word

FRAMES_PER_S = 100
FULL_SCALE = 32767
GRAMMAR = "grammar"  # the name of a search
# a known text is looked for without haste: the usual beams lose one in noise before its end
PATIENT = {"lm": None, "beam": 1e-80, "wbeam": 1e-60, "pbeam": 1e-80, "bestpath": False}
VARIANT = re.compile(r"\(\d+\)$")  # "to(3)" is the third pronunciation of "to"
FILLER = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")  # silence, noise, the sentence's ends
EDGES = re.compile(r"^\W+|\W+$")


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen in config.yaml."""

    grammar: str = ""  # in JSGF: nothing but its sentences are heard; empty: open English
    dither: float = 0.0  # noise that is laid under each utterance, the same each time, in steps of 16 bits


class Pocketsphinx:
    """One acoustic model with its dictionary and language model; each utterance is heard as if it were the first."""

    FORCED = True

    def __init__(self, setting: Setting) -> None:
        known = [field.name for field in fields(Options)]
        if unknown := next((name for name in setting.options if name not in known), ""):
            raise ValueError(f"pocketsphinx has no option {unknown!r}: {did_you_mean(unknown, known)}")
        options = Options(**setting.options)
        self.dither = options.dither
        files = _files(setting.weights)
        self.decoder = pocketsphinx.Decoder(loglevel="FATAL", **files)
        self.aligner = pocketsphinx.Decoder(loglevel="FATAL", **{**files, **PATIENT})
        if options.grammar:
            _add_grammar(self.decoder, options.grammar)

    def transcribe(self, audio: Audio) -> Transcript:
        """16 kHz audio of any length; each word is a segment."""
        said = [each for each in self._heard(self.decoder, audio) if not FILLER.fullmatch(each[0])]
        return Transcript.of(said, "en", audio.duration_s)

    def align(self, audio: Audio, text: str) -> list[Word]:
        """Each word of the text where it is spoken; NaN for a word without letters.

        ValueError for words that the dictionary lacks, and where the audio cannot hold the text.
        """
        words = text.split()
        spoken = [EDGES.sub("", word).lower() for word in words]
        wanted = [word for word in spoken if word]
        if unknown := sorted({word for word in wanted if self.aligner.lookup_word(word) is None}):
            raise ValueError(f"the dictionary has no {', '.join(map(repr, unknown))}: expected words that it knows")
        if not wanted:
            return [Word(word, math.nan, math.nan) for word in words]
        self.aligner.set_align_text(" ".join(wanted))
        found = [each for each in self._heard(self.aligner, audio) if not FILLER.fullmatch(each[0])]
        if [word for word, _, _ in found] != wanted:
            raise ValueError(
                f"the {len(wanted)} words were not found in {audio.duration_s:.2f} s: is it the text of this audio?"
            )
        times = iter(found)
        return [
            Word(word, *next(times)[1:]) if plain else Word(word, math.nan, math.nan)
            for word, plain in zip(words, spoken, strict=True)
        ]

    def _heard(self, decoder: Any, audio: Audio) -> list[tuple[str, float, float]]:
        """(word, start_s, end_s) of the decoder's active search, with silence and noise."""
        if not len(audio.samples):
            return []
        pcm = (audio.samples.clip(-1.0, 1.0) * FULL_SCALE + self._noise(len(audio.samples))).clip(-32768, 32767)
        decoder.reinit_feat()  # else the mean of the utterance before is taken off this one
        decoder.start_utt()
        try:
            decoder.process_raw(np.rint(pcm).astype("<i2").tobytes(), full_utt=True)
        finally:
            decoder.end_utt()  # else no later utterance can be started
        if decoder.hyp() is None:
            return []
        return [
            (VARIANT.sub("", each.word), each.start_frame / FRAMES_PER_S, (each.end_frame + 1) / FRAMES_PER_S)
            for each in decoder.seg()
        ]

    def _noise(self, n_samples: int) -> Any:
        """Noise under digital silence, whose logarithm the models have never met; of a generator that numpy keeps."""
        return np.random.RandomState(0).uniform(-self.dither, self.dither, n_samples)


def _files(weights: Path | None) -> dict[str, Any]:
    """Arguments that name a model of the user's own; none for the package's."""
    if weights is None:
        return {}
    found = {
        "hmm": [path.parent for path in weights.glob("*/mdef*")],
        "dict": list(weights.glob("*.dict")),
        "lm": [*weights.glob("*.lm.bin"), *weights.glob("*.lm")],
    }
    if wrong := next((name for name, paths in found.items() if len(paths) != 1), ""):
        raise WeightsError(
            f"{weights} has {len(found[wrong])} places for {wrong}, expected one folder with the acoustic model"
            " (mdef), one .dict and one .lm or .lm.bin"
        )
    return {name: str(path) for name, (path,) in found.items()}


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
