"""NeMo's folder: what its diarizer says, and an environment of its own that brings the release it was written for."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement

from modellab import models
from modellab.models import adapter_code
from modellab.types import Turn

FOLDER = models.FOLDER / "nemo"
turns = adapter_code.load(FOLDER, "turns").turns


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], []),
        (["0.080 1.520 speaker_0"], [Turn(0.08, 1.52, "speaker_0")]),
        (["1 2 b", "0 1.5 a"], [Turn(0.0, 1.5, "a"), Turn(1.0, 2.0, "b")]),
        (["-0.04 0.5 a", "1.9 2.4 b"], [Turn(0.0, 0.5, "a"), Turn(1.9, 2.0, "b")]),
        (["2.1 2.4 a", "1 1 b"], []),
    ],
)
def test_turns_are_in_order_and_inside_the_sound(lines: list[str], found: list[Turn]) -> None:
    assert turns(lines, 2.0) == found


@pytest.mark.parametrize("line", ["", "0.0 speaker_0", "0.0 1.0 speaker 0", "zero 1.0 speaker_0"])
def test_a_line_of_another_form_is_quoted(line: str) -> None:
    with pytest.raises(ValueError, match=f"NeMo's diarizer said '{line}', expected start, end and speaker"):
        turns([line], 2.0)


def test_the_release_is_pinned_in_an_environment_of_its_own() -> None:
    """Beside the shared pins `nemo_toolkit[asr]` would be 2.0.0, without a word."""
    assert models.config(FOLDER).environment == "own"
    wanted = {each.name: each for each in map(Requirement, (FOLDER / "requirements.txt").read_text().split())}
    assert str(wanted["nemo_toolkit"].specifier) == "==3.0.0"
    assert wanted["nemo_toolkit"].extras == {"asr"}
