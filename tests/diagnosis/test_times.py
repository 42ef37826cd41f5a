"""Times that are stretched by one factor, and times that are only late."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from modellab.diagnosis import Kind, examine
from modellab.diagnosis.context import UtteranceContext
from modellab.diagnosis.timing import since_accepted, stretched

SAID = "open the garden door and call anna tonight please"
QUIET_S = 0.1  # of silence at the end of each file
RATE_HZ = 4_000
NOISE = np.random.default_rng(3).normal(size=RATE_HZ * 8) * 0.1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def case(
    folder: Path,
    end_s: Callable[[float], float],
    count: int = 40,
    noise_s: float = 0.02,
    shortest_s: float = 1.8,
    longer_s: float = 1.6,
    quiet_s: float = QUIET_S,
) -> list[UtteranceContext]:
    """Utterances of which the model says where the last segment ends; `end_s` is of the end of the sound.

    One has a wrong word.
    """
    dice = random.Random(7)
    every = []
    for i in range(count):
        length = shortest_s + longer_s * i / count
        sound = NOISE[: round(length * RATE_HZ)]
        path = folder / f"{i}.wav"
        soundfile.write(path, np.concatenate([sound, np.zeros(round(quiet_s * RATE_HZ))]), RATE_HZ)
        answer = SAID if i else SAID.replace("garden", "harden")
        end = end_s(length) + dice.gauss(0, noise_s)
        every.append(
            UtteranceContext(f"{i}", SAID, answer, SAID, answer, length + quiet_s, end_s=end, language="en", audio=path)
        )  # fmt: skip
    return every


@pytest.mark.parametrize("ratio", [0.5, 0.9375, 0.95, 1.05, 1.0667, 1.5, 3.0])
def test_one_factor_in_all_files_is_another_sample_rate(folder: Path, ratio: float) -> None:
    found = stretched(case(folder, lambda length: ratio * length))
    assert found is not None
    assert found.ratio == pytest.approx(ratio, abs=0.015)
    assert f"as if {16 * found.ratio:.3g} kHz were taken for 16 kHz" in str(found)


@pytest.mark.parametrize("ratio", [0.9375, 1.0667])
def test_it_is_named_though_few_words_are_wrong(folder: Path, ratio: float) -> None:
    (found,) = examine(case(folder, lambda length: ratio * length), "basic")
    assert (found.kind, found.fault) == (Kind.RATE, "adapter")


def test_times_that_are_far_off_while_all_is_right_accuse_nobody(folder: Path) -> None:
    assert stretched(case(folder, lambda length: 3.0 * length)) is not None
    assert all(found.kind is not Kind.RATE for found in examine(case(folder, lambda length: 3.0 * length), "basic"))


@pytest.mark.parametrize(
    ("end_s", "changes"),
    [
        pytest.param(lambda length: length, {}, id="as long as the sound"),
        pytest.param(lambda length: length + QUIET_S, {}, id="as long as the file"),
        pytest.param(lambda length: length - 0.2, {}, id="200 ms are lost"),
        pytest.param(lambda length: length + 0.3, {}, id="a delay"),
        pytest.param(lambda length: 0.94 * length, {"noise_s": 0.3}, id="times that scatter"),
        pytest.param(lambda length: 0.94 * length, {"count": 8}, id="few files"),
        pytest.param(lambda length: 0.94 * length, {"quiet_s": 0.0}, id="sound up to the end, noise perhaps"),
        pytest.param(lambda length: float(-(-length // 1)), {}, id="whole seconds"),
        pytest.param(lambda length: 2.3 * length, {"shortest_s": 0.3, "longer_s": 0.5}, id="very short clips"),
        pytest.param(lambda _: 2.0, {"shortest_s": 1.2, "longer_s": 0.0}, id="clips of one length, rounded up"),
    ],
)
def test_what_is_no_sample_rate(folder: Path, end_s: Callable[[float], float], changes: dict[str, float]) -> None:
    assert stretched(case(folder, end_s, **changes)) is None  # type: ignore[arg-type]


LENGTHS_S = [1.2 + 0.27 * i for i in range(40)]


def since(end_s: Callable[[float], float], now_s: Callable[[float], float], count: int = 40) -> list[UtteranceContext]:
    """Utterances of which the model said where they end when it was accepted, and says so now."""
    return [
        UtteranceContext(f"{i}", SAID, SAID, SAID, SAID, length, end_s=now_s(length), ended_s=end_s(length))
        for i, length in enumerate(LENGTHS_S[:count])
    ]


def rounded(length: float) -> float:
    """As Whisper tiny.en ends its segments: early in long files, late in short ones, at tenths and halves."""
    end = 0.93 * length + 0.33
    return round(end * 2) / 2 if length < 4 else round(end, 1)


@pytest.mark.parametrize("ratio", [0.9375, 0.95, 1.05])
def test_a_factor_since_the_model_was_accepted_is_told_of_rounded_times_as_well(ratio: float) -> None:
    found = since_accepted(since(rounded, lambda length: rounded(ratio * length)))
    assert found is not None
    assert found.ratio == pytest.approx(ratio, abs=0.015)
    way = "shorter" if ratio < 1 else "longer"
    assert (
        f"at another sample rate: segment times are {100 * abs(found.ratio - 1):.0f} % {way} than the accepted"
        in str(found)
    )


@pytest.mark.parametrize(
    ("now_s", "count"),
    [
        pytest.param(rounded, 40, id="the same"),
        pytest.param(lambda length: rounded(length) + 0.02 * (-1) ** round(100 * length), 40, id="another precision"),
        pytest.param(lambda length: rounded(length) - 0.2, 40, id="200 ms are lost"),
        pytest.param(lambda length: rounded(length) + 0.3, 40, id="a delay"),
        pytest.param(lambda length: 0.93 * length + 0.1, 40, id="another engine's way of rounding"),
        pytest.param(lambda length: rounded(0.95 * length), 8, id="few files"),
        pytest.param(lambda length: rounded(length) * (0.5 if length > 9 else 1.0), 40, id="long files are cut"),
        pytest.param(lambda length: float(-(-length // 1)), 40, id="whole seconds"),
        pytest.param(lambda _: float("nan"), 40, id="no times"),
    ],
)
def test_what_is_no_factor_since_then(now_s: Callable[[float], float], count: int) -> None:
    assert since_accepted(since(rounded, now_s, count)) is None


def test_baselines_without_times_tell_nothing() -> None:
    assert since_accepted(since(lambda _: float("nan"), lambda length: 0.95 * length)) is None
