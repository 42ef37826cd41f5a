"""The error tree is what its drawing says, and an unknown name gets the closest known one."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import errors
from modellab.errors import MOST_CHARACTERS, ModellabError, UnexpectedError, did_you_mean, told

CLASSES = {
    name: value for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)
}


def test_the_drawing_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"((?:│   |    )*)(├── |└── )?([A-Z]\w+Error)\b", line):
            depth = len(found[1]) // 4 + (1 if found[2] else 0)
            path = [*path[:depth], found[3]]
            drawn[found[3]] = path[-2] if depth else "Exception"
    assert drawn == {name: value.__bases__[0].__name__ for name, value in CLASSES.items()}


def test_no_module_has_an_error_of_its_own() -> None:
    bases = "|".join(["ModellabError", *CLASSES])
    elsewhere = re.compile(rf"^class \w+\((?:\w+\.)?(?:{bases})\)", re.MULTILINE)
    package = Path(errors.__file__).parent
    files = [path for path in package.rglob("*.py") if path != Path(errors.__file__)]
    assert len(files) > 500
    assert [str(path) for path in files if elsewhere.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("kind", CLASSES.values(), ids=CLASSES)
def test_one_except_catches_them_all(kind: type[Exception]) -> None:
    assert issubclass(kind, ModellabError)
    assert kind.__doc__


@pytest.mark.parametrize(
    ("name", "known", "says"),
    [
        ("wisper", ["whisper", "silero_vad"], "did you mean whisper? known: silero_vad, whisper"),
        ("devises", ["devices", "options"], "did you mean devices? known: devices, options"),
        ("banana", ["whisper"], "known: whisper"),
        ("", ["whisper"], "known: whisper"),
        ("x", [], "known: none"),
    ],
)
def test_did_you_mean(name: str, known: list[str], says: str) -> None:
    assert did_you_mean(name, known) == says


@given(st.text(), st.lists(st.text(min_size=1), min_size=1))
def test_all_known_names_are_told(name: str, known: list[str]) -> None:
    said = did_you_mean(name, known)
    assert said.endswith("known: " + ", ".join(sorted(known)))


class OddError(Exception):
    """It cannot even say what it is."""

    def __str__(self) -> str:
        raise ValueError("no words")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("no such clip"), "ValueError: no such clip"),
        (AssertionError(), "AssertionError"),
        (MemoryError(), "MemoryError"),
        (KeyError("gone"), "KeyError: 'gone'"),
        (OddError(), "OddError: (what it says cannot be told: its __str__ raised ValueError)"),
    ],
)
def test_what_an_exception_says(error: Exception, says: str) -> None:
    assert told(error) == says


def test_a_long_story_is_cut() -> None:
    said = told(ValueError("x" * 10_000))
    assert len(said) < MOST_CHARACTERS + 60
    assert said.endswith(f"... ({10_000 + len('ValueError: ') - MOST_CHARACTERS} characters more)")


def test_an_unexpected_error_says_what_was_done_and_where() -> None:
    try:
        dict[str, str]()["gone"]
    except KeyError as error:
        error.add_note("while utterance '7' was scored")
        said = str(UnexpectedError.of(error))
    first, *rest = said.splitlines()
    assert first.startswith("KeyError: 'gone' (while utterance '7' was scored): ")
    assert "test_an_unexpected_error_says_what_was_done_and_where" in "\n".join(rest)


@pytest.mark.parametrize("kind", [errors.ConfigError, errors.DatasetError, errors.AudioError])
def test_what_quotes_from_a_file_stays_a_sentence(kind: type[ModellabError]) -> None:
    assert len(str(kind(f"expected a list, got {'a' * 5_000!r}"))) < 1_600
    assert str(kind("expected a list, got 'a'")) == "expected a list, got 'a'"


def test_the_end_of_a_workers_log_is_told_whole() -> None:
    assert len(str(errors.CrashError("a" * 10_000))) == 10_000
