"""Text normalisers: named, versioned, and stamped with a hash of what determines their output.

| name         | what it does |
|--------------|--------------|
| `none`       | nothing: casing and punctuation count |
| `basic`      | any language: NFKC, casefold, punctuation and symbols become spaces; combining marks stay |
| `whisper_en` | English: exactly OpenAI Whisper's EnglishTextNormalizer |
| `modellab_en`| English as it is said, however it is written: the known faults of `whisper_en` mended |
| `auto`       | by the language of the case: `modellab_en` for English, for others `basic` and their profile |

Profiles are in `modellab/text/profiles.py`: what is optional in writing (Arabic vowel signs, the dots of Russian e) is
taken away, nothing else. `whisper_en` on another script than Latin drops vowels: never use it there.

A word error rate is only comparable with one from the same normaliser: `str(get(name))`, such as `basic@1#1a2b3c4d`, is
stored with every baseline. The hash covers the source of our functions and the files of the library behind
`whisper_en`; a changed comment inside them changes it too, which costs a re-accepted baseline and never hides a change.
It leaves out Python's Unicode tables: their NFKC forms are stable for characters already assigned, and their categories
nearly so.

Layer 2: may import layer 1 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

import hashlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError, did_you_mean
from modellab.text import languages as iso
from modellab.text import numerals, profiles
from modellab.text.folding import basic
from modellab.text.library import spelling_file
from modellab.text.library import whisper_files as _whisper_files
from modellab.text.quick import MOST_WORDS, Quick

SEVERAL = "mul"  # the language of a dataset whose rows have their own
AS_WRITTEN = "numbers_as_written"  # the fact of a result that names the languages in which numbers are not folded
CUT = "numbers_cut"  # the fact that counts the texts with numbers that `whisper_en` cut


@dataclass(frozen=True, slots=True)
class Normaliser:
    """A function from text to the text that is scored. Results are remembered per string."""

    name: str
    version: int
    hash: str  # 8 hexadecimal digits
    function: Callable[[str], str] = field(repr=False, compare=False)
    splits: bool = False  # into characters, where a language sets no blanks between words

    def __call__(self, text: str) -> str:
        return self.function(text)

    def for_language(self, language: str) -> Normaliser:
        """The one for texts in a language (any ISO 639 code, '' for unknown): another one for `auto` alone."""
        return _profile(language) if self.name == "auto" and language else self

    def __str__(self) -> str:
        return f"{self.name}@{self.version}#{self.hash}"


def names() -> list[str]:
    """Every normaliser there is."""
    return sorted(_BUILDERS)


@cache
def get(name: str) -> Normaliser:
    """The normaliser of that name, or ConfigError with the closest known one. Loads no library until it is called."""
    if name not in _BUILDERS:
        raise ConfigError(f"unknown normaliser {name!r}: {did_you_mean(name, names())}")
    return _BUILDERS[name]()


def of_row(row: Mapping[str, Any], options: Mapping[str, Any]) -> Normaliser:
    """The dataset's normaliser for what is said in a row: in the row's language, else in the dataset's."""
    language = str(row.get("language") or options.get("language") or "")
    return get(options["normaliser"]).for_language("" if language == SEVERAL else language)


def as_written(name: str, languages: Iterable[str]) -> str:
    """Those of the languages in which `auto` leaves numbers as they are written, "ja, pl"; '' under another normaliser.

    >>> as_written("auto", ["pl", "en", "ja", "fr"]), as_written("basic", ["pl"])
    ('ja, pl', '')
    """
    if name != "auto":
        return ""
    known = (tag for tag in languages if tag and tag != SEVERAL)
    return ", ".join(sorted({code for tag in known if not profiles.folds_numbers(code := iso.code(tag))}))


def is_cut(name: str, text: str) -> bool:
    """Whether `whisper_en` cuts an absurd figure of a text, so that it gives another one than OpenAI's own.

    >>> is_cut("whisper_en", "9" * 5000), is_cut("whisper_en", "nine"), is_cut("basic", "9" * 5000)
    (True, False, False)
    """
    if name != "whisper_en" or len(text) <= MOST_WORDS:
        return False
    quick = Quick(_openai_english())
    quick(text)
    return quick.cuts > 0


def none(text: str) -> str:
    """The text as it is."""
    return text


def auto(text: str) -> str:
    """Text in an unknown language: as `basic`. `get("auto").for_language("hi")` knows it."""
    return basic(text)


@cache
def _profile(tag: str) -> Normaliser:
    """The normaliser `auto` for one language; ConfigError for a code that is none."""
    language = iso.code(tag)
    if language == "en":
        return get("modellab_en")
    whole = get("auto")
    function = lru_cache(maxsize=1 << 16)(lambda text: profiles.normalise(text, language))
    return Normaliser(f"auto:{language}", whole.version, whole.hash, function, language in profiles.UNSPACED)


def whisper_en(text: str) -> str:
    """OpenAI Whisper's EnglishTextNormalizer, quirks and all ("Main St." -> "main saint").

    Known oddities of the original, kept: "oh" counts as a zero, words in brackets vanish, "-5" loses its sign, and
    it is not idempotent ("version 2.0.1"). It drops the combining vowels of Indic and Thai scripts: English only.
    """
    return _openai_english()(text)


@cache
def _openai_english() -> Callable[[str], str]:
    """The original's function, through the package `whisper-normalizer` (openai-whisper itself would bring torch).

    The package adds replacements that the original lacks, among them "cause" -> "because" for the noun as well;
    they are taken out again, and a test compares the two.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # invalid escapes in the package's docstrings
        from whisper_normalizer.english import EnglishTextNormalizer
    normalise: Callable[[str], str] = EnglishTextNormalizer()
    replacers: dict[str, str] = normalise.replacers  # type: ignore[attr-defined]
    for addition in (r"\bkinda\b", r"\bsorta\b", r"\bdunno\b", r"\bcause\b"):
        replacers.pop(addition, None)
    return normalise


@cache
def _quick() -> Callable[[str], str]:
    return Quick(_openai_english())


def quick_whisper_en(text: str) -> str:
    """What `whisper_en` gives, about ten times as fast. It is not hashed: the output follows from what is."""
    return _quick()(text)


def _build(
    version: int,
    function: Callable[[str], str],
    *parts: Callable[..., object],
    files: Iterable[Path] = (),
    also: Callable[[], str] = str,
    instead: Callable[[str], str] | None = None,
) -> Normaliser:
    """A normaliser with the hash of a function, its parts, its files and what `also` says; `instead` gives the same
    output, faster.

    Line ends do not count: a checkout with CRLF has the same hash.
    """
    digest = hashlib.sha256()
    for part in (function, *parts):
        digest.update(inspect.getsource(part).encode())
    for file in files:
        digest.update(file.name.encode() + file.read_bytes().replace(b"\r\n", b"\n"))
    digest.update(also().encode())
    remembering = lru_cache(maxsize=1 << 16)(instead or function)
    return Normaliser(function.__name__, version, digest.hexdigest()[:8], remembering)


_OWN_ENGLISH = (
    "english", "english_letters", "english_tables", "english_money", "english_addresses", "english_romans",
    "english_rules", "english_signs", "english_units", "apostrophes", "number_forms", "spoken_fractions",
    "spoken_numbers", "spoken_zeros", "written_numbers", "quantities", "number_patterns",
)  # fmt: skip
_PROFILES = (
    "folding", "apostrophes", "profiles", "letters", "numeral_forms", "numeral_names", "numeral_signs", "numeral_words",
    "numerals",
)  # fmt: skip


def _files(*modules: str) -> list[Path]:
    return [Path(__file__).with_name(f"{module}.py") for module in modules]


def _english_files() -> list[Path]:
    return [*_files(*_OWN_ENGLISH), spelling_file()]


def _auto() -> Normaliser:
    from modellab.text.english import modellab_en  # its tables and patterns take longer than all the rest

    return _build(6, auto, modellab_en, files=[*_files(*_PROFILES), *_english_files()], also=numerals.version)


def _modellab_en() -> Normaliser:
    from modellab.text.english import modellab_en

    return _build(6, modellab_en, files=_english_files())


_BUILDERS: dict[str, Callable[[], Normaliser]] = {
    "none": lambda: _build(1, none),
    "basic": lambda: _build(2, basic, files=_files("folding", "apostrophes")),
    "auto": _auto,
    "modellab_en": _modellab_en,
    "whisper_en": lambda: _build(1, whisper_en, _openai_english, files=_whisper_files(), instead=quick_whisper_en),
}
