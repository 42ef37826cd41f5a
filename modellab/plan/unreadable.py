"""What is told of a model's or dataset's file that cannot be used, and what can still be read of it."""

from __future__ import annotations

from pathlib import Path

from modellab import models, tasks
from modellab.errors import ConfigError, ModellabError

MOST_CHARACTERS = 1000  # characters of what is wrong with a file


def tasks_named(file: Path, key: str) -> tuple[str, ...]:
    """The known tasks that a broken file still names under `key`."""
    try:
        value = models.load_yaml(file).get(key, ())
    except ConfigError:
        return ()
    named = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(name for name in tasks.names() if name in named)


def about(file: Path, error: Exception) -> str:
    """The sentence of an error, with the file in front if it is not there."""
    sentence = (
        str(error) if isinstance(error, ModellabError) else f"it cannot be read ({type(error).__name__}: {error})"
    )
    text = " ".join((sentence if str(file) in sentence else f"{file}: {sentence}").split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."
