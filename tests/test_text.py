"""The normalisers: what they do, that whisper_en is OpenAI's, and that a change of one shows in its hash."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modellab import text
from modellab.errors import ConfigError
from modellab.text.folding import basic
from modellab.text.library import whisper_files
from tools.performance.text import original

TABLE = [
    # text, basic, whisper_en
    ("Turn ON the light!", "turn on the light", "turn on the light"),
    ("  two  \t words\n", "two words", "2 words"),
    ("Don't stop", "dont stop", "do not stop"),
    ("Don\u2019t stop", "dont stop", "don t stop"),
    ("uh, well-known", "uh well known", "well known"),
    ("the cause of it, dunno", "the cause of it dunno", "the cause of it dunno"),
    ("kinda sorta", "kinda sorta", "kinda sorta"),
    ("forty two degrees", "forty two degrees", "42 degrees"),
    ("twenty five dollars", "twenty five dollars", "$25"),
    ("$2.5 million", "2 5 million", "$2500000"),
    ("Main St.", "main st", "main saint"),
    ("ten o'clock", "ten oclock", "100 clock"),
    ("the colour of aluminium", "the colour of aluminium", "the color of aluminum"),
    ("caf\u00e9 STRASSE stra\u00dfe", "caf\u00e9 strasse strasse", "cafe strasse strasse"),
    ("\ufb01ve \uff15", "five 5", "5 5"),
    ("हिन्दी में", "हिन्दी में", "ह नद म"),
    ("ไม่มีน้ำ", "ไม่มีน้\u0e4dา", "ไมมนา"),
    ("soft\u00adhyphen zero\u200cwidth", "softhyphen zerowidth", "soft\u00adhyphen zero\u200cwidth"),
    ("", "", ""),
    ("?!", "", ""),
]


@pytest.mark.parametrize(("raw", "basic", "whisper_en"), TABLE, ids=[repr(raw) for raw, _, _ in TABLE])
def test_what_each_normaliser_makes_of_it(raw: str, basic: str, whisper_en: str) -> None:
    assert text.get("none")(raw) == raw
    assert text.get("basic")(raw) == basic
    assert text.get("whisper_en")(raw) == whisper_en


@given(st.text())
def test_basic_is_idempotent_and_leaves_single_spaces(raw: str) -> None:
    once = basic(raw)
    assert basic(once) == once
    assert once == " ".join(once.split())
    assert once == once.casefold()


@given(st.text(alphabet=st.characters(categories=["Ll", "Lo", "Mn", "Mc", "Nd", "Zs"], max_codepoint=0x0EFF)))
def test_basic_keeps_every_letter_digit_and_combining_mark(raw: str) -> None:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", raw).casefold())
    assume(all(unicodedata.category(c)[0] in "LMNZ" for c in folded))  # a few letters fold to an apostrophe
    assert basic(raw) == " ".join(folded.split())


# ---------------------------------------------------------------------------- whisper_en is OpenAI's


@pytest.fixture(scope="module")
def openai() -> Callable[[str], str]:
    """The original, loaded without the rest of its package (which would bring torch)."""
    if (found := original()) is None:
        pytest.skip("openai-whisper is not installed: pip install 'modellab[whisper]'")
    return found


PIECES = """
the cause of kinda sorta dunno wanna gonna gotta won't can't let's ain't y'all n't 'd 's got i'ma imma ma'am 've been
Mr. Mrs Dr St. Jr Prof. oh o zero one two twenty-one hundred thousand million third half and a point 2.5 $5 $1,000.50
€20 £3 5% percent cents dollars pounds euros double triple -5 +3 1/2 007 10:00 AM 21st 1990s '90s nineteen ninety minus
hmm uh um mm (noise) [laughter] <unk> ' \u2019 … é ß Ø हिन्दी ไทย 你好 naïve 😀 colour organise grey
"""


@given(st.lists(st.sampled_from(PIECES.split()), max_size=12), st.sampled_from([" ", "  ", " , ", ""]))
def test_whisper_en_equals_openai_on_words_it_has_rules_for(
    openai: Callable[[str], str], pieces: list[str], glue: str
) -> None:
    assert text.whisper_en(glue.join(pieces)) == openai(glue.join(pieces))


@given(st.text())
def test_whisper_en_equals_openai_on_any_text(openai: Callable[[str], str], raw: str) -> None:
    assert text.whisper_en(raw) == openai(raw)


@given(st.text(alphabet="0123456789.,$%€ -'()[]aost"))
def test_whisper_en_equals_openai_on_digits_and_symbols(openai: Callable[[str], str], raw: str) -> None:
    assert text.whisper_en(raw) == openai(raw)


def test_whisper_en_has_openais_rules_and_no_other(openai: Callable[[str], str]) -> None:
    assert text._openai_english().replacers == openai.replacers  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------- identity


def test_a_normaliser_prints_name_version_and_hash() -> None:
    normaliser = text.get("basic")
    assert str(normaliser) == f"basic@{normaliser.version}#{normaliser.hash}"
    assert len(normaliser.hash) == 8
    assert int(normaliser.hash, 16) >= 0


def test_every_normaliser_has_a_hash_of_its_own() -> None:
    assert text.names() == ["auto", "basic", "modellab_en", "none", "whisper_en"]
    assert len({text.get(name).hash for name in text.names()}) == 5


def shout(raw: str) -> str:
    return raw.upper()


def whisper(raw: str) -> str:
    return raw.lower()


def test_the_hash_follows_the_source_of_every_part_and_every_file(tmp_path: Path) -> None:
    table = tmp_path / "table.json"
    table.write_text("{}")
    builds = [text._build(1, shout), text._build(1, whisper), text._build(1, shout, whisper)]
    builds.append(text._build(1, shout, files=[table]))
    table.write_text('{"colour": "color"}')
    builds.append(text._build(1, shout, files=[table]))
    assert len({build.hash for build in builds}) == len(builds)
    assert text._build(2, shout).hash == builds[0].hash
    assert str(text._build(2, shout)) != str(builds[0])


def test_line_ends_of_a_checkout_are_not_hashed(tmp_path: Path) -> None:
    table, hashes = tmp_path / "table.json", []
    for content in (b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\ntwo\n\n"):
        table.write_bytes(content)
        hashes.append(text._build(1, shout, files=[table]).hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_files_behind_whisper_en_are_hashed() -> None:
    files = [path.name for path in whisper_files()]
    assert files == ["english.py", "basic.py", "english.json"]
    assert all(path.is_file() for path in whisper_files())


def test_a_text_is_normalised_once() -> None:
    calls: list[str] = []

    def counting(raw: str) -> str:
        calls.append(raw)
        return raw

    normaliser = text._build(1, counting)
    assert [normaliser("a"), normaliser("a"), normaliser("b")] == ["a", "a", "b"]
    assert calls == ["a", "b"]


def test_an_unknown_normaliser_names_the_closest() -> None:
    with pytest.raises(
        ConfigError, match=r"'whisper_eng': did you mean whisper_en\? known: auto, basic, modellab_en, none, whisper_en"
    ):
        text.get("whisper_eng")


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pip install whisper-normalizer"):
        whisper_files()


def test_warnings_of_the_package_do_not_reach_us_even_as_errors(tmp_path: Path) -> None:
    """With an empty byte-code cache its sources are compiled anew, and their invalid escapes warn."""
    program = "from modellab import text; print(text.get('whisper_en')('Two cats'))"
    command = [sys.executable, "-W", "error", "-X", f"pycache_prefix={tmp_path}", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 cats\n", "")


def test_importing_and_naming_load_no_library() -> None:
    program = (
        "import sys; from modellab import text; str(text.get('whisper_en'));"
        "print([m for m in ('whisper_normalizer', 'regex', 'more_itertools') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
