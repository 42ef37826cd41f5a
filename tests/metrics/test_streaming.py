"""What a reader of a live transcript sees, counted by hand and by properties."""

from __future__ import annotations

from itertools import pairwise, takewhile
from typing import Any

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import text
from modellab.metrics.streaming import Reading, read, transcript
from modellab.types import Ratio

WORDS = (("turn", 0.2, 0.5), ("up", 0.5, 0.75), ("light", 0.75, 1.0))


def reading(*events: tuple[str, str, float, float | None]) -> Reading:
    return read({"events": [list(event) for event in events]}, text.get("basic"))


CHANGED = reading(
    ("partial", "two", 0.5, 0.5),
    ("partial", "Turn up, the", 1.0, 1.0),
    ("final", "turn up", 1.5, 1.5),
    ("partial", "light", 1.5, 1.5),
    ("final", "light", 2.5, None),
)


def test_states_are_what_somebody_saw() -> None:
    assert CHANGED.states == (
        ("two",), ("turn", "up", "the"), ("turn", "up", "light"), ("turn", "up", "light"), ("turn", "up", "light"),
    )  # fmt: skip
    assert CHANGED.text() == "turn up light"


def test_of_two_that_come_at_once_the_second_is_seen() -> None:
    seen = reading(
        ("partial", "so", 1.0, 1.0), ("partial", "so what", 1.0, 1.0), ("partial", "never mind", 2.0, 2.0)
    )  # fmt: skip
    assert seen.states == (("so", "what"), ("so", "what"), ("never", "mind"))


def test_corrections_and_erasure_by_hand() -> None:
    assert CHANGED.corrections() == 2  # two -> turn, the -> light
    assert CHANGED.erased() == 2
    inserted = reading(("partial", "the light", 1.0, 1.0), ("partial", "turn the light", 2.0, 2.0))
    assert inserted.corrections() == 0
    assert inserted.erased() == 2
    assert reading(("partial", "the light", 1.0, 1.0), ("partial", "", 2.0, 2.0)).corrections() == 2


def test_latencies_by_hand() -> None:
    assert CHANGED.first_word(WORDS) == Ratio(0.0, 1.0)
    assert CHANGED.confirmed(WORDS) == (pytest.approx(1.0 + 0.75 + 1.5), 3)
    assert CHANGED.completed(WORDS, 1.2) == Ratio(1.5, 1.0)
    assert CHANGED.completed((), 1.25) == Ratio(1.25, 1.0)


def test_a_word_is_emitted_when_it_is_first_shown_and_settled_when_it_stays() -> None:
    emission, settling = CHANGED.emitted(WORDS)
    assert emission == (pytest.approx((1.0 - 0.5) + (1.0 - 0.75) + (1.5 - 1.0)), 3)
    assert settling == emission
    back = reading(
        ("partial", "turn", 0.5, 0.5), ("partial", "burn up", 1.0, 1.0), ("partial", "turn up", 2.0, 2.0),
        ("final", "turn up light", 3.0, None),
    )  # fmt: skip
    emission, settling = back.emitted(WORDS)
    assert emission == (pytest.approx(0.0 + 0.25 + 2.0), 3)
    assert settling == (pytest.approx(1.5 + 0.25 + 2.0), 3)
    assert back.revisions() == Ratio(2, 3)
    assert CHANGED.revisions() == Ratio(2, 4)
    assert reading().revisions() == Ratio(0, 0)
    assert reading().emitted(WORDS) == CHANGED.emitted(()) == (Ratio(0, 0), Ratio(0, 0))


@given(st.lists(st.lists(st.sampled_from(["turn", "up", "light", "two"]), max_size=4), min_size=1, max_size=6))
def test_no_word_settles_before_it_is_shown_nor_is_final_before(states: list[list[str]]) -> None:
    partials = [("partial", " ".join(state), 0.5 * i, 0.5 * i) for i, state in enumerate(states, start=1)]
    heard = reading(*partials, ("final", " ".join(states[-1]), 0.5 * len(states) + 1, None))
    emission, settling = heard.emitted(WORDS)
    confirmed = heard.confirmed(WORDS)
    assert emission.bottom == settling.bottom == confirmed.bottom
    assert emission.top <= settling.top + 1e-9
    assert settling.top <= confirmed.top + 1e-9
    assert (heard.revisions().top == 0) == (heard.erased() == 0)


STATES = st.lists(st.lists(st.sampled_from(["turn", "up", "light", "two"]), max_size=5), min_size=2, max_size=6)


@given(STATES)
def test_corrections_are_jiwers_substitutions_and_deletions_and_erasure_is_what_no_common_beginning_has(
    states: list[list[str]],
) -> None:
    """From each state to the next; jiwer takes no empty reference."""
    heard = reading(*(("partial", " ".join(state), float(i), float(i)) for i, state in enumerate(states)))
    changed = erased = 0
    for before, after in pairwise(states):
        counted = jiwer.process_words(" ".join(before), " ".join(after)) if before else None
        changed += counted.substitutions + counted.deletions if counted else 0
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
        erased += len(before) - len(list(alike))
    assert (heard.corrections(), heard.erased()) == (changed, erased)


@given(STATES)
def test_a_word_is_emitted_and_settled_when_the_definition_says(states: list[list[str]]) -> None:
    """Looked up in every state: when it is first shown behind the same beginning, and since when it always is."""
    wanted = [word for word, _, _ in WORDS]
    states = [*states, wanted]  # all right in the end, so that the i-th word is the i-th of the reference
    heard = reading(*(("partial", " ".join(state), 0.5 * i, 0.5 * i) for i, state in enumerate(states)))
    emission = settling = 0.0
    for k, (_, _, end_s) in enumerate(WORDS):
        stands = [state[k : k + 1] == wanted[k : k + 1] for state in states]
        emission += 0.5 * stands.index(True) - end_s
        settling += 0.5 * max((i + 1 for i, there in enumerate(stands) if not there), default=0) - end_s
    assert heard.emitted(WORDS) == ((pytest.approx(emission), 3), (pytest.approx(settling), 3))


def test_wrong_words_have_a_latency_and_those_not_spoken_none() -> None:
    heard = reading(("final", "please burn up", 1.0, 1.0), ("final", "light", 2.0, None))
    assert heard.confirmed(WORDS) == (pytest.approx(0.5 + 0.25 + 1.0), 3)


def test_where_nothing_is_known_nothing_is_said() -> None:
    silent = reading()
    missing = Ratio(0.0, 0.0)
    assert (silent.first_word(WORDS), silent.confirmed(WORDS), silent.completed(WORDS, 1.0)) == (missing,) * 3
    assert CHANGED.first_word(()) == CHANGED.confirmed(()) == missing
    assert (silent.corrections(), silent.erased(), silent.pretends(1.0)) == (0, 0, False)


@pytest.mark.parametrize(
    ("events", "pretends"),
    [
        ([("final", "turn up", 2.0, None)], True),
        ([("partial", "", 0.5, 0.5), ("final", "turn up", 2.0, 2.0)], True),
        ([("partial", "turn", 0.5, 0.5), ("final", "turn up", 2.0, None)], False),
        ([("partial", "turn", 9.0, 0.5), ("final", "turn up", 9.5, None)], False),  # slow is not pretending
        ([("partial", "...", 0.5, 0.5), ("final", "turn up", 2.0, None)], True),
    ],
)
def test_who_says_all_at_the_end_only_pretends(events: list[Any], pretends: bool) -> None:
    assert reading(*events).pretends(2.0) is pretends


EVENTS = st.lists(
    st.tuples(st.sampled_from(["partial", "final"]), st.lists(st.sampled_from("abc"), max_size=4).map(" ".join)),
    max_size=8,
)


@given(EVENTS)
def test_corrections_never_exceed_erasure_and_what_only_grows_has_none(events: list[tuple[str, str]]) -> None:
    timed = [(kind, text, float(i), float(i)) for i, (kind, text) in enumerate(events)]
    seen = reading(*timed)
    assert 0 <= seen.corrections() <= seen.erased()
    assert seen.text() == transcript(seen.updates)
    grown = reading(*(event for event in timed if event[0] == "final"))
    assert grown.corrections() == grown.erased() == 0
