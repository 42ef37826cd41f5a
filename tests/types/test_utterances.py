"""Utterances in columns: each as it was put in, and the columns those of a tuple."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.types import Utterance, spooled
from modellab.types.utterances import (
    AUDIO,
    CPU,
    GPU,
    RAISED,
    WALL,
    Utterances,
    audio_s,
    clocks,
    clusters,
    counts_of,
    counts_or_zeros,
    ids,
    raised,
    timed,
    total_of,
)

from ..make import asr_counts, name, utterance

SECONDS = st.floats(0, 1e6)
COUNTS = st.tuples(st.floats(0, 100), st.floats(0, 100))
SAID = st.builds(
    Utterance,
    id=st.text(),
    counts=st.fixed_dictionaries({"wer": COUNTS, "chrf": st.tuples(*[st.floats(0, 9)] * 5)}),
    output=st.none() | st.fixed_dictionaries({"text": st.text(), "segments": st.lists(st.tuples(st.text(), SECONDS))}),
    wall_s=SECONDS,
    cpu_s=SECONDS,
    duration_s=SECONDS,
    error=st.text(),
    cluster=st.text(),
    gpu_s=SECONDS | st.just(math.nan),
)


def as_text(utterances: Iterable[Utterance]) -> list[str]:
    """As text: since Python 3.13 what holds a NaN does not equal itself."""
    return list(map(repr, utterances))


@given(st.lists(SAID, max_size=20), st.sampled_from([0, 200, 10**6]))
def test_each_comes_back_as_it_was(said: list[Utterance], limit: int) -> None:
    made = Utterances(said, spooled.Limits(memory_bytes=limit))
    assert as_text(made) == as_text(said)
    assert as_text(made[i] for i in range(-len(said), len(said))) == as_text(said * 2)
    assert as_text(made[::2]) == as_text(said[::2])


@pytest.mark.parametrize("count", [0, 3, spooled.TOGETHER + 5])
def test_those_that_were_timed_are_found_among_many(count: int) -> None:
    plain = utterance("a", {"wer": (0.0, 2.0)}, wall_s=1.0)
    kinds = [plain, replace(plain, wall_s=math.nan), replace(plain, error="raised")]
    said = [replace(kinds[i % 3], duration_s=float(i)) for i in range(count)]
    assert timed(Utterances(said))[:, AUDIO].tolist() == [float(i) for i in range(0, count, 3)]
    np.testing.assert_array_equal(timed(said), timed(Utterances(said)))


@given(st.lists(SAID, min_size=1, max_size=20))
def test_columns_are_those_of_a_tuple(said: list[Utterance]) -> None:
    made = Utterances(said)
    np.testing.assert_array_equal(clocks(made), clocks(said))
    np.testing.assert_array_equal(clocks(made)[:, RAISED], [bool(each.error) for each in said])
    np.testing.assert_array_equal(raised(made), [bool(each.error) for each in said])
    np.testing.assert_array_equal(raised(said), raised(made))
    np.testing.assert_array_equal(
        clocks(made)[:, [WALL, CPU, AUDIO]], [[u.wall_s, u.cpu_s, u.duration_s] for u in said]
    )
    np.testing.assert_array_equal(clocks(made)[:, GPU], [each.gpu_s for each in said])
    assert list(audio_s(made)) == list(audio_s(said)) == [each.duration_s for each in said]
    for metric, length in (("wer", 2), ("chrf", 5)):
        assert counts_of(made, metric).shape == (len(said), length)
        np.testing.assert_array_equal(counts_of(made, metric), counts_of(said, metric))
        for each in (made, said):
            np.testing.assert_array_equal(total_of(each, metric)[0], counts_of(said, metric).sum(axis=0))
            assert total_of(each, metric)[1] == len(said)
    assert (ids(made), clusters(made)) == (ids(said), clusters(said))


def test_nothing_has_no_rows() -> None:
    for nothing in (Utterances(), ()):
        assert clocks(nothing).shape == (0, 5)
        assert len(counts_of(nothing, "wer")) == 0


def test_many_rows_are_read_in_parts() -> None:
    said = [utterance(name(i), asr_counts(i % 5), wall_s=float(i)) for i in range(2 * spooled.TOGETHER + 3)]
    made = Utterances(said)
    assert clocks(made)[:, WALL].tolist() == list(range(len(said)))
    assert counts_of(made, "wer")[:, 0].tolist() == [i % 5 for i in range(len(said))]


def test_a_total_in_parts_is_that_of_the_whole_column_to_the_last_bit() -> None:
    drawn = np.random.default_rng(1).random((3 * spooled.TOGETHER + 1, 6))
    rows = [
        {"one": (float(each[0]),), "two": (float(each[1]), float(each[2])), "three": tuple(map(float, each[3:]))}
        for each in drawn
    ]
    made = Utterances(utterance(name(i), counts) for i, counts in enumerate(rows))
    for metric in ("one", "two", "three"):
        assert total_of(made, metric)[0].tobytes() == counts_of(made, metric).sum(axis=0).tobytes()


def test_utterances_that_differ_in_what_they_have() -> None:
    usual, longer = utterance("a", {"wer": (1.0, 5.0)}), utterance("b", {"wer": (1.0, 5.0), "drop": (0.0, 1.0)})
    for said in ([usual, longer, usual], [longer, usual, longer]):
        made = Utterances(said)
        assert as_text(made) == as_text(said)
        assert counts_of(made, "wer").tolist() == [[1.0, 5.0]] * 3
        assert counts_of(made, "drop", some=True).tolist() == counts_of(said, "drop", some=True).tolist()
        with pytest.raises(KeyError):
            counts_of(made, "drop")


def test_a_metric_that_nobody_has() -> None:
    for said in (Utterances([utterance("a", {"wer": (1.0, 5.0)})]), [utterance("a", {"wer": (1.0, 5.0)})]):
        assert len(counts_of(said, "cer", some=True)) == 0
        assert counts_or_zeros(said, "cer").shape == (0, 0)
        assert total_of(said, "cer", some=True)[1] == 0
        with pytest.raises(KeyError, match="cer"):
            counts_of(said, "cer")


def test_a_column_that_somebody_holds_does_not_keep_it_from_growing() -> None:
    made = Utterances([utterance("a", asr_counts(1))])
    held = counts_of(made, "wer")
    made.append(replace(made[0], id="b"))
    assert (len(held), ids(made)) == (1, ["a", "b"])
    assert len(counts_of(made, "wer")) == 2
