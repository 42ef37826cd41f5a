"""Signs that a transcript is broken, whatever its error rate: empty, far too long, too fast, going round in circles.

Conventions: inputs are already normalised text; words are what white space separates.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from modellab.types import Ratio

MAX_NGRAM = 12  # longest phrase, in words, that is looked for back to back
MIN_REPEATS = 4  # "no no no" is speech, a fourth time in a row is taken for a loop
MIN_LOOP_WORDS = 6  # ... if it fills at least this many words
MAX_COMPRESSION = 2.4  # Whisper's own threshold for a failed decoding
DENSER = 1.3  # times the reference's own compression
WINDOW = 100  # words: as many as are said in the segments of Whisper, which that threshold is for
EXCUSED = 2  # times as long as the reference says a phrase
WINDOW_LETTERS = 400  # the same where words are not told apart
LONGEST_WORD = 40  # letters; what is longer is written without blanks
WITHOUT_BLANKS = (  # Thai and Lao, Burmese, Khmer, Kana, Han
    ("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"), ("\u3040", "\u30ff"), ("\u3400", "\u9fff"),
    ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff"),
)  # fmt: skip
LETTERS = 1.5  # in a word, on average; with fewer each letter is a word
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


def made_up(reference: str, hypothesis: str) -> Ratio:
    """Whether words were made up where nobody speaks; nothing where somebody does.

    Pooled it is the fraction of clips without speech that got words, 0 to 1, lower is better; NaN where there is no
    such clip. How many words they are is in the WER, as insertions. Source: Koenecke et al. (2024), "Careless
    Whisper", and Baranski et al. (2025), who count the clips of non-speech to which Whisper gives words.

    >>> made_up("", "thank you"), made_up("", ""), made_up("yes", "no")
    (Ratio(top=1.0, bottom=1.0), Ratio(top=0.0, bottom=1.0), Ratio(top=0.0, bottom=0.0))
    """
    return Ratio(0.0, 0.0) if reference else Ratio(float(not is_empty(hypothesis)), 1.0)


def made_up_words(reference: str, hypothesis: str, duration_s: float) -> Ratio:
    """Words that were made up, out of minutes in which nobody speaks; nothing where somebody does.

    Pooled it is words per minute of non-speech, 0 or more, lower is better; NaN where there is no such clip. Unlike the
    fraction of clips it tells one word from a story, and clips of any length count alike.

    >>> made_up_words("", "thank you", 30.0), made_up_words("yes", "no", 30.0)
    (Ratio(top=2, bottom=0.5), Ratio(top=0, bottom=0.0))
    """
    return Ratio(0, 0.0) if reference else Ratio(len(hypothesis.split()), duration_s / 60)


def made_up_characters(reference: str, hypothesis: str, duration_s: float) -> Ratio:
    """The same in characters, blanks left out: for languages that set none between words.

    >>> made_up_characters("", "thank you", 30.0)
    Ratio(top=8, bottom=0.5)
    """
    return Ratio(0, 0.0) if reference else Ratio(len("".join(hypothesis.split())), duration_s / 60)


def has_loop(text: str, reference: str = "") -> bool:
    """Whether the text goes round in circles: a phrase back to back too often, or a stretch that compresses too well.

    What the reference does itself is excused, and nothing else: a phrase that it says back to back too, up to
    EXCUSED times as long, and a compression that is not far above its own.

    >>> has_loop("thank you thank you thank you thank you"), has_loop("no no no no no no", "no no no no no no")
    (True, False)
    """
    repeats = _repeats(text, MIN_REPEATS)
    if repeats:
        own = _repeats(reference, 2)
        if any(length > EXCUSED * own.get(phrase, 0) for phrase, length in repeats.items()):
            return True
    ratio = compression_ratio(text)
    return ratio > MAX_COMPRESSION and ratio > DENSER * compression_ratio(reference)


def looped_words(text: str, reference: str = "") -> Ratio:
    """Words that go round in circles out of all words of the hypothesis, in [0, 1], lower is better.

    Of each phrase that comes back to back too often its longest run counts, less what `has_loop` excuses. In a
    recording of an hour it tells a loop of ten words from one of a thousand. What only compresses too well counts none.

    >>> looped_words("so thank you thank you thank you thank you"), looped_words("no no no no no no", "no no no")
    (Ratio(top=8, bottom=9), Ratio(top=0, bottom=6))
    """
    repeats = _repeats(text, MIN_REPEATS)
    own = _repeats(reference, 2) if repeats else {}
    looped = sum(max(0, length - EXCUSED * own.get(phrase, 0)) for phrase, length in repeats.items())
    return Ratio(looped, len(_units(text)))


def repeated_phrase(text: str) -> str:
    """The shortest phrase of up to MAX_NGRAM words that comes at least MIN_REPEATS times back to back, "" if none does.

    The repeats together must fill MIN_LOOP_WORDS words, so a single word counts from its sixth time on.

    >>> repeated_phrase("so i went to i went to i went to i went to bed")
    'i went to'
    """
    words = _units(text)
    return next((" ".join(words[start : start + n]) for n, start, _ in _runs(words, MIN_REPEATS)), "")


def compression_ratio(text: str) -> float:
    """Bytes over zlib-compressed bytes of the densest stretch of the text; 0 for a text under MIN_COMPRESSED_BYTES.

    A stretch has WINDOW words, and WINDOW_LETTERS where each letter is a word.

    Deviations from Whisper, whose threshold is for segments of up to 30 s: long texts are looked at in stretches,
    because the ratio of any text grows with its length (English: 1.8 at 100 words, 2.4 at 640, 2.9 at 4,000); and a
    letter is one byte in every alphabet (two where a stretch has more than 256 different characters), because three
    bytes of UTF-8 compress to little more than one.
    """
    words = _units(text)
    blanks = sum(map(len, words)) > LETTERS * len(words)
    glue, size = (" ", WINDOW) if blanks else ("", WINDOW_LETTERS)
    starts = range(0, max(1, len(words) - size // 2), size // 2)
    return max(_ratio(glue.join(words[start : start + size])) for start in starts)


def _ratio(text: str) -> float:
    places = {letter: place for place, letter in enumerate(sorted(set(text)))}
    raw = bytes(map(places.__getitem__, text)) if len(places) <= 256 else text.encode("utf-16-le")
    return len(raw) / len(zlib.compress(raw)) if len(raw) >= MIN_COMPRESSED_BYTES else 0.0


def _repeats(text: str, least: int) -> dict[tuple[str, ...], int]:
    """The longest run, in words, of each phrase that comes `least` times back to back."""
    words = _units(text)
    longest: dict[tuple[str, ...], int] = {}
    for n, start, length in _runs(words, least):
        phrase = _turned(tuple(words[start : start + n]))
        longest[phrase] = max(length, longest.get(phrase, 0))
    return longest


def _runs(words: Sequence[str], least: int) -> Iterator[tuple[int, int, int]]:
    """Phrases back to back, short ones first: words of the phrase, where the run starts, words of the run."""
    for n in range(1, min(MAX_NGRAM, len(words) // least) + 1):
        needed = max(least * n, -(-MIN_LOOP_WORDS // n) * n) if least == MIN_REPEATS else least * n
        run = n  # words of the current stretch in which every word equals the one n before it
        for i in range(n, len(words) + 1):
            if i < len(words) and words[i] == words[i - n]:
                run += 1
                continue
            if run >= needed:
                yield n, i - run, run
            run = n


def _turned(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """The same phrase from its place in a circle that sorts first, and its shortest period."""
    n = len(phrase)
    period = next(length for length in range(1, n + 1) if n % length == 0 and phrase == phrase[:length] * (n // length))
    short = phrase[:period]
    return min(short[start:] + short[:start] for start in range(period))


def _units(text: str) -> list[str]:
    """The words; of those in scripts without blanks, and of words too long to be any, the characters."""
    units: list[str] = []
    for word in text.split():
        apart = len(word) > LONGEST_WORD or (not word.isascii() and any(map(_stands_alone, word)))
        units += list(word) if apart else [word]
    return units


def _stands_alone(character: str) -> bool:
    return any(first <= character <= last for first, last in WITHOUT_BLANKS)
