"""Language codes in all their spellings become one, and what is none is refused."""

from __future__ import annotations

import pytest

from modellab.errors import ConfigError
from modellab.text import languages


@pytest.mark.parametrize(
    ("tag", "code", "scripts"),
    [
        ("en", "en", ("Latn",)),
        ("EN", "en", ("Latn",)),
        ("fre", "fr", ("Latn",)),
        ("deu", "de", ("Latn",)),
        ("cmn_Hant", "zh", ("Han",)),
        ("arb", "ar", ("Arab",)),
        ("arz", "arz", ("Arab",)),
        ("pes", "fa", ("Arab",)),
        ("swh", "sw", ("Latn",)),
        ("hin", "hi", ("Deva",)),
        ("ell", "el", ("Grek",)),
        ("ko", "ko", ("Hang", "Han")),
        ("srp", "sr", ("Cyrl",)),
        ("sr-Latn", "sr", ("Latn",)),
        ("fil", "fil", ("Latn",)),
    ],
)
def test_every_spelling_of_a_language_is_one_code(tag: str, code: str, scripts: tuple[str, ...]) -> None:
    assert languages.code(tag) == code
    assert languages.scripts(tag) == scripts


@pytest.mark.parametrize("tag", ["", "xx", "english", "e n", "und", "mul", "123"])
def test_what_is_no_language_is_said_so(tag: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown language code '{tag}': expected one of ISO 639, such as en"):
        languages.code(tag)
