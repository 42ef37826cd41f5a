"""Language codes: whatever a manifest or a model writes (`fr`, `fra`, `cmn`, `zh-Hant`), as one short code.

Registry and defaults are those of the library `langcodes` (IANA's subtags, CLDR's likely scripts); it is imported on
first use.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from modellab.errors import ConfigError

SCRIPTS = {"Jpan": ("Han", "Hira", "Kana"), "Kore": ("Hang", "Han"), "Hans": ("Han",), "Hant": ("Han",)}


@lru_cache
def code(tag: str) -> str:
    """ISO 639-1 where there is one, else 639-3; region and script left out. ConfigError for a language that is none.

    A language of a macrolanguage's standard form gets the macrolanguage's code: `cmn` is `zh`, `arb` is `ar`, but
    `yue` and `arz` stay.

    >>> [code(tag) for tag in ("en", "fra", "cmn", "zh-Hant", "pt-BR", "yue")]
    ['en', 'fr', 'zh', 'zh', 'pt', 'yue']
    """
    return str(_language(tag).language)


@lru_cache
def scripts(tag: str) -> tuple[str, ...]:
    """The scripts (ISO 15924) that a language is written in, the likely one where the tag names none.

    >>> scripts("ru"), scripts("ja"), scripts("sr-Latn")
    (('Cyrl',), ('Han', 'Hira', 'Kana'), ('Latn',))
    """
    script = str(_language(tag).maximize().script)
    return SCRIPTS.get(script, (script,))


def _language(tag: str) -> Any:
    """The tag's language in its standard form; ConfigError for what is none."""
    import langcodes
    import langcodes.tag_parser

    try:
        known = langcodes.tag_is_valid(tag) and tag.partition("-")[0] not in {"und", "mul", "zxx", "mis"}
        language = langcodes.Language.get(langcodes.standardize_tag(tag, macro=True)) if known else None
    except (langcodes.tag_parser.LanguageTagError, TypeError):
        language = None
    if language is None or not language.language:
        raise ConfigError(f"unknown language code {tag!r}: expected one of ISO 639, such as en, fra or zh-Hant")
    return language
