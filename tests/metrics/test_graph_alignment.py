"""The alignment over alternatives, against every way to read them written out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.annotations import markup
from modellab.metrics import edit_distance
from modellab.metrics.graph_alignment import FEWEST_ERRORS, SCLITE, align
from modellab.types.word_graph import Choice, Marked, Part, graph, line

WORDS = st.sampled_from(["a", "b", "c", "ab"])
STRETCH = st.lists(WORDS, max_size=3).map(" ".join)
OPTIONAL = WORDS.map(lambda word: Marked(word, optional=True))
PLAIN_PARTS = st.lists(STRETCH, max_size=2).map(tuple)
INNER = st.builds(Choice, st.lists(PLAIN_PARTS, min_size=1, max_size=3).map(tuple))
BRANCH = st.lists(st.one_of(STRETCH, INNER), max_size=2).map(tuple)
CHOICE = st.builds(Choice, st.lists(BRANCH, min_size=1, max_size=3).map(tuple))
PARTS = st.lists(st.one_of(STRETCH, CHOICE), max_size=4)


def every_text(parts: Sequence[Part]) -> Iterator[tuple[str, ...]]:
    """Every text that the parts stand for."""
    choices: list[list[tuple[str, ...]]] = []
    for part in parts:
        if isinstance(part, Choice):
            choices.append([way for branch in part.branches for way in every_text(branch)])
        else:
            choices.append([tuple((part.text if isinstance(part, Marked) else part).split())])
    return (tuple(itertools.chain.from_iterable(way)) for way in itertools.product(*choices))


def cheapest_cost(reference: Sequence[str], hypothesis: Sequence[str], substitution: int, gap: int) -> int:
    """The cost of the cheapest alignment of two texts, by the textbook."""
    row = [gap * j for j in range(len(hypothesis) + 1)]
    for i, ours in enumerate(reference, start=1):
        last, row = row, [gap * i]
        for j, theirs in enumerate(hypothesis, start=1):
            same = last[j - 1] + (0 if ours == theirs else substitution)
            row.append(min(same, last[j] + gap, row[-1] + gap))
    return row[-1]


@given(PARTS, PARTS)
def test_the_best_way_of_all_is_found(parts: list[Part], said: list[Part]) -> None:
    found = align(graph(parts, str.split), graph(said, str.split))
    ways = [(ours, theirs) for ours in every_text(parts) for theirs in every_text(said)]
    wanted = min((cheapest_cost(ours, theirs, 1, 1), -len(ours)) for ours, theirs in ways)
    assert (len(found.edits), -len(found.reference)) == wanted
    assert (found.reference, found.hypothesis) in ways


@given(PARTS, PARTS)
def test_it_does_not_matter_how_much_of_the_table_is_held(parts: list[Part], said: list[Part]) -> None:
    ours, theirs = graph(parts, str.split), graph(said, str.split)
    assert align(ours, theirs, block_numbers=1) == align(ours, theirs)


@given(PARTS, st.lists(WORDS, max_size=6))
def test_sclites_weights_find_the_cheapest_way(parts: list[Part], said: list[str]) -> None:
    found = align(graph(parts, str.split), line(said), SCLITE).words
    wanted = min(cheapest_cost(way, said, 4, 3) for way in every_text(parts))
    assert 4 * found.substitutions + 3 * (found.deletions + found.insertions) == wanted


@given(st.lists(WORDS, max_size=8), st.lists(WORDS, max_size=8))
def test_plain_texts_have_the_errors_of_any_alignment(reference: list[str], hypothesis: list[str]) -> None:
    found = align(line(reference), line(hypothesis))
    assert found.wer() == edit_distance.align(" ".join(reference), " ".join(hypothesis)).wer()
    assert (found.reference, found.hypothesis) == (tuple(reference), tuple(hypothesis))


@given(st.lists(st.one_of(STRETCH, OPTIONAL), max_size=5), st.lists(WORDS, max_size=6))
def test_an_optional_word_costs_nothing_and_counts(parts: list[Part], said: list[str]) -> None:
    found = align(graph(parts, str.split), line(said))
    either = [Choice(((part,), ())) if isinstance(part, Marked) else part for part in parts]
    assert len(found.edits) == min(cheapest_cost(way, said, 1, 1) for way in every_text(either))
    assert len(found.reference) == len(next(every_text(parts)))


@given(PARTS, st.lists(WORDS, max_size=6), st.sampled_from([FEWEST_ERRORS, SCLITE]))
def test_the_steps_tell_both_sides(parts: list[Part], said: list[str], weights: object) -> None:
    found = align(graph(parts, str.split), line(said), FEWEST_ERRORS if weights is FEWEST_ERRORS else SCLITE)
    assert tuple(ours for _, ours, _ in found.steps if ours) == found.reference
    assert [theirs for _, _, theirs in found.steps if theirs] == said


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors", "words"),
    [
        ("i've { um / uh } been", "i've uh been", 0, 3),
        ("i've { um / uh / @ } been", "i've been", 0, 2),
        ("i've { um / @ } been", "i've ah been", 1, 3),  # a substitution, not an insertion: the lower rate
        ("{ a b c / d }", "d", 0, 1),  # the denominator is that of what was said
        ("{ a b c / d }", "a b c", 0, 3),
        ("{ a { b / c } / d }", "a c", 0, 2),
        ("so (really) far", "so far", 0, 3),
        ("so (really) far", "so really far", 0, 3),
        ("so (really) far", "so rarely far", 1, 3),
        ("so ( very very ) far", "so very far", 0, 4),
        ("th- that", "this that", 0, 2),
        ("th- that", "who that", 1, 2),
        ("th- that", "that", 1, 2),
        ("(th-) that", "that", 0, 2),
        ("run -ning", "run running", 0, 2),
        ("", "well", 1, 0),
        ("{ @ / uh }", "", 0, 0),
    ],
)
def test_marks_are_scored(reference: str, hypothesis: str, errors: int, words: int) -> None:
    found = align(graph(markup.parsed(reference), str.split), line(hypothesis.split()))
    assert (len(found.edits), len(found.reference)) == (errors, words)


def test_a_word_that_was_left_out_is_shown_as_right() -> None:
    found = align(graph(markup.parsed("so (really) far"), str.split), line(["so", "far"]))
    assert found.steps == (("", "so", "so"), ("", "really", "really"), ("", "far", "far"))


def test_sclites_weights_take_what_it_takes() -> None:
    """Eight substitutions weigh 32, five insertions and five deletions 30."""
    ours, theirs = line("abcdexyz"), line("xyzpqrst")
    assert (len(align(ours, theirs).edits), len(align(ours, theirs, SCLITE).edits)) == (8, 10)
