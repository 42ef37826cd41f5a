"""`modellab_en` on generated numbers: what figures and words have in common, and what a normaliser must never do.

Two properties: no figure and no sign vanishes without a word in its place, and no word appears that neither text has;
and the mark that ends a text changes nothing before it.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from modellab import text
from tests import spoken
from tests.test_text_english import MENDED, PIECES
from tests.test_text_numbers import ALIKE
from tools.performance import sentences


def modellab_en(raw: str) -> str:
    return text.get("modellab_en")(raw)


# ---------------------------------------------------------------------------- generated kinds: (written, spoken)

NUMBERS = st.integers(0, 999) | st.integers(0, 999_999) | st.integers(0, 999_999_999)
SMALL = st.integers(1, 99)
CURRENCIES = {"$": ("dollar", "dollars", "cent", "cents"), "£": ("pound", "pounds", "penny", "pence"),
              "€": ("euro", "euros", "cent", "cents"), "₹": ("rupee", "rupees", "paisa", "paise")}  # fmt: skip
SIGNED = st.sampled_from(sorted(CURRENCIES))
DASHES = st.sampled_from(["-", "–", " - ", " – ", " to "])
PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 6: "sixth", 7: "seventh", 8: "eighth", 9: "ninth",
         10: "tenth", 16: "sixteenth", 32: "thirty second", 64: "sixty fourth"}  # fmt: skip
Pair = tuple[str, str]


@st.composite
def integers(draw: st.DrawFn) -> Pair:
    n = draw(NUMBERS)
    grouped = n >= 10**6 or draw(st.booleans())
    return f"{n:,}" if grouped else str(n), spoken.cardinal(n, draw(st.sampled_from(["", "and"])))


@st.composite
def thousands(draw: st.DrawFn) -> Pair:
    n = draw(st.integers(1000, 999_999_999))
    return f"{n:,}".replace(",", draw(st.sampled_from(["\u00a0", "\u202f", "\u2009", ","]))), spoken.cardinal(n)


@st.composite
def decimals(draw: st.DrawFn) -> Pair:
    whole, parts = draw(NUMBERS), draw(st.text("0123456789", min_size=1, max_size=4))
    return f"{whole:,}.{parts}" if draw(st.booleans()) else f"{whole}.{parts}", spoken.decimal(whole, parts)


@st.composite
def amounts(draw: st.DrawFn) -> Pair:
    sign, notes, coins = draw(SIGNED), draw(st.integers(0, 999_999)), draw(st.integers(0, 99))
    one, many, coin, small = CURRENCIES[sign]
    figure = f"{notes:,}.{coins:02}" if coins else f"{notes:,}"
    if draw(st.booleans()):  # a decimal comma
        figure = f"{notes},{coins:02}" if coins else str(notes)
    said = [spoken.counted(notes, one, many)] if notes or not coins else []
    said += [spoken.counted(coins, coin, small)] if coins else []
    written = draw(st.sampled_from([f"{sign}{figure}", f"{sign} {figure}", f"{figure}{sign}", f"{figure} {sign}"]))
    return written, draw(st.sampled_from([" ", " and "])).join(said)


@st.composite
def large_amounts(draw: st.DrawFn) -> Pair:
    sign, n = draw(SIGNED), draw(st.integers(2, 999))
    letter, name = draw(st.sampled_from([("k", "thousand"), ("M", "million"), ("m", "million"), ("bn", "billion"),
                                         ("B", "billion"), (" million", "million"), ("tn", "trillion")]))  # fmt: skip
    written = draw(st.sampled_from([f"{sign}{n}{letter}", f"{n}{letter}{sign}"]))
    return written, f"{spoken.cardinal(n)} {name} {CURRENCIES[sign][1]}"


@st.composite
def percents(draw: st.DrawFn) -> Pair:
    written, said = draw(integers() | decimals())
    return draw(st.sampled_from([f"{written}%", f"{written} %"])), f"{said} percent"


@st.composite
def degrees(draw: st.DrawFn) -> Pair:
    n, (letter, scale) = (
        draw(st.integers(0, 200)),
        draw(st.sampled_from([("", ""), ("C", " celsius"), ("F", " fahrenheit")])),
    )
    return f"{n}°{letter}", f"{spoken.counted(n, 'degree', 'degrees')}{scale}"


@st.composite
def negatives(draw: st.DrawFn) -> Pair:
    written, said = draw(percents() | degrees() | st.integers(0, 999).map(lambda n: (str(n), spoken.cardinal(n))))
    return f"{draw(st.sampled_from('-−'))}{written}", f"{draw(st.sampled_from(['minus', 'negative']))} {said}"


@st.composite
def years(draw: st.DrawFn) -> Pair:
    n = draw(st.integers(1300, 2099))
    return str(n), spoken.year(n)


@st.composite
def times(draw: st.DrawFn) -> Pair:
    hour, minute = draw(st.integers(1, 24)), draw(st.integers(0, 59))
    half = draw(st.sampled_from(["", " am", " pm"])) if hour <= 12 else ""
    said = spoken.time(hour, minute)
    said = said.removesuffix(" o'clock" if half else "")
    return f"{hour}:{minute:02}{half}", said + half


@st.composite
def ordinals(draw: st.DrawFn) -> Pair:
    n = draw(st.integers(1, 999) | st.integers(1, 999_999))
    return spoken.suffix(n), spoken.ordinal(n, draw(st.sampled_from(["", "and"])))


@st.composite
def fractions(draw: st.DrawFn) -> Pair:
    bottom, whole = draw(st.sampled_from(sorted(PARTS))), draw(st.none() | st.integers(1, 99))
    top = draw(st.integers(1, bottom - 1))
    name = PARTS[bottom] if top == 1 else f"{PARTS[bottom]}s".replace("halfs", "halves")
    said = f"{draw(st.sampled_from(['one', 'a'])) if top == 1 and whole else spoken.cardinal(top)} {name}"
    return f"{f'{whole} ' if whole else ''}{top}/{bottom}", f"{f'{spoken.cardinal(whole)} and ' if whole else ''}{said}"


SIMPLE = integers() | decimals() | amounts() | percents() | degrees() | ordinals()


@st.composite
def ranges(draw: st.DrawFn) -> Pair:
    kind = draw(
        st.sampled_from([small_integers(), decimals(), amounts(), percents(), degrees(), times(), large_amounts()])
    )
    (one, said), (other, too) = draw(kind), draw(kind)
    assume(modellab_en(one) != modellab_en(other))  # "50-50" is "fifty fifty"
    return f"{one}{draw(DASHES)}{other}", f"{said} to {too}"


@st.composite
def small_integers(draw: st.DrawFn) -> Pair:
    n = draw(st.integers(0, 99))
    return str(n), spoken.cardinal(n)


@st.composite
def between(draw: st.DrawFn) -> Pair:
    one, other = draw(st.integers(1, 9).map(lambda n: n * 100)), draw(st.integers(1, 9).map(lambda n: n * 100))
    frame = draw(st.sampled_from(["between {} and {} people", "{} and {}", "{} or {} of them", "{} {}"]))
    return frame.format(one, other), frame.format(spoken.cardinal(one), spoken.cardinal(other))


KINDS = {
    "integers": integers(), "thousands": thousands(), "decimals": decimals(), "amounts": amounts(),
    "large amounts": large_amounts(), "percents": percents(), "degrees": degrees(), "negatives": negatives(),
    "years": years(), "times": times(), "ordinals": ordinals(), "fractions": fractions(), "ranges": ranges(),
    "two numbers": between(),
}  # fmt: skip
FRAMES = ("{}", "it is {} today", "so, {}.", "{}!", "we said {}, then left", '"{}"')


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data(), frame=st.sampled_from(FRAMES))
def test_figures_and_words_become_the_same(kind: str, data: st.DataObject, frame: str) -> None:
    written, said = data.draw(KINDS[kind])
    once = modellab_en(frame.format(written))
    assert once == modellab_en(frame.format(said)), written
    assert modellab_en(once) == once


# ---------------------------------------------------------------------------- nothing vanishes, nothing is invented

SIGN_WORDS = {  # signs, and how the words begin that stand for them
    "$€": ("dollar", "euro", "cent"), "£": ("pound", "pence", "penny"), "₹": ("rupee", "pais"), "%": ("percent",),
    "°": ("degree",),
}  # fmt: skip
COUNTED = "million billion trillion thousand oclock point and to minus am pm or celsius fahrenheit".split()  # noqa: SIM905
ORDINALS = [spoken.ordinal(n) for n in range(1, 11)]
JOINTS = [" ", ", ", " and ", "-", "–", " - ", " to ", "; ", " or ", ". "]
DASH = "[-−–]"
WRITTEN = SIMPLE | years() | times() | negatives() | large_amounts()


def figures(words: str) -> str:
    return "".join(character for character in words if character.isdecimal())


@given(
    parts=st.lists(WRITTEN, min_size=1, max_size=4), joints=st.lists(st.sampled_from(JOINTS), min_size=4, max_size=4)
)
@example(parts=[("0 $", "zero dollars"), ("11th", "eleventh")], joints=[" ", " "])
@example(parts=[("$401k", "four hundred one thousand dollars")], joints=[" "])
def test_no_figure_and_no_sign_vanishes_and_no_word_is_invented(parts: list[Pair], joints: list[str]) -> None:
    raw = "".join(part + joint for (part, _), joint in zip(parts, joints, strict=False))
    assume(not re.search(r"\d{4}-\d\d-\d\d", raw))  # a date: its month is a word
    assume(not re.search(r"\d [$€£₹] \.?\d+(?!\d|th|st|nd|rd)", raw))  # whose sign is it?
    said = modellab_en(raw)
    words = said.split()
    assert figures(said) == "".join(figures(modellab_en(part)) for part, _ in parts)
    known = {*COUNTED, *ORDINALS}
    for signs, names in SIGN_WORDS.items():
        there, told = sum(map(raw.count, signs)), [word for word in words if word.startswith(names)]
        assert there <= len(told) <= bool(there) * 2 * len(parts), (raw, said)  # "$5-10" has one sign for both
        known |= set(told)
    assert words.count("minus") >= raw.count("−")
    assert words.count("to") >= raw.count(" to ")
    assert words.count("minus") + words.count("to") <= len(re.findall(f"{DASH}| to ", raw)), (raw, said)
    assert all(word[0].isdecimal() or word in known for word in words), (raw, said)


@given(
    parts=st.lists(small_integers() | years(), min_size=1, max_size=6),
    joint=st.sampled_from([", ", " and ", " or ", "; "]),
)
def test_every_figure_of_a_list_is_there_in_its_place(parts: list[Pair], joint: str) -> None:
    figures = [part for part, _ in parts]
    assert [word for word in modellab_en(joint.join(figures)).split() if word.isdecimal()] == figures


MARKS = st.sampled_from([".", ",", "!", "?", ";", ":", "...", "…", "?!", "’", '"', "”", " –", "—"])
SAID = (
    st.sampled_from([pair[0] for pair in ALIKE] + [way for ways, _ in MENDED.values() for way in ways])
    | st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(" ".join)
    | WRITTEN.map(lambda pair: pair[0])
    | fractions().map(lambda pair: pair[0])
    | st.text(alphabet="0123456789.,$%€£¢ -'/:()[]aostmkdr+#&@°")
)


@given(raw=SAID, mark=MARKS)
@example(raw="one more rep", mark=".")
@example(raw="we need 1/3", mark=".")
@example(raw="a factor of .5", mark=".")
@example(raw="Apple Inc", mark=".")
@example(raw="the U S A", mark="’")
def test_the_last_mark_changes_nothing_before_it(raw: str, mark: str) -> None:
    assert modellab_en(raw + mark) == modellab_en(raw)


def test_of_thousands_of_mixed_sentences_each_is_its_own_normal_form() -> None:
    for raw in sentences.mixed(3000, seed=11):
        once = modellab_en(raw)
        assert modellab_en(once) == once, raw
