"""The error tree is what its drawing says, and an unknown name gets the closest known one."""

from __future__ import annotations

import inspect
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import errors
from modellab.errors import ModellabError, did_you_mean

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
