"""What a text sounds like, and which mark ends a clause."""

from __future__ import annotations

import pytest

from modellab.models import sounds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello, world. Why? No", ["həlˈoʊ, wˈɜːld.", "wˈaɪ?", "nˈoʊ"]),
        ("he said: 3.5 percent!", ["hiː sˈɛd: θɹˈiː pɔɪnt fˈaɪv pɚsˈɛnt!"]),
        ("Wait... what?! (Really)", ["wˈeɪt; wˌʌt?", "ɹˈiəli"]),
        ("one\n\ntwo", ["wˌʌn", "tˈuː"]),
        ("a dash — here", ["ɐ dˈæʃ; hˈɪɹ"]),
        ("costs $4.50; call 55, please.", None),
        ("...", []),
        ("", []),
        (" \n", []),
        ("\u200b", []),
        ("?!", []),
        ("a\0b", ["ɐ bˈiː"]),
    ],
)
def test_a_text_in_sentences_of_sounds(text: str, said: list[str] | None) -> None:
    found = sounds.sentences(text, "en-us")
    assert found == said if said is not None else [each[-1] for each in found] == ["."]
    assert sounds.sentences(text, "en-us") == found, "nothing is left of what was read before"


@pytest.mark.parametrize(
    ("read", "more", "mark"),
    [
        ("Hello, w", True, ","),
        ("percent! W", True, "!"),
        (".5 percent", False, ""),
        ('"yes", h', True, ","),
        ("ok…", False, ";"),
        ("好。你", True, "."),
        ("?", False, "?"),
        ("x.", True, ""),  # the full stop is the next clause's
    ],
)
def test_the_mark_that_ended_a_clause(read: str, more: bool, mark: str) -> None:
    assert sounds.mark_of(read, more=more) == mark


def test_an_unknown_voice_of_espeak_is_named() -> None:
    with pytest.raises(ValueError, match="espeak-ng has no voice 'xx-yy'"):
        sounds.sentences("hello", "xx-yy")
