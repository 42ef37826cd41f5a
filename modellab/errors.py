"""Everything modellab raises on purpose.

ModellabError
├── ConfigError        a config.yaml, pyproject.toml or command-line value is malformed or names something unknown
│   ├── ExtraError     a package that one of modellab's extras brings is not installed
│   ├── ChangedError   somebody else has changed what a change was planned for
│   └── RefusedUrlError    a URL that somebody named may not be called
├── DatasetError       a golden dataset's manifest is malformed or its audio does not match
│   ├── AudioError     one audio file is missing, empty, undecodable or holds no usable samples
│   │   └── TooLongError   it lasts longer than whoever asks wants to hear
│   └── NotThereError  the server of a dataset's source knows no such file
├── BaselineError      a baseline file cannot be read, or a measurement cannot become one
├── FormatError        a file does not hold what it should; whoever knows which file raises another of these
│   ├── UnreadableError    it gives no text
│   ├── YamlError      it is not the YAML that is read here
│   ├── NumberError    what should be a number in it is not one
│   └── NewerError     only a newer modellab reads it: no damage, it stays where it is
├── WeightsError       a model's weights are missing or damaged
├── WorkerError        the process that holds a model failed
│   ├── LoadError      the adapter raised while it loaded the model
│   ├── ModelError     the model raised on one utterance, or returned something else than its task promises
│   ├── ServerError    the server that runs the model could not be asked: nothing is known of the model
│   ├── CrashError     the process died (exit signal and the end of its log are in the message)
│   ├── ProtocolError  the process wrote something that is not the answer to what it was asked
│   └── HangError      the process gave no answer in time and was killed
├── PartialError       a distributed pass ended before every utterance was computed: what there is, is kept
│   └── StoppedError   Ctrl-C, SIGTERM or SIGHUP stopped it, and with it the run
├── BusyError          nothing can be timed, because the machine is shared at the moment
├── NoBaseError        there is nothing to time a case against, and that is nobody's fault
├── NoMeasurementError there is nothing to time in a benchmark's rounds
├── UnexpectedError    something else was raised while one case was measured, scored or judged
├── NotSentError       a message about results did not arrive (it is sent again)
└── TrackingError      MLflow could not take the results (they are safe in the ledger)

A message says what came, what was expected and the likely cause, in one sentence.

`Cancelled` is no error and stands apart: somebody asked for the end of a run.
"""

import difflib
import sys
import traceback
from collections.abc import Iterable
from typing import ClassVar

MOST_CHARACTERS = 2_000  # of what one exception says
MOST_QUOTING = 1_500  # of a sentence that quotes from a file that a person wrote
MOST_TRACE_CHARACTERS = 4_000  # of where it was raised


class ModellabError(Exception):
    """Base class: `except ModellabError` catches everything in this module."""

    longest: ClassVar[int] = sys.maxsize  # characters

    def __init__(self, text: str = "") -> None:
        super().__init__(shortened(text, self.longest))


class Cancelled(BaseException):
    """A run was told to stop. No `except Exception` takes it for the fault of a case."""


class ConfigError(ModellabError):
    """A config.yaml, pyproject.toml or command-line value is malformed or names something unknown."""

    longest = MOST_QUOTING


class ExtraError(ConfigError):
    """A package that one of modellab's extras brings is not installed."""


class ChangedError(ConfigError):
    """Somebody else has changed what a change was planned for, so that it is not made."""


class RefusedUrlError(ConfigError):
    """A URL that may not be called; the message says why, and nothing of the URL, which may hold a secret."""


class DatasetError(ModellabError):
    """A golden dataset's manifest is malformed or its audio does not match."""

    longest = MOST_QUOTING


class AudioError(DatasetError):
    """One audio file is missing, empty, undecodable or holds no usable samples."""


class TooLongError(AudioError):
    """An audio file lasts longer than whoever asks wants to hear."""


class NotThereError(DatasetError):
    """The server of a dataset's source knows no such file."""


class BaselineError(ModellabError):
    """A baseline file cannot be read, or a measurement cannot become one."""


class FormatError(ModellabError, ValueError):
    """A file does not hold what it should; whoever knows which file raises another of these."""


class UnreadableError(FormatError):
    """Why a file gives no text."""


class YamlError(FormatError):
    """What is wrong with a text that should be YAML, in a sentence with its line."""


class NumberError(FormatError):
    """What is stored as a number is not one; `name` is the key or utterance that holds it."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name}: {what}")
        self.name = name


class NewerError(FormatError):
    """An entry in a format that only a newer modellab reads. It is no damage: it stays where it is."""


class WeightsError(ModellabError):
    """A model's weights are missing or damaged."""


class WorkerError(ModellabError):
    """The process that holds a model failed."""


class LoadError(WorkerError):
    """The adapter raised while it loaded the model."""


class ModelError(WorkerError):
    """The model raised on one utterance, or returned something else than its task promises."""


class ServerError(WorkerError):
    """The server that runs a model could not be asked, or gave no answer of its API: that says nothing of the model."""


class CrashError(WorkerError):
    """The worker process died."""


class HangError(WorkerError):
    """The worker process gave no answer in time and was killed."""


class ProtocolError(WorkerError):
    """The worker process wrote something that is not the answer to what it was asked."""


class PartialError(ModellabError):
    """A distributed pass ended before every utterance was computed; what there is can be gone on with."""


class StoppedError(PartialError):
    """Somebody stopped a distributed pass, and with it the run."""


class BusyError(ModellabError):
    """Nothing can be timed on this machine, which others use at the moment."""


class NoBaseError(ModellabError):
    """There is nothing to time a case against, and that is nobody's fault."""


class NoMeasurementError(ModellabError):
    """Raised inside pytest-benchmark where there is nothing to time, so that it leaves the case out."""


class UnexpectedError(ModellabError):
    """Something that nobody foresaw was raised while one case was measured, scored or judged."""

    @classmethod
    def of(cls, error: BaseException) -> "UnexpectedError":
        """With what was raised, what was being done (its notes), where, and who is to hear of it."""
        notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
        return cls(
            f"{told(error)}{notes}: neither the model nor the dataset is supposed to cause that, please report it\n"
            f"{trace(error)}"
        )


class NotSentError(ModellabError):
    """A message about results did not arrive; it is sent again the next time."""


class TrackingError(ModellabError):
    """MLflow could not take the results; they are safe in the ledger."""


def told(error: BaseException) -> str:
    """The type of an exception and what it says, whatever its `__str__` does, shortened where it is long.

    >>> told(ValueError("no such clip"))
    'ValueError: no such clip'
    """
    try:
        text = str(error)
    except Exception as second:  # noqa: BLE001 - __str__ may be a model's code, and what it raises is told instead
        text = f"(what it says cannot be told: its __str__ raised {type(second).__name__})"
    return shortened(f"{type(error).__name__}: {text}" if text else type(error).__name__, MOST_CHARACTERS)


def refused(error: OSError, where: str) -> str:
    """What the disk or the network refused, as one line; `where` it was, if the error names no file.

    >>> refused(PermissionError(13, "Permission denied", "/x"), "here"), refused(OSError(28, "No space left"), "here")
    ('/x: Permission denied', 'here: No space left')
    """
    return f"{error.filename or where}: {error.strerror or error}"


def sentence(error: BaseException) -> str:
    """An exception as one line: what modellab raised on purpose as it is, anything else with its type.

    >>> sentence(ConfigError("no such model\\nmore")), sentence(KeyError("text"))
    ('no such model', "KeyError: 'text' (nobody foresaw that, please report it)")
    """
    if isinstance(error, ModellabError):
        return (str(error).splitlines() or [type(error).__name__])[0]
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return f"{' '.join(told(error).split())}{notes} (nobody foresaw that, please report it)"


def trace(error: BaseException) -> str:
    """The innermost calls that an exception and those before it came through."""
    try:
        lines = traceback.format_exception(error, limit=-6)
    except Exception:  # noqa: BLE001 - formatting it calls code of its own, which may be a model's
        lines = traceback.format_tb(error.__traceback__, limit=-6)
    return "".join(lines)[-MOST_TRACE_CHARACTERS:].rstrip()


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters, and how many were left out.

    >>> shortened("abcdef", 4), shortened("abc", 4)
    ('abcd... (2 characters more)', 'abc')
    """
    return text if len(text) <= most else f"{text[:most]}... ({len(text) - most} characters more)"


MALFORMED = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
)  # what decoding a record that is none can raise

# What code raises over values that nobody expected: caught where a file of somebody else's is taken apart.
ODD = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RecursionError, TypeError, ValueError)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """What to say after an unknown name: the closest known one, then all of them.

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
