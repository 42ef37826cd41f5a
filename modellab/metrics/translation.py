"""BLEU and chrF of translations, counted by sacrebleu utterance by utterance and pooled as sacrebleu pools a corpus.

Both are in [0, 1] here and higher is better: 0.273 is what sacrebleu prints as 27.3. Neither is a mean of sentence
scores: counts are added up over the corpus and the score is taken once, so the order of the utterances is of no account
and the corpus value is sacrebleu's to the last digit (a test says so).

Counts begin with (top, bottom): the reference's length in words, and how much of it is there, so that bottom - top
is what the utterance lacks, about 1 for a wrong word. `rate` does not use it; the gate does, for the size of the change
that it detects, and the report, to find the worst utterances. What is there is for BLEU the fraction of n-grams of both
sides that match (Dice), for chrF its F score pooled over the n-gram orders; a word of chrF is five characters.

An utterance of fewer than four tokens has no 4-gram, and a corpus without a matching 4-gram has a BLEU near 0 whatever
its words (sacrebleu's "exp" smoothing halves the missing precision). On few or short sentences believe chrF.

Sources: Papineni et al. 2002; Popovic 2015; Post 2018 (sacrebleu, whose counting is used).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from modellab.errors import ConfigError, did_you_mean
from modellab.system import extras, installer
from modellab.types import Counts, Floats

BLEU_ORDERS = 4
CHRF_ORDERS = 6
BETA2 = 4.0  # chrF2: recall counts twice as much as precision, squared
LEAD = 2  # top and bottom of the plain overlap, before sacrebleu's counts
WORD = 5.0  # characters
TOKENISERS = ("13a", "char", "flores200", "intl", "ja-mecab", "ko-mecab", "none", "zh")
REMEDIES = {
    "ja-mecab": installer.command("sacrebleu[ja]"),
    "ko-mecab": installer.command("sacrebleu[ko]"),
    "flores200": "it needs the package sentencepiece, and a network on first use to fetch its model",
}
BY_LANGUAGE = {
    "zh": "zh",
    "ja": "ja-mecab",
    "ko": "ko-mecab",
    **dict.fromkeys(("yue", "wuu"), "zh"),
    **dict.fromkeys(("th", "lo", "km", "my"), "char"),
}


def tokeniser_for(language: str) -> str:
    """The tokeniser of BLEU for a target language (ISO 639-1): sacrebleu's own choice, and "char" for Thai, Lao, Khmer
    and Burmese, which set no blanks between words and for which sacrebleu has no tokeniser without a download.

    >>> tokeniser_for("de"), tokeniser_for("zh"), tokeniser_for("th")
    ('13a', 'zh', 'char')
    """
    return BY_LANGUAGE.get(language, "13a")


def signature(tokenisers: Sequence[str]) -> str:
    """What must be said with a BLEU and a chrF for others to compare: sacrebleu's signatures, all tokenisers named."""
    import sacrebleu

    used = "+".join(_bleu(tokeniser).tokenizer_signature for tokeniser in tokenisers)
    counting = f"case:mixed|eff:no|tok:{used}|smooth:exp"
    return f"BLEU|{counting}|version:{sacrebleu.__version__} chrF2|case:mixed|eff:yes|nc:6|nw:0|space:no"


def check(tokeniser: str) -> None:
    """ConfigError for a tokeniser that is unknown or not installed, or where sacrebleu itself is not."""
    _bleu(tokeniser)


def bleu(references: Sequence[str], hypothesis: str, tokeniser: str = "13a") -> Counts:
    """The counts behind BLEU: 12 numbers for `bleu_rate`. ConfigError for a tokeniser that is unknown or not installed.

    (top, bottom, hypothesis tokens, reference tokens, matching 1- to 4-grams, 1- to 4-grams of the hypothesis). Of
    several references the one closest in length gives the tokens, and an n-gram may match in any of them.

    >>> bleu(["the cat sat down"], "the cat sat")
    (3.0, 4.0, 3.0, 4.0, 3.0, 2.0, 1.0, 0.0, 3.0, 2.0, 1.0, 0.0)
    """
    counts: list[float] = [float(count) for count in _counts(_bleu(tokeniser), references, hypothesis)]
    matches, mine = counts[2 : 2 + BLEU_ORDERS], counts[2 + BLEU_ORDERS :]
    theirs = [max(0.0, counts[1] - order) for order in range(BLEU_ORDERS)]
    return (*_overlap(2 * sum(matches), sum(mine) + sum(theirs), counts[1]), *counts)


def bleu_rate(sums: Floats) -> Floats:
    """BLEU of summed counts: shape (..., 12) -> (...), in [0, 1]. NaN where there is no reference token.

    Brevity penalty times the geometric mean of the four precisions; one without a match is taken as half the last such
    one over its n-grams ("exp" smoothing, as mteval-v13a). 0 without any match or any 4-gram in the hypothesis.

    >>> bleu_rate(np.array([[0, 0, 4, 4, 4, 3, 2, 1, 4, 3, 2, 1], [0, 0, 3, 4, 3, 2, 1, 0, 3, 2, 1, 0]])).tolist()
    [1.0, 0.0]
    """
    counts = np.asarray(sums, dtype=float)[..., LEAD:]
    mine, theirs, matches, totals = counts[..., 0], counts[..., 1], counts[..., 2:6], counts[..., 6:10]
    missing = matches < 0.5
    halved = 0.5 ** np.cumsum(missing, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        precisions = np.where(missing, halved, matches) / np.where(totals < 0.5, np.nan, totals)
        brevity = np.exp(np.minimum(0.0, 1.0 - theirs / np.where(mine < 0.5, np.nan, mine)))
        score = brevity * np.exp(np.log(precisions).mean(axis=-1))
    nothing = missing.all(axis=-1) | (totals < 0.5).any(axis=-1)
    rate: Floats = np.where(theirs < 0.5, np.nan, np.where(nothing, 0.0, score))
    return rate


def chrf(references: Sequence[str], hypothesis: str) -> Counts:
    """The counts behind chrF2: 20 numbers for `chrf_rate`, characters without blanks, case and punctuation kept.

    (top, bottom, and for each of 1- to 6-grams: those of the hypothesis, those of the reference, the matching ones). Of
    several references the one with the best score counts.
    """
    counts = [float(count) for count in _counts(_chrf(), references, hypothesis)]
    mine, theirs, matches = (sum(counts[start::3]) for start in range(3))
    return (*_overlap((1 + BETA2) * matches, BETA2 * theirs + mine, counts[1] / WORD), *counts)


def chrf_rate(sums: Floats) -> Floats:
    """chrF2 of summed counts: shape (..., 20) -> (...), in [0, 1]. NaN where the reference has no character.

    The F score (beta 2) of mean precision and mean recall over the n-gram orders that both sides have.
    """
    counts = np.asarray(sums, dtype=float)[..., LEAD:]
    mine, theirs, matches = counts[..., 0::3], counts[..., 1::3], counts[..., 2::3]
    known = (mine > 0.5) & (theirs > 0.5)
    orders = np.maximum(1, known.sum(axis=-1))
    precision = np.where(known, matches / np.where(known, mine, 1.0), 0.0).sum(axis=-1) / orders
    recall = np.where(known, matches / np.where(known, theirs, 1.0), 0.0).sum(axis=-1) / orders
    bottom = BETA2 * precision + recall
    score = (1 + BETA2) * precision * recall / np.where(bottom > 0, bottom, 1.0)
    rate: Floats = np.where(theirs.sum(axis=-1) < 0.5, np.nan, score)
    return rate


def _overlap(top: float, bottom: float, words: float) -> tuple[float, float]:
    """The same counts with the reference's words as its bottom; matches in several references are capped at all."""
    return (words * min(1.0, top / bottom) if bottom else 0.0, words)


def _counts(metric: Any, references: Sequence[str], hypothesis: str) -> list[int]:
    """sacrebleu's own counts of one utterance; it has no public name for them."""
    (counts,) = metric._extract_corpus_statistics([hypothesis], [[reference] for reference in references])
    return list(counts)


@functools.cache
def _bleu(tokeniser: str) -> Any:
    if tokeniser not in TOKENISERS:
        raise ConfigError(f"unknown tokeniser {tokeniser!r}: {did_you_mean(tokeniser, TOKENISERS)}")
    extras.need("translation", "counting BLEU and chrF")
    from sacrebleu.metrics.bleu import BLEU

    try:
        return BLEU(tokenize=tokeniser, force=True)
    except (ImportError, RuntimeError, OSError) as error:
        remedy = REMEDIES.get(tokeniser, "is sacrebleu whole?")
        raise ConfigError(
            f"the tokeniser {tokeniser!r} does not start here: {remedy}; or choose another one, such as 'char'"
        ) from error


@functools.cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()
