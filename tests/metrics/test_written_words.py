"""Word error rates with casing and punctuation, and F1 of each mark: against jiwer, scikit-learn and by hand."""

from __future__ import annotations

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.metrics import written_words
from modellab.metrics.casing_punctuation import MARKS, compare
from modellab.types import Ratio

WORDS = st.lists(st.sampled_from(["we", "We", "go", "Go,", "home.", "home", "now?", "Ann", "ann;"]), max_size=8)
TEXTS = WORDS.map(" ".join)
F1 = [f"{name}_f1" for name in written_words.NAMES.values()]


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6))
def test_the_written_rate_is_jiwers_on_texts_as_they_are(pairs: list[tuple[str, str]]) -> None:
    pairs = [(ours, theirs) for ours, theirs in pairs if ours and compare(ours, "").reference.marks]
    rates = [written_words.error_rates(compare(*pair))["written_wer"] for pair in pairs]
    scored = [(pair, rate) for pair, rate in zip(pairs, rates, strict=True) if rate[1]]
    if scored:
        references, hypotheses = zip(*(pair for pair, _ in scored), strict=True)
        ours = sum(rate[0] for _, rate in scored) / sum(rate[1] for _, rate in scored)
        assert ours == pytest.approx(jiwer.wer(list(references), list(hypotheses)))


@given(st.lists(st.tuples(*[st.sampled_from(["", *MARKS])] * 2), min_size=1, max_size=20))
def test_the_f1_of_each_mark_is_scikit_learns(marks: list[tuple[str, str]]) -> None:
    ours, theirs = ("".join(f"w{i}{each[side]} " for i, each in enumerate(marks)) for side in (0, 1))
    found = written_words.mark_scores(compare(ours, theirs))
    if not any(left for left, _ in marks):
        assert set(found.values()) == {Ratio(0, 0)}
        return
    from sklearn.metrics import f1_score

    left, right = zip(*marks, strict=True)
    for mark, name in written_words.NAMES.items():
        top, bottom = found[f"{name}_f1"]
        if bottom:
            assert top / bottom == pytest.approx(f1_score(left, right, labels=[mark], average="micro"))
    top, bottom = found["punctuation_f1"]
    assert top / bottom == pytest.approx(f1_score(left, right, labels=list(MARKS), average="micro"))


@given(TEXTS, TEXTS)
def test_more_is_compared_the_more_is_wrong(reference: str, hypothesis: str) -> None:
    found = compare(reference, hypothesis)
    rates = written_words.error_rates(found)
    if rates["cased_wer"][1]:
        assert rates["cased_wer"][0] <= rates["written_wer"][0]
    if rates["punctuated_wer"][1]:
        assert rates["punctuated_wer"][0] <= rates["written_wer"][0]
    for top, bottom in written_words.mark_scores(found).values():
        assert 0 <= top <= bottom


@given(TEXTS)
def test_the_same_text_has_no_error(text: str) -> None:
    found = compare(text, text)
    assert {rate[0] for rate in written_words.error_rates(found).values()} == {0}
    assert all(top == bottom for top, bottom in written_words.mark_scores(found).values())


@pytest.mark.parametrize(
    ("reference", "hypothesis", "cased", "punctuated", "written"),
    [
        ("Ann came home.", "ann came home.", (1, 3), (0, 3), (1, 3)),
        ("Ann came home.", "Ann came home", (0, 3), (1, 3), (1, 3)),
        ("Ann came home.", "Ann came", (1, 3), (1, 3), (1, 3)),
        ("¿Qué tal?", "Qué tal?", (0, 2), (1, 2), (1, 2)),
        ("ann came home", "Ann came home.", (0, 0), (0, 0), (0, 0)),
        ("ann came. home", "Ann came home", (0, 0), (1, 3), (2, 3)),
        ("Ann came home", "Ann came. home", (0, 3), (0, 0), (1, 3)),
        ("It costs twenty.", "It costs 20.", (1, 3), (1, 3), (1, 3)),
        ("Ann came.", "", (2, 2), (2, 2), (2, 2)),
        ("", "Ann came.", (0, 0), (0, 0), (0, 0)),
    ],
)
def test_rates_by_hand(
    reference: str, hypothesis: str, cased: tuple[int, int], punctuated: tuple[int, int], written: tuple[int, int]
) -> None:
    rates = written_words.error_rates(compare(reference, hypothesis))
    assert tuple(rates.values()) == (cased, punctuated, written)


def test_marks_beside_misheard_words_and_repeated_ones_count_once() -> None:
    lost = written_words.mark_scores(compare("Come in, Ann.", "Come out, Ann."))
    assert (lost["comma_f1"], lost["period_f1"], lost["punctuation_f1"]) == ((0, 0), (2, 2), (2, 2))
    assert written_words.mark_scores(compare("Wait...", "Wait."))["period_f1"] == (2, 2)
    assert set(written_words.mark_scores(compare("Wait", "Wait."))) == {"punctuation_f1", *F1}
