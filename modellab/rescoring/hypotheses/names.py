"""Ids as fields of a text file: without blanks, else a sentence."""

from __future__ import annotations

from modellab.annotations import lines
from modellab.errors import ConfigError


def field(name: str, form: str, *comments: str) -> str:
    """A name that a file of this form can hold; ConfigError for any other."""
    try:
        return lines.name(name, form, *comments)
    except ValueError as fault:
        raise ConfigError(f"{fault}: export it as jsonl") from None
