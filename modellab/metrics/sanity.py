"""Signs that a transcript is broken, whatever its error rate: empty, far too long, too fast, going round in circles.

Conventions: inputs are already normalised text; words are what white space separates.
"""

from __future__ import annotations

import zlib

from modellab.types import Ratio

MAX_NGRAM = 12  # longest phrase, in words, that is looked for back to back
MIN_REPEATS = 4  # "no no no" is speech, a fourth time in a row is taken for a loop
MIN_LOOP_WORDS = 6  # ... if it fills at least this many words
MAX_COMPRESSION = 2.4  # Whisper's own threshold for a failed decoding
MIN_COMPRESSED_BYTES = 200  # below this zlib's header and window make the ratio meaningless


def length_ratio(reference: str, hypothesis: str) -> Ratio:
    """Hypothesis words out of reference words; about 1 when all is well, above 1.5 when words are made up.

    >>> length_ratio("a b", "a b c")
    Ratio(top=3, bottom=2)
    """
    return Ratio(len(hypothesis.split()), len(reference.split()))


def words_per_s(hypothesis: str, duration_s: float) -> Ratio:
    """Hypothesis words per second of audio, in words/s. People read at 2-3, fast talkers reach 6."""
    return Ratio(len(hypothesis.split()), duration_s)


def is_empty(hypothesis: str) -> bool:
    """Whether there are no words at all: no letter and no digit ("..." is empty)."""
    return not any(map(str.isalnum, hypothesis))


def has_loop(text: str) -> bool:
    """Whether the text goes round in circles: a phrase said back to back too often, or text that compresses too well.

    >>> has_loop("thank you thank you thank you thank you")
    True
    """
    return bool(repeated_phrase(text)) or compression_ratio(text) > MAX_COMPRESSION


def repeated_phrase(text: str) -> str:
    """The shortest phrase of up to MAX_NGRAM words that comes at least MIN_REPEATS times back to back, "" if none does.

    The repeats together must fill MIN_LOOP_WORDS words, so a single word counts from its sixth time on.

    >>> repeated_phrase("so i went to i went to i went to i went to bed")
    'i went to'
    """
    words = text.split()
    for n in range(1, min(MAX_NGRAM, len(words) // MIN_REPEATS) + 1):
        needed = max(MIN_REPEATS * n, -(-MIN_LOOP_WORDS // n) * n)
        run = n  # words of the current stretch in which every word equals the one n before it
        for i in range(n, len(words)):
            run = run + 1 if words[i] == words[i - n] else n
            if run >= needed:
                return " ".join(words[i - n + 1 : i + 1])
    return ""


def compression_ratio(text: str) -> float:
    """UTF-8 bytes over zlib-compressed bytes; 0 for texts under MIN_COMPRESSED_BYTES, where it says nothing.

    Deviation from Whisper, which has no lower bound on the length: none in effect, short texts never reach 2.4 there
    unless they repeat a phrase, which `repeated_phrase` finds.
    """
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if len(raw) >= MIN_COMPRESSED_BYTES else 0.0
