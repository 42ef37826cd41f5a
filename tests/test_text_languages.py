"""Profiles of single languages: letters that Unicode does not join, apostrophes, numbers in words and in figures."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modellab import text
from modellab.text import numeral_names, profiles
from modellab.text.apostrophes import APOSTROPHES
from modellab.text.folding import basic
from tests import transcripts_amounts, transcripts_languages, transcripts_parts, transcripts_signs


def auto(language: str, raw: str) -> str:
    return text.get("auto").for_language(language)(raw)


APOSTROPHE_WORDS = {"uk": "м'ята", "fr": "l'eau", "it": "dell'arte", "uz": "o'zbek", "he": "ג'ירפה", "nl": "foto's",
                    "pl": "Chopin'a", "tr": "İstanbul'da", "en": "don't", "haw": "Hawai'i", "br": "c'hoar"}  # fmt: skip


@pytest.mark.parametrize("apostrophe", sorted(APOSTROPHES), ids=lambda mark: f"U+{ord(mark):04X}")
@pytest.mark.parametrize("language", APOSTROPHE_WORDS)
def test_every_apostrophe_is_one(language: str, apostrophe: str) -> None:
    word = APOSTROPHE_WORDS[language]
    assert auto(language, word.replace("'", apostrophe)) == auto(language, word)
    assert basic(word.replace("'", apostrophe)) == basic(word)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("uz", "ot", "oʻt"), ("haw", "pau", "paʻu"), ("fr", "leau", "l'eau"), ("ro", "sa", "șa"), ("he", "צה", "צה״ל")],
)
def test_what_an_apostrophe_or_a_mark_tells_apart_stays_apart(language: str, one: str, other: str) -> None:
    assert auto(language, one) != auto(language, other)


JOINED = [
    ("ro", "și ea înțelege știința", "şi ea înţelege ştiinţa"), ("ro", "ȘTIINȚA", "ŞTIINŢA"),
    ("ml", "അവൻ", "അവന്\u200d"), ("ml", "അവർ കൾ", "അവര്\u200d കള്\u200d"), ("ml", "എന്റെ", "എൻ്റെ"),
    ("bn", "হঠাৎ", "হঠাত্\u200d"), ("as", "হঠাৎ", "হঠাত্\u200d"), ("mr", "दऱ्या", "दर्\u200dया"), ("ta", "ஶ்ரீ", "ஸ்ரீ"),
    ("th", "น้ำ", "นํ้า"), ("th", "แม่", "เเม่"), ("uz", "oʻzbek gʻalaba", "o'zbek g‘alaba"), ("he", "צה״ל", 'צה"ל'),
    ("he", "צ׳ק", "צ'ק"), ("yi", "ייִדיש װאָס", "ייִדיש וואָס"), ("fa", "کتاب عربی", "كتاب عربي"), ("fa", "خانهٔ", "خانۀ"),
    ("ur", "یہ", "يه"), ("ar", "كتاب عربي", "کتاب عربی"), ("ckb", "ئەو", "ئه\u200cو"), ("az", "ələ", "ǝlǝ"),
    ("tr", "İZMİR ışık", "izmir IŞIK"), ("vi", "đi", "Ði"), ("hr", "đak", "ðak"), ("yo", "ẹ̀kọ́", "è̩kó̩"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "one", "other"), JOINED)
def test_letters_that_unicode_does_not_join(language: str, one: str, other: str) -> None:
    assert auto(language, one) == auto(language, other) == auto(language, auto(language, one))
    assert auto(language, unicodedata.normalize("NFD", other)) == auto(language, one)


# ---------------------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("language", "written"), [("da", "5 kroner"), *((each, "5 kr") for each in ["de", "es", "fr", "it", "nl", "pt"])]
)
def test_a_unit_that_a_language_does_not_know_stays(language: str, written: str) -> None:
    assert auto(language, "5 kr") == auto(language, written)
    assert auto(language, "5 kr").split()[-1] == written.split()[-1]


NUMBERS = {
    "fr": [("vingt-et-un chats", "21 chats"), ("vingt et un", "21"), ("quatre-vingt-dix-sept", "97"), ("deux", "2"),
           ("septante deux", "72"), ("trois virgule quatorze", "3,14"), ("trois virgule zéro cinq", "3,05"),
           ("deux virgule cinq millions d'euros", "2,5 millions d’euros"), ("deux millions", "2 000 000"),
           ("un million deux cent mille", "1\u202f200\u202f000"), ("cinq euros", "5 €"), ("cinq euros", "€5"),
           ("dix pour cent", "10\u00a0%"), ("un deux trois", "1, 2, 3"), ("zéro six douze", "06 12"),
           ("mille neuf cent quatre vingt dix neuf", "1999"), ("deux mille personnes", "2 000 personnes"),
           ("vingt\u2011deux", "22"), ("Vingt-Deux !", "22"), ("vingt degrés", "20 °"), ("cent", "100")],
    "es": [("treinta y uno", "31"), ("dos millones", "2.000.000"), ("tres coma catorce", "3,14"), ("dos", "2"),
           ("cinco por ciento", "5 %"), ("mil millones", "1.000.000.000"), ("un millón", "1.000.000"),
           ("dos mil quinientos", "2.500"), ("uno dos tres", "1 2 3"), ("veintidós", "22"), ("cien euros", "100 €")],
    "pt": [("vinte e um", "21"), ("dois mil e quinhentos", "2.500"), ("um milhão", "1.000.000"),
           ("duas casas", "2 casas"),
           ("dez por cento", "10%"), ("três vírgula catorze", "3,14"), ("mil novecentos e noventa e nove", "1999")],
    "de": [("einundzwanzig", "21"), ("eine Million", "1.000.000"), ("zweitausendfünfhundert Euro", "2.500 €"),
           ("drei Komma eins vier", "3,14"), ("zwei Hunde", "2 Hunde"), ("zehn Prozent", "10 %"),
           ("acht Uhr", "8 Uhr"),
           ("neunzehnhundertneunundneunzig", "1999"), ("eins zwei drei vier", "1 2 3 4"),
           ("am dritten Mai", "am 3. Mai"),
           ("zwei hundert fünf", "205"), ("null sechs", "06")],
    "nl": [("eenentwintig", "21"), ("een miljoen", "1.000.000"), ("tweeduizend vijfhonderd", "2.500"),
           ("twee huizen", "2 huizen"), ("drie komma veertien", "3,14"), ("tien procent", "10%")],
    "da": [("enogtyve", "21"), ("en million", "1.000.000"), ("to huse", "2 huse"), ("totusindfireogtyve", "2024")],
    "it": [("ventuno", "21"), ("due milioni", "2.000.000"), ("sei anni", "6 anni"), ("duecentocinque", "205"),
           ("tre virgola quattordici", "3,14"), ("dieci percento", "10%"), ("duemilacinquecento", "2.500")],
}  # fmt: skip
ROWS = [(language, *row) for language, rows in NUMBERS.items() for row in rows]
ARTICLES = [("fr", "une maison et un chien"), ("de", "ein haus und eine katze"), ("es", "un perro y una casa"),
            ("nl", "een huis en een kat"), ("da", "et hus og en kat"), ("pt", "um gato e uma casa"),
            ("it", "una casa e un gatto")]  # fmt: skip


@pytest.mark.parametrize(("language", "words", "figures"), ROWS)
def test_numbers_in_words_and_in_figures_are_one(language: str, words: str, figures: str) -> None:
    once = auto(language, words)
    assert once == auto(language, figures) == auto(language, unicodedata.normalize("NFD", words))
    assert auto(language, once) == once
    assert any(map(str.isdecimal, once))


MORE = [(language, *row) for language, rows in transcripts_languages.NUMBERS.items() for row in rows]


@pytest.mark.parametrize(("language", "words", "figures"), MORE)
def test_what_transcripts_write_in_words_and_in_figures_is_one(language: str, words: str, figures: str) -> None:
    once = auto(language, words)
    assert once == auto(language, figures)
    assert auto(language, once) == once


SIGNS = [
    (language, *row)
    for alike in (
        transcripts_signs.ALIKE,
        transcripts_signs.RAISED,
        transcripts_parts.OTHERS,
        transcripts_amounts.OTHERS,
    )
    for language, rows in alike.items()
    for row in rows
]


@pytest.mark.parametrize(("language", "written", "said"), SIGNS)
def test_signs_abbreviations_and_numerals_are_as_they_are_said(language: str, written: str, said: str) -> None:
    once = auto(language, written)
    assert once == auto(language, said)
    assert auto(language, once) == once


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("fr", "-5", "5"), ("de", "10-12", "10 12"), ("es", "3,50 €", "350 €"), ("fr", "1 maison", "une maison"),
     ("de", "1, 2, 3", "ein 2 3"), ("nl", "06 19 84", "06 1984"), ("de", "12-34-56", "12 bis 34 bis 56"),
     ("fr", "5,00 €", "500 €"),
     ("es", "5,05 €", "5 €"), ("pt", "R$ 5,00", "US$ 5,00"), ("de", "+5", "-5"), ("fr", "5 m²", "5 m³"),
     ("it", "5 m²", "5 m"), ("fr", "18h00", "18h10"), ("nl", "1.000 euro", "1 euro"),
     ("de", "10⁵", "105"), ("fr", "5²", "52"), ("pl", "10⁵", "105"), ("ja", "5²", "52"), ("es", "C++", "C"),
     ("it", "x < 5", "x > 5"), ("nl", "§ 5", "5"), ("da", "± 5", "5"), ("pt", "10⁻³", "103")],
)  # fmt: skip
def test_what_is_said_differently_in_a_language_differs(language: str, one: str, other: str) -> None:
    assert auto(language, one) != auto(language, other)


@pytest.mark.parametrize(("language", "raw"), ARTICLES)
def test_articles_are_no_numbers(language: str, raw: str) -> None:
    assert auto(language, raw) == raw


@given(n=st.just(0) | st.integers(2, 999_999_999), language=st.sampled_from(sorted(numeral_names.LANGUAGES)))
def test_figures_stay_what_they_are(n: int, language: str) -> None:
    assume(n % 1_000_000 != 1)  # which is an article behind the millions, too
    words = auto(language, str(n)).split()
    scales = {"million": 10**6, "milliard": 10**9}
    value = 0
    for i, word in enumerate(words):
        if word not in scales:
            value += int(word) * (scales[words[i + 1]] if i + 1 < len(words) else 1)
    assert value == n
    assert auto(language, f"{n:,}".replace(",", "\u00a0")) == " ".join(words)


@pytest.mark.parametrize("language", sorted(numeral_names.LANGUAGES))
def test_long_texts_are_read_in_pieces_that_part_no_number(language: str) -> None:
    words, figures = NUMBERS[language][0]
    assert auto(language, f"{words} bla " * 500) == auto(language, f"{figures} bla " * 500)
    assert auto(language, "9" * 100_000).replace(" ", "") == "9" * 100_000
    assert auto(language, f"{NUMBERS[language][-1][0]} " * 5000)


def test_a_language_whose_numbers_are_not_folded_says_so() -> None:
    assert text.as_written("auto", ["pl", "en", "jpn", "fr", ""]) == "ja, pl"
    assert text.as_written("basic", ["pl"]) == text.as_written("auto", ["deu", "eng"]) == ""
    assert profiles.folds_numbers("it")
    for language in ("pl", "ja", "zh", "hi"):
        assert auto(language, "12") != auto(language, "twelve")


@pytest.mark.parametrize("language", ["fr", "de", "zh", "hi", "uk", "ro"])
@pytest.mark.parametrize("piece", ["<", "9", "$", "un ", "deux ", "\u00a01", "9,", "1.", "猫", "'", '"', "0"])
def test_what_is_absurdly_long_ends(language: str, piece: str) -> None:
    once = auto(language, (piece * 20_000)[:20_000])
    assert once.count("9") == (piece * 20_000)[:20_000].count("9")
