"""Speech is found by level, and recordings are cut into chunks that lose nothing of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from modellab.audio.preprocessing import parse
from modellab.audio.preprocessing.levels import hop, levels_dbfs, runs
from modellab.errors import ConfigError
from modellab.types import Audio

from .tones import HZ, noise, sound


def chunks(text: str, given: Audio) -> list[tuple[float, float]]:
    return [(piece.start_s, piece.start_s + piece.audio.duration_s) for piece in parse(text).apply(given)]


def test_chunks_hold_the_speech_and_say_where_it_was() -> None:
    given = sound((1.0, 0.0), (2.0, 0.2), (3.0, 0.0), (2.0, 0.2), (1.0, 0.0))
    found = chunks("vad_chunks(max_s=4,pad_s=0.2)", given)
    assert found == [pytest.approx((0.8, 3.2), abs=0.03), pytest.approx((5.8, 8.2), abs=0.03)]


def test_neighbours_are_one_chunk_while_they_fit() -> None:
    given = sound((1.0, 0.0), (2.0, 0.2), (1.0, 0.0), (2.0, 0.2), (1.0, 0.0), (2.0, 0.2))
    assert chunks("vad_chunks(max_s=6,pad_s=0.1)", given) == [
        pytest.approx((0.9, 6.1), abs=0.03),
        pytest.approx((6.9, 9.0), abs=0.03),
    ]
    assert len(chunks("vad_chunks(max_s=3)", given)) == 3
    assert len(chunks("vad_chunks(max_s=30)", given)) == 1


def test_what_is_too_long_is_split_at_its_quietest_moment() -> None:
    given = sound((7.0, 0.2), (0.1, 0.05), (6.0, 0.2))
    found = chunks("vad_chunks(max_s=10)", given)
    assert found[0][1] == pytest.approx(7.05, abs=0.06)
    assert found[0][1] == pytest.approx(found[1][0])  # nothing between them is lost
    assert (found[0][0], found[-1][1]) == (0.0, pytest.approx(13.1, abs=0.01))


def test_a_tone_without_end_is_split_too() -> None:
    found = chunks("vad_chunks(max_s=2)", sound((9.0, 0.2)))
    assert max(end - start for start, end in found) <= 2.0 + 1e-9
    assert sum(end - start for start, end in found) == pytest.approx(9.0)


def test_speech_is_found_in_noise() -> None:
    speech = sound((2.0, 0.0), (2.0, 0.2), (2.0, 0.0))
    found = chunks("vad_chunks", Audio(speech.samples + noise(6.0, 0.01).samples, HZ))
    assert found == [pytest.approx((1.8, 4.2), abs=0.05)]


@pytest.mark.engine
@pytest.mark.filterwarnings("ignore:`torch.jit.load` is deprecated")
def test_speech_is_found_by_silero_where_it_is_installed() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("silero_vad")
    before = torch.get_num_threads()
    assert parse("vad_chunks(detector=silero)").lacking() == ""
    assert chunks("vad_chunks(detector=silero)", noise(2.0, 0.001)) == []
    assert torch.get_num_threads() == before


def test_without_silero_one_sentence_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    chain = parse("highpass,vad_chunks(detector=silero)")
    assert chain.lacking().endswith("not installed: pip install 'modellab[silero]'")
    with pytest.raises(ConfigError, match="needs silero_vad"):
        chain.apply(sound((1.0, 0.1)))


def test_levels() -> None:
    levels = levels_dbfs(sound((0.5, 0.0), (0.5, 1.0), hz=1_000))
    assert len(levels) == math.ceil(HZ / hop(HZ))
    assert levels[10] == -100
    assert levels[70] == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize(
    ("flags", "found"), [([], []), ([False], []), ([True], [(0, 1)]), ([True, False, True, True], [(0, 1), (2, 4)])]
)
def test_runs(flags: list[bool], found: list[tuple[int, int]]) -> None:
    assert runs(np.array(flags, dtype=bool)) == found
