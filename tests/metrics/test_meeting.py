"""Words of several speakers by hand, against every mapping, and against what MeetEval counts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics.edit_distance import EditCounts, align
from modellab.metrics.meeting import compare, streams
from modellab.types import Ratio, SpokenTurn
from tools.performance import draws, meetings

ANN, BOB = SpokenTurn(0, 2, "ann", "good morning bob"), SpokenTurn(2, 3, "bob", "hello ann")
Side = list[SpokenTurn]


def turns(*given: tuple[float, float, str, str]) -> Side:
    return [SpokenTurn(*each) for each in given]


COUNTED = [
    # heard, S D I H without times, who was taken for whom
    pytest.param(
        turns((0, 2, "x", "good morning bob"), (2, 3, "y", "hello ann")), (0, 0, 0, 5), {"x": "ann", "y": "bob"}
    ),
    pytest.param(
        turns((0, 2, "y", "good morning bob"), (2, 3, "x", "hello ann")), (0, 0, 0, 5), {"y": "ann", "x": "bob"}
    ),
    pytest.param(turns((0, 2, "x", "good bob"), (2, 3, "y", "hello an now")), (1, 1, 1, 3), {"x": "ann", "y": "bob"}),
    # everything given to one speaker: bob's words are missed once and made up once
    pytest.param(turns((0, 3, "x", "good morning bob hello ann")), (0, 2, 2, 3), {"x": "ann"}),
    # one speaker too many: the words of the third are made up
    pytest.param(
        turns((0, 1, "x", "good morning"), (1, 2, "z", "bob"), (2, 3, "y", "hello ann")),
        (0, 1, 1, 4),
        {"x": "ann", "y": "bob"},
    ),
    pytest.param([], (0, 5, 0, 0), {}),
    pytest.param(turns((0, 1, "x", ""), (1, 2, "y", " ")), (0, 5, 0, 0), {}),
    # the utterances of a speaker are put together by start, however they are listed
    pytest.param(turns((2, 3, "y", "hello ann"), (1, 2, "x", "morning bob"), (0, 1, "x", "good")), (0, 0, 0, 5), None),
]


@pytest.mark.parametrize(("heard", "counts", "mapping"), COUNTED)
def test_words_by_hand(heard: Side, counts: tuple[int, ...], mapping: dict[str, str] | None) -> None:
    found = compare([ANN, BOB], heard)
    assert found.words == EditCounts(*counts)
    assert mapping is None or found.mapping == mapping
    assert found.error_rate() == Ratio(sum(counts[:3]), 5)


def test_the_parts_and_the_speakers() -> None:
    found = compare([ANN, BOB], turns((0, 2, "x", "good bob"), (4, 5, "y", ""), (5, 6, "z", "hi"), (5, 6, "w", "b c")))
    assert (found.substitutions(), found.deletions(), found.insertions()) == (Ratio(2, 5), Ratio(1, 5), Ratio(1, 5))
    assert (found.n_reference, found.n_hypothesis) == (2, 3), "y says no word"
    assert found.speaker_count_error() == Ratio(1.0)


def test_without_a_reference_every_word_is_made_up() -> None:
    assert compare([], [ANN]).error_rate() == Ratio(3, 0)
    assert compare([], []).error_rate() == Ratio(0, 0)
    assert compare([], [], 5.0).words == EditCounts(0, 0, 0, 0)


@pytest.mark.parametrize(
    ("collar_s", "late_s", "errors"),
    [
        pytest.param(1.0, 0.0, 0, id="in place"),
        pytest.param(1.0, 1.2, 0, id="the middle of a word reaches its end"),
        pytest.param(1.0, 1.5, 2, id="it only touches it: a deletion and an insertion"),
        pytest.param(2.0, 1.5, 0, id="a wider collar"),
        pytest.param(0.0, 0.4, 0, id="no collar"),
        pytest.param(0.0, 0.5, 2, id="no collar, and half a word late"),
        pytest.param(1.0, -1.5, 2, id="early"),
    ],
)
def test_a_word_counts_at_its_time_alone(collar_s: float, late_s: float, errors: int) -> None:
    reference, heard = turns((10.0, 11.0, "a", "yes")), turns((10.0 + late_s, 11.0 + late_s, "x", "yes"))
    assert compare(reference, heard, collar_s).words.errors == errors
    assert compare(reference, heard).words.errors == 0


def test_a_word_elsewhere_is_not_even_a_substitution() -> None:
    reference, heard = turns((0, 1, "a", "yes")), turns((60, 61, "x", "no"))
    assert compare(reference, heard).words == EditCounts(1, 0, 0, 0)
    far = compare(reference, heard, 5.0)
    assert (far.words, far.mapping) == (EditCounts(0, 1, 1, 0), {})


def test_words_share_the_time_of_their_utterance_by_their_letters() -> None:
    reference = turns((0.0, 10.0, "a", "abcd e"))  # 0-8 and 8-10
    assert compare(reference, turns((6.0, 6.0, "x", "abcd")), 0.0).words == EditCounts(0, 1, 0, 1)
    assert compare(reference, turns((6.0, 6.0, "x", "e")), 0.0).words == EditCounts(1, 1, 0, 0)
    assert compare(reference, turns((6.0, 6.0, "x", "e")), 2.5).words == EditCounts(0, 1, 0, 1)
    heard = turns((0.0, 10.0, "x", "e abcd"))  # in the middle of 0-2 and of 2-10
    assert compare(reference, heard, 0.0).words == EditCounts(0, 1, 1, 1)


def test_of_equally_good_alignments_with_times_the_one_with_most_hits_is_taken() -> None:
    reference, heard = turns((0, 4, "a", "a b")), turns((0, 4, "x", "b c"))
    assert compare(reference, heard, 10.0).words == EditCounts(0, 1, 1, 1)
    assert compare(reference, heard).words == align("a b", "b c").words


def test_streams_are_what_is_compared() -> None:
    assert streams([BOB, ANN, SpokenTurn(9, 9, "cy", " ")]) == {"ann": ANN.text, "bob": BOB.text}


# ---------------------------------------------------------------------------- any meeting

WORDS = st.lists(st.sampled_from("abc"), max_size=4).map(" ".join)
TIMES = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda pair: (pair[0] / 4, (pair[0] + pair[1]) / 4))


def sides(names: str) -> st.SearchStrategy[Side]:
    turn = st.builds(
        lambda times, name, words: SpokenTurn(times[0], times[1], name, words), TIMES, st.sampled_from(names), WORDS
    )
    return st.lists(turn, max_size=7)


def fewest_errors(reference: Side, hypothesis: Side) -> int:
    """The errors of the best of all mappings, each pair aligned by `edit_distance`."""
    ours, theirs = list(streams(reference).values()), list(streams(hypothesis).values())
    size = max(len(ours), len(theirs))
    ours += [""] * (size - len(ours))
    theirs += [""] * (size - len(theirs))

    def errors(order: Sequence[str]) -> int:
        return sum(align(one, other).words.errors for one, other in zip(ours, order, strict=True))

    return min(map(errors, itertools.permutations(theirs)))


@given(sides("abc"), sides("xyz"))
def test_the_errors_are_those_of_the_best_mapping(reference: Side, hypothesis: Side) -> None:
    assert compare(reference, hypothesis).words.errors == fewest_errors(reference, hypothesis)


@given(sides("abc"), sides("xyz"), st.sampled_from([0.0, 0.5, 2.0]))
def test_times_only_add_errors_and_none_without_bound(reference: Side, hypothesis: Side, collar_s: float) -> None:
    plain, timed = compare(reference, hypothesis), compare(reference, hypothesis, collar_s)
    assert plain.words.errors <= timed.words.errors
    assert compare(reference, hypothesis, 1e6).words.errors == plain.words.errors
    for found in (plain, timed):
        assert found.words.reference_length == sum(len(each.text.split()) for each in reference)
        assert found.words.hypothesis_length == sum(len(each.text.split()) for each in hypothesis)


@given(sides("abc"))
def test_what_was_said_has_no_errors_whatever_the_names(reference: Side) -> None:
    renamed = [each._replace(speaker=f"speaker {each.speaker}") for each in reference]
    assert compare(reference, renamed).words.errors == 0


@given(sides("abc"), sides("xyz"), st.sampled_from([0.0, 0.5, 2.0, 9.0]))
def test_many_words_at_a_time_and_one_by_one_are_the_same(reference: Side, hypothesis: Side, collar_s: float) -> None:
    """The way for collars that span hundreds of words, taken for all."""
    one_by_one = compare(reference, hypothesis, collar_s)
    assert compare(reference, hypothesis, collar_s, narrow=-1e9) == one_by_one


# ---------------------------------------------------------------------------- MeetEval


def test_two_thousand_meetings_are_counted_as_meeteval_counted_them() -> None:
    record = meetings.recorded()
    assert len(record["errors"]) == meetings.SESSIONS
    assert record["inputs"] == meetings.inputs(meetings.SESSIONS), (
        "other meetings: python -m tools.performance.meetings"
    )
    assert list(meetings.unlike(meetings.SESSIONS, record["errors"])) == []


def test_meeteval_still_counts_so() -> None:
    pytest.importorskip("meeteval", reason="pip install --group references, which wants a C++ compiler")
    asked = list(draws.sessions(60))
    assert [meetings.meetevals(session) for session in asked] == meetings.recorded()["errors"][: len(asked)]


def test_the_random_meetings_hold_what_is_rare() -> None:
    drawn = list(draws.sessions(500))
    counts = [compare(one.reference, one.hypothesis) for one in drawn]
    assert {one.n_hypothesis - one.n_reference for one in counts} >= {-3, -2, -1, 0, 1, 2, 3}
    assert any(not one.hypothesis for one in drawn)
    assert any(not each.text for one in drawn for each in one.reference)
    assert any(compare(one.reference, one.hypothesis, one.collar_s).words.errors > found.words.errors
               for one, found in zip(drawn, counts, strict=True))  # fmt: skip


def test_a_wrong_count_is_found() -> None:
    record = meetings.recorded()["errors"][:5]
    record[3] = [record[3][0], record[3][1] + 1, record[3][2]]
    assert len(list(meetings.unlike(5, record))) == 1
