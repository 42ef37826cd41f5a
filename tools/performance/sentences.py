"""Sentences for tests and timings of text: like read speech, like what engines write, and like nothing at all."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache

COMMON = """the of and to a in that he was it his her with as had for she not at but on is you him they be my have
were me all by said so from this one which there them no when or an would their who what if been out up we do into
could will then more your man some now any about time like than other did very before should little only upon down
good after over men made see how old must great know come such well most here made way long day came where too own
two every never first"""
SYLLABLES = (
    "ba be bi bo bu da de do fa fe fi go ha ka la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa se si so ta te"
)
ENDINGS = ("", "", "ing", "ed", "ly", "er", "s", "tion", "ness", "ful", "'s", "ment", "ous")
NUMBERS = """zero oh o one two three four five six seven eight nine ten eleven twelve thirteen fifteen nineteen
twenty thirty forty fifty eighty ninety hundred thousand million billion hundreds millions first second third fifth
twelfth twentieth hundredth ones twos tens twenties sixties and a half point double triple minus plus negative
positive percent per cent cents dollar dollars pounds euro"""
FIGURES = """0 1 2 3 5 7 10 11 20 21 42 99 100 1000 2.5 0.5 3.14 10:00 1/2 1,000 1,000,000 $5 $2.50 $1 £3 €20 ¢7
$0.07 5% 50 % 21st 2nd 3rd 1960s '90s 1s 2s 007 555-0123 -5 +3 2.0.1 192.168.1.1 1990-95 24/7 3x a1 b2c 4k $20 ٣ ５
½ ² no.1"""
WRITTEN = """Mr. Mrs. Dr St. Jr Prof. Capt. Gov. gen. rev lt. col esq sen. won't can't let's ain't y'all wanna
gotta gonna i'ma imma woulda coulda shoulda ma'am i'm you're he's she'd they'll we've don't isn't dog's 'tis
o'clock rock'n'roll he'd been she's gone it's got they'd done who's been the cause dunno kinda sorta uh um hmm mm
mhm Uh, um' mm's hmm-hmm uh-huh colour grey organise honour travelled centre I O Oh! A.M. p.m. U.S. e.g. i.e. etc.
... -- - — – ' " “quoted” ’ it’s co-operate (noise) (John Smith) [laughter] <unk> [ ( ) ] < > naïve café Ångström
œuvre straße Łódź ø þ İ ﬁve ①② ﷺ 你好 हिन्दी ไทย 😀 C++ #1 & @home x² 100°C a_b a/b and/or ™ \u00ad \u200b \u00a0
\u2003 \t \n half and a half two and a half"""
POOLS = [(COMMON.split(), 8), (NUMBERS.split(), 6), (FIGURES.split(), 3), (WRITTEN.split(" "), 4)]
GLUE = (*[" "] * 40, "  ", ", ", ". ", "-", "", "'", " '", "\t", "\n", "; ")


@cache
def vocabulary(size: int) -> tuple[str, ...]:
    """Made-up words, the same for everyone."""
    dice = random.Random(size)
    syllables = SYLLABLES.split()
    return tuple("".join(dice.choices(syllables, k=dice.choice((2, 2, 3, 3, 4)))) + dice.choice(ENDINGS)
                 for _ in range(size))  # fmt: skip


def mixed(count: int, seed: int = 1) -> Iterator[str]:
    """Sentences of everything that a normaliser has a rule for, and of what it has none for."""
    dice = random.Random(seed)
    pools, weights = zip(*POOLS, strict=True)
    for _ in range(count):
        parts = [dice.choice(dice.choices(pools, weights)[0]) for _ in range(dice.randint(0, 12))]
        sentence = "".join(part + dice.choice(GLUE) for part in parts)
        yield sentence.title() if dice.random() < 0.1 else sentence


def read_speech(count: int, seed: int = 1) -> list[str]:
    """Different sentences as of LibriSpeech's test-clean: 20 words each, half of them frequent ones, a few numbers.

    One word in 60 is a number and one in 90 has an apostrophe, as in the real one; no sentence comes twice.
    """
    dice = random.Random(seed)
    rare, common, numbers = vocabulary(8000), COMMON.split(), NUMBERS.split()[3:30]
    sentences: dict[str, None] = {}
    while len(sentences) < count:
        words = [_word(dice, common, rare, numbers) for _ in range(dice.randint(5, 39))]
        sentences[" ".join(words)] = None
    return list(sentences)


def _word(dice: random.Random, common: list[str], rare: tuple[str, ...], numbers: list[str]) -> str:
    kind = dice.random()
    if kind < 1 / 60:
        return dice.choice(numbers)
    if kind < 1 / 60 + 1 / 90:
        return dice.choice(("don't", "it's", "i'll", "o'clock", "king's", "he'd", "that's", "wouldn't"))
    return dice.choice(common) if kind < 0.55 else rare[int(len(rare) * dice.random() ** 3)]


def misheard(sentence: str, dice: random.Random, share: float = 0.05) -> str:
    """The sentence with this share of its words substituted, left out or followed by another."""
    heard = []
    for word in sentence.split():
        kind = dice.random() / share
        if kind >= 1 or kind < 1 / 2:
            heard.append(word if kind >= 1 else dice.choice(vocabulary(8000)))
        elif kind >= 3 / 4:
            heard += [word, dice.choice(vocabulary(8000))]
    return " ".join(heard)
