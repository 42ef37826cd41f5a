"""Times that are stretched by one factor, and times that are only late."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from modellab.detective import Kind, examine
from modellab.detective.scene import Heard
from modellab.detective.times import stretched

WORDS = ["open", "the", "garden", "door", "and", "call", "anna", "tonight", "please"]


def case(
    end_s: Callable[[float], float], count: int = 40, noise_s: float = 0.02, shortest_s: float = 1.8
) -> list[Heard]:
    """Utterances of 1.8 to 3.4 s of which the model says where the last segment ends; one has a wrong word."""
    dice = random.Random(7)
    lengths = [shortest_s + 1.6 * i / count for i in range(count)]
    said = " ".join(WORDS)
    answers = [said if i else said.replace("garden", "harden") for i in range(count)]
    return [
        Heard(f"{i}", said, answer, said, answer, length, end_s=end_s(length) + dice.gauss(0, noise_s), language="en")
        for i, (length, answer) in enumerate(zip(lengths, answers, strict=True))
    ]


@pytest.mark.parametrize("ratio", [0.5, 0.9375, 0.95, 1.05, 1.0667, 1.5, 3.0])
def test_one_factor_in_all_files_is_another_sample_rate(ratio: float) -> None:
    found = stretched(case(lambda length: ratio * length))
    assert found is not None
    assert found.ratio == pytest.approx(ratio, abs=0.01)
    assert f"as if {16 * found.ratio:.3g} kHz were taken for 16 kHz" in str(found)


@pytest.mark.parametrize("ratio", [0.9375, 1.0667])
def test_it_is_named_though_few_words_are_wrong(ratio: float) -> None:
    (found,) = examine(case(lambda length: ratio * length), "basic")
    assert (found.kind, found.fault) == (Kind.RATE, "adapter")


@pytest.mark.parametrize(
    ("end_s", "changes"),
    [
        pytest.param(lambda length: length, {}, id="as long as the file"),
        pytest.param(lambda length: 0.98 * length, {}, id="silence at the end"),
        pytest.param(lambda length: length - 0.2, {}, id="200 ms are lost"),
        pytest.param(lambda length: length + 0.3, {}, id="a delay"),
        pytest.param(lambda length: 0.94 * length, {"noise_s": 0.3}, id="times that scatter"),
        pytest.param(lambda length: 0.94 * length, {"count": 6}, id="few files"),
        pytest.param(lambda length: float(-(-length // 1)), {}, id="whole seconds"),
        pytest.param(lambda length: 2.3 * length, {"shortest_s": -1.0, "count": 30}, id="clips that are too short"),
    ],
)
def test_what_is_no_sample_rate(end_s: Callable[[float], float], changes: dict[str, float]) -> None:
    every = case(end_s, **changes)  # type: ignore[arg-type]
    short = [each for each in every if each.duration_s < 1.0]
    assert stretched(short if "shortest_s" in changes else every) is None


def test_one_length_alone_shows_no_slope() -> None:
    every = case(lambda _: 2.0, shortest_s=1.2)
    alike = [each for each in every if each.duration_s < 1.3]
    assert stretched(alike) is None, "Whisper rounds up to the second"
