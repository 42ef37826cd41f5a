"""Everything modellab raises on purpose.

ModellabError
├── ConfigError        a config.yaml, pyproject.toml or command-line value is malformed or names something unknown
├── DatasetError       a golden dataset's manifest is malformed or its audio does not match
│   └── AudioError     one audio file is missing, empty, undecodable or holds no usable samples
├── BaselineError      a baseline file cannot be read
├── WeightsError       a model's weights are missing or damaged
├── WorkerError        the process that holds a model failed
│   ├── LoadError      the adapter raised while it loaded the model
│   ├── CrashError     the process died (exit signal and the end of its log are in the message)
│   └── HangError      the process gave no answer in time and was killed
└── TrackingError      MLflow could not take the results (they are safe in the ledger)

A message says what came, what was expected and the likely cause, in one sentence.
"""

import difflib
from collections.abc import Iterable


class ModellabError(Exception):
    """Base class: `except ModellabError` catches everything in this module."""


class ConfigError(ModellabError):
    """A config.yaml, pyproject.toml or command-line value is malformed or names something unknown."""


class DatasetError(ModellabError):
    """A golden dataset's manifest is malformed or its audio does not match."""


class AudioError(DatasetError):
    """One audio file is missing, empty, undecodable or holds no usable samples."""


class BaselineError(ModellabError):
    """A baseline file cannot be read."""


class WeightsError(ModellabError):
    """A model's weights are missing or damaged."""


class WorkerError(ModellabError):
    """The process that holds a model failed."""


class LoadError(WorkerError):
    """The adapter raised while it loaded the model."""


class CrashError(WorkerError):
    """The worker process died."""


class HangError(WorkerError):
    """The worker process gave no answer in time and was killed."""


class TrackingError(ModellabError):
    """MLflow could not take the results; they are safe in the ledger."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to say behind an unknown name: the closest known one, then all of them.

    >>> did_you_mean("wisper", ["whisper", "silero_vad"])
    'did you mean whisper? known: silero_vad, whisper'
    >>> did_you_mean("x", [])
    'known: none'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}known: {', '.join(names) or 'none'}"


def described(value: object) -> str:
    """What an adapter returned, for a message: None as None, anything else as its type and the beginning of its repr.

    >>> described(None), described([1])
    ('None', 'a list ([1])')
    """
    return "None" if value is None else f"a {type(value).__name__} ({repr(value)[:60]})"
