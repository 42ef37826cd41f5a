"""Profiles of single languages: what is optional goes, and no script is destroyed, as Whisper's own normaliser does."""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modellab import text
from modellab.errors import ConfigError
from modellab.text import letters, numeral_names, profiles, scripts
from modellab.text.folding import basic
from modellab.types import Ratio

TABLE = [
    # language, raw, normalised
    ("hi", "हिन्दी में ४२ बातें।", "हिन्दी में 42 बातें"),
    ("hi", "क़लम और कलम", "क़लम और कलम"),
    ("ta", "தமிழ் மொழி!", "தமிழ் மொழி"),
    ("bn", "বাংলা ভাষা।", "বাংলা ভাষা"),
    ("th", "ดี มาก 12 ขวด", "ดี ม า ก 12 ข ว ด"),
    ("my", "မြန်မာ", "မြ န် မာ"),
    ("zh", "我愛Python 3，好。", "我 愛 python 3 好"),
    ("cmn_Hant", "語言", "語 言"),
    ("ja", "コーヒーを２杯、お願い。", "コ ー ヒ ー を 2 杯 お 願 い"),
    ("ko", "안녕하세요, 세계!", "안녕하세요 세계"),
    ("ar", "الكِتَابُ الجَدِيدُ ٤٢", "الكتاب الجديد 42"),
    ("arb", "أحمد إلى آخر", "أحمد إلى آخر"),
    ("fa", "كتاب عربي", "کتاب عربی"),
    ("he", "שָׁלוֹם עולם", "שלום עולם"),
    ("ru", "Ещё ёлка, мой йод!", "еще елка мой йод"),
    ("el", "Καλημέρα, ΚΌΣΜΕ ΟΔΟΣ", "καλημέρα κόσμε οδοσ"),
    ("tr", "IŞIK İzmir", "ışık izmir"),
    ("de", "IST Straße schön?", "ist strasse schön"),
    ("fr", "L\u2019eau d'été", "l eau d été"),
    ("vi", "Tiếng Việt", "tiếng việt"),
    ("en", "It's forty-two", "it is 42"),
]
LANGUAGES = sorted(
    {language for language, _, _ in TABLE} - {"en", "cmn_Hant", "arb"}
    | {"ur", "km", "lo", "be", "ca", "ro", "ml", "uz", "haw", "uk", "yi", "ckb", "es", "it", "pt", "nl", "da"}
)
ALPHABET = st.characters(codec="utf-8", max_codepoint=0x30FF) | st.sampled_from("猫語言ёЁIİı'\u2019\u200d\u0307ﻻ１٣ि้")


def auto(language: str) -> Callable[[str], str]:
    return text.get("auto").for_language(language)


@pytest.mark.parametrize(("language", "raw", "normalised"), TABLE)
def test_what_each_language_gets(language: str, raw: str, normalised: str) -> None:
    assert auto(language)(unicodedata.normalize("NFD", raw)) == auto(language)(raw)
    assert auto(language)(raw) == unicodedata.normalize("NFC", normalised)


@given(raw=st.text(ALPHABET), language=st.sampled_from(LANGUAGES))
def test_twice_is_once(raw: str, language: str) -> None:
    """But for a capital behind a figure: "5 M" are no metres, and "5 m", as it stands afterwards, are some."""
    assume(not re.search(r"\d\s?[A-Z]", unicodedata.normalize("NFKC", raw)))
    once = auto(language)(raw)
    assert auto(language)(once) == once == " ".join(once.split())


INDIC = st.characters(categories=["Lo", "Mn", "Mc"], min_codepoint=0x0900, max_codepoint=0x0DFF)
OTHERS = st.characters(categories=["Lo", "Mn", "Mc"], min_codepoint=0x0E00, max_codepoint=0x0EFF)


@given(words=st.lists(st.text(INDIC, min_size=1), max_size=5), language=st.sampled_from(["hi", "ta", "bn", "te", "si"]))
def test_no_letter_and_no_vowel_sign_of_an_indic_script_is_lost(words: list[str], language: str) -> None:
    raw = unicodedata.normalize("NFKC", " ".join(words))
    assert auto(language)(raw) == letters.joined(raw, language)


@given(word=st.text(OTHERS, min_size=1), language=st.sampled_from(["th", "lo"]))
def test_nothing_of_thai_and_lao_is_lost(word: str, language: str) -> None:
    kept = auto(language)(word).replace(" ", "")
    whole = letters.joined(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", word)), language)
    assert unicodedata.normalize("NFKC", kept) == unicodedata.normalize("NFKC", whole)


def test_whispers_own_normaliser_destroys_what_ours_keeps() -> None:
    """The reason for all this: its BasicTextNormalizer takes vowel signs for symbols (openai-whisper)."""
    package = importlib.util.find_spec("whisper")
    if package is None or package.origin is None:
        pytest.skip("openai-whisper is not installed: pip install 'modellab[whisper]'")
    spec = importlib.util.spec_from_file_location("basic", Path(package.origin).parent / "normalizers" / "basic.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    theirs: Callable[[str], str] = module.BasicTextNormalizer()
    assert theirs("की").split() == theirs("का").split() == theirs("कु").split() == ["क"]
    assert len({auto("hi")(word) for word in ("की", "का", "कु")}) == 3


@pytest.mark.parametrize(("language", "splits"), [("zh", True), ("th", True), ("ko", False), ("hi", False)])
def test_a_profile_says_whether_it_splits_characters(language: str, splits: bool) -> None:
    assert text.get("auto").for_language(language).splits is splits


def test_only_auto_asks_for_the_language() -> None:
    assert text.get("basic").for_language("zh") is text.get("basic")
    assert text.get("auto").for_language("") is text.get("auto")
    assert text.get("auto").for_language("eng") is text.get("modellab_en")
    assert text.get("auto")("Ёлка") == basic("Ёлка")
    assert str(text.get("auto").for_language("hin")).replace(":hi", "") == str(text.get("auto"))
    with pytest.raises(ConfigError, match="unknown language code 'klingon'"):
        text.get("auto").for_language("klingon")


def test_every_profile_is_of_a_language_code() -> None:
    own = {*profiles._LETTERS, *profiles._CAPITALS, *profiles.UNSPACED, *profiles.APOSTROPHE_PARTS}
    for language in {*own, *letters.PAIRS, *letters.AFTER, *letters.EVERYWHERE, *numeral_names.LANGUAGES}:
        assert text.get("auto").for_language(language).name == f"auto:{language}"


def test_letters_of_another_script_are_counted() -> None:
    assert scripts.foreign("コーヒー 12 杯!", ("Han", "Hira", "Kana")) == Ratio(0, 5)
    assert scripts.foreign("हिन्दी", ("Deva",)) == Ratio(0, 3)
    assert scripts.foreign("κόσμε", ("Cyrl",)) == Ratio(5, 5)
    assert scripts.foreign("...", ("Latn",)) == Ratio(0, 0)
