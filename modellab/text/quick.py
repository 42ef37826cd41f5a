"""OpenAI's English normaliser, many times as fast and with the same output: each word and number phrase is done once.

Almost everything that it does to a sentence happens within one stretch without white space. So the result of each such
stretch is remembered (its `part`), and only what crosses white space is done for the sentence: brackets, an apostrophe
behind a blank, "'s been", numbers in several words, symbols beside them. Numbers are cut out as phrases, which do not
influence each other, and remembered as well. What is left, such as "and a half", is given to the original.

The original's own objects do the work wherever something is done for the first time. That both agree is tested on
generated sentences, see `tools/performance/text.py`.

The original fails at a figure of more than 4,300 digits and takes quadratic time for some texts ("<" without an end).
Here every text takes linear time and none fails: figures of more than MOST_DIGITS and numbers of more than MOST_WORDS
are cut in pieces of that size. Up to there the output is the original's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

REMEMBERED = 1 << 18  # stretches and phrases, each; then all are forgotten
MOST_DIGITS = 1000  # of one figure; longer ones are cut
MOST_WORDS = 1000  # of one number; longer ones are cut
SHORT = 100  # words of a piece where the original fails: no such number has 4,300 digits
BRACKETS = re.compile(r"[<\[][^>\]]*[>\]]")
PARENTHESES = re.compile(r"\(([^)]+?)\)")
BEFORE_APOSTROPHE = re.compile(r"\s+'")
COMMA = re.compile(r"(\d),(\d)")
PERIOD = re.compile(r"\.([^0-9]|$)")
LETTER_DIGIT = re.compile(r"([a-z])([0-9])")
DIGIT_LETTER = re.compile(r"([0-9])([a-z])")
SUFFIX = re.compile(r"([0-9])\s+(st|nd|rd|th|s)\b")
NUMBER = re.compile(r"\d+(\.\d+)?")
AWKWARD = re.compile(r"[\d.%$¢€£]|half")  # what a sentence has to look at as a whole
DIGIT = re.compile(r"[0-9]")
SYMBOLS = re.compile(r"[.%$¢€£]")
ONE = re.compile(r"\b1(s?)\b")
SYMBOL = re.compile(r"[.$¢€£]([^0-9])")
PERCENT = re.compile(r"([^0-9])%")
SPACE = re.compile(r"\s+")
BLANKS = re.compile(r"\s{3,}")
FIGURE = re.compile(rf"\d{{{MOST_DIGITS}}}(?=\d)")
PLAIN = re.compile(r"([a-z]+)[,.?!;:]?")
LETTERS = re.compile(r"[a-z]+")
BARE = re.compile(r"\\b([a-z]+)\\b")
VERB = re.compile(r"'[sd] (?:been|gone|done|got)")
VERBS = ("been", "gone", "done", "got")  # behind 's and 'd they tell has and had from is and would


class Quick:
    """A drop-in for the original `EnglishTextNormalizer`, which it is given."""

    def __init__(self, original: Any) -> None:
        from whisper_normalizer.basic import remove_symbols_and_diacritics

        self.original = original
        self.numbers = original.standardize_numbers
        self.spelling: dict[str, str] = original.standardize_spellings.mapping
        self.ignored = re.compile(original.ignore_patterns)
        self.filler_apostrophe = re.compile(f"{original.ignore_patterns}'")
        self.replacers = [(re.compile(pattern), text) for pattern, text in original.replacers.items()]
        self.contractions = [replacer for replacer in self.replacers if "'" in replacer[0].pattern]
        self.fold: Callable[..., str] = remove_symbols_and_diacritics
        self.number_words: frozenset[str] = frozenset(self.numbers.words)
        self.telling = self.number_words - {"and"}  # without one of these there is no number
        self.ruled = _ruled(original)
        self.parts: dict[str, str] = {}  # stretch -> its words; of an awkward one before numbers and spelling
        self.awkward: set[str] = set()
        self.phrases: dict[str, list[str]] = {}  # number words -> what becomes of them
        self.cuts = 0  # how often a figure or a number was cut

    def __call__(self, text: str) -> str:
        """The same as the original's."""
        text = text.lower()
        if "[" in text or "<" in text:
            text = _closed(BRACKETS, text, ">]")
        if "(" in text:
            text = _closed(PARENTHESES, text, ")")
        stretches = text.split()
        if "'" in text:
            plain = " ".join(stretches)
            if plain != text.strip():
                return self._slowly(text)  # "he'd  been" is "he would been", and "he'd been" is not
            if " '" in plain or (("m'" in plain or "h'" in plain) and self.filler_apostrophe.search(plain)):
                plain = BEFORE_APOSTROPHE.sub("'", self.ignored.sub("", plain))
                if "'s  " in plain or "'d  " in plain:
                    return self._slowly(text)
                stretches = plain.split()
            if VERB.search(plain):
                stretches = _verbs_joined(stretches)
        try:
            words = [self.parts[stretch] for stretch in stretches]
        except KeyError:
            self._learn(stretches)
            words = [self.parts[stretch] for stretch in stretches]
        if self.awkward.isdisjoint(stretches):
            return " ".join(filter(None, words))
        return self._whole(" ".join(words))

    def _slowly(self, text: str) -> str:
        """What the original gives for a text without brackets."""
        text = BLANKS.sub("  ", text)  # more than two are as two
        try:
            return str(self.original(text))
        except (ValueError, AssertionError):  # a number that is too long for it
            self.cuts += 1
            return " ".join(filter(None, map(self, text.split())))

    def _learn(self, stretches: list[str]) -> None:
        if len(self.parts) > REMEMBERED:
            self.parts.clear()
            self.awkward.clear()
        for stretch in stretches:
            if stretch not in self.parts:
                plain = PLAIN.fullmatch(stretch)
                part = plain[1] if plain and plain[1] not in self.ruled else self._part(stretch)
                words = part.split()
                if AWKWARD.search(part) or not self.telling.isdisjoint(words):
                    self.awkward.add(stretch)
                    self.parts[stretch] = part
                else:
                    self.parts[stretch] = " ".join(self.spelling.get(word, word) for word in words)

    def _part(self, text: str) -> str:
        """One stretch after everything that the original does before numbers."""
        if not self.ruled.isdisjoint(LETTERS.findall(text)):
            text = self.ignored.sub("", text)
            for pattern, replacement in self.replacers:
                text = pattern.sub(replacement, text)
        elif "'" in text:
            for pattern, replacement in self.contractions:
                text = pattern.sub(replacement, text)
        return self.fold(PERIOD.sub(r" \1", COMMA.sub(r"\1\2", text)), keep=".%$¢€£")

    def _whole(self, text: str) -> str:
        """A sentence with numbers or symbols, from the parts of its stretches."""
        if "half" in text:
            text = self.numbers.preprocess(text)
        elif DIGIT.search(text):
            text = DIGIT_LETTER.sub(r"\1 \2", LETTER_DIGIT.sub(r"\1 \2", text))
            text = SUFFIX.sub(r"\1\2", text)
        words = self._counted(text.split())
        text = " ".join(words)
        if "$" in text or "€" in text or "£" in text:
            words = self.numbers.postprocess(text).split()
        elif "1" in text:
            words = ONE.sub(r"one\1", text).split()
        text = " ".join([self.spelling.get(word, word) for word in words])
        if not SYMBOLS.search(text):
            return text
        return SPACE.sub(" ", PERCENT.sub(r"\1 ", SYMBOL.sub(r" \1", text)))

    def _counted(self, words: list[str]) -> list[str]:
        """The words with numbers in figures, phrase by phrase."""
        counted: list[str] = []
        phrase: list[str] = []
        pieces = _cut(words)
        self.cuts += len(pieces) > len(words)
        for word in pieces:
            if word in self.number_words or (word[-1].isdecimal() and self._is_number(word)):
                phrase.append(word)
                continue
            if phrase:
                counted += self._figures(phrase)
                phrase = []
            counted.append(word)
        return [*counted, *self._figures(phrase)] if phrase else counted

    def _is_number(self, word: str) -> bool:
        return bool(NUMBER.fullmatch(word[1:] if word[0] in self.numbers.prefixes else word))

    def _figures(self, phrase: list[str]) -> list[str]:
        key = " ".join(phrase)
        if (known := self.phrases.get(key)) is None:
            if len(self.phrases) > REMEMBERED:
                self.phrases.clear()
            self.cuts += len(phrase) > MOST_WORDS
            pieces = (phrase[i : i + MOST_WORDS] for i in range(0, len(phrase), MOST_WORDS))
            known = self.phrases[key] = [word for piece in pieces for word in self._processed(piece)]
        return known

    def _processed(self, phrase: list[str]) -> list[str]:
        """What the original makes of one number, of its pieces where it is too long for it."""
        try:
            return [word for word in self.numbers.process_words(phrase) if word is not None]
        except (ValueError, AssertionError):
            if len(phrase) <= SHORT:
                raise
            self.cuts += 1
            pieces = (phrase[i : i + SHORT] for i in range(0, len(phrase), SHORT))
            return [word for piece in pieces for word in self._processed(piece)]


def _closed(pattern: re.Pattern[str], text: str, closing: str) -> str:
    """The text without what is between brackets, looking no further than to the last one that closes."""
    end = max(text.rfind(mark) for mark in closing) + 1
    return pattern.sub("", text[:end]) + text[end:]


def _cut(words: list[str]) -> list[str]:
    """The words, with figures of more than MOST_DIGITS in pieces."""
    if all(len(word) <= MOST_DIGITS for word in words):
        return words
    return [piece for word in words for piece in FIGURE.sub(r"\g<0> ", word).split()]


def _verbs_joined(stretches: list[str]) -> list[str]:
    """Stretches of which "'s" or "'d" and a verb behind them are one."""
    joined = stretches[:1]
    for stretch in stretches[1:]:
        if stretch.startswith(VERBS) and joined[-1].endswith(("'s", "'d")):
            joined[-1] += f" {stretch}"
        else:
            joined.append(stretch)
    return joined


def _ruled(original: Any) -> frozenset[str]:
    """The words of letters alone for which the original has a rule before numbers and spelling."""
    patterns = [*original.replacers, *re.sub(r"[()]", "", original.ignore_patterns).replace("|", r"\b,\b").split(",")]
    bare = {pattern: BARE.fullmatch(pattern) for pattern in patterns if "'" not in pattern}
    assert all(bare.values()), f"rules of another form than expected: {bare}"
    return frozenset(match[1] for match in bare.values() if match)
