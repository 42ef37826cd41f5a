"""BLEU and chrF pooled from our counts are sacrebleu's corpus scores."""

from __future__ import annotations

import sys
from random import Random

import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import ConfigError, ExtraError
from modellab.gate import paired_quality
from modellab.metrics import translation
from modellab.types import Metric

WORDS = ["the", "cat", "sat", "on", "a", "mat", ",", "Don't", "2.5", "straße", "кот", "猫", "बिल्ली", "."]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
REFERENCES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join)
PAIRS = st.lists(st.tuples(REFERENCES, REFERENCES, TEXTS), min_size=1, max_size=12)
BLEU = Metric("bleu", unit="ratio", better="higher", rate=translation.bleu_rate)
CHRF = Metric("chrf", unit="ratio", better="higher", rate=translation.chrf_rate)
Corpus = list[tuple[str, str, str]]


def own_scores(corpus: Corpus, tokeniser: str = "13a") -> tuple[float, float]:
    """(BLEU, chrF) of rows (reference, reference, hypothesis)."""
    bleu = BLEU.value(translation.bleu(row[:2], row[2], tokeniser) for row in corpus)
    return bleu, CHRF.value(translation.chrf(row[:2], row[2]) for row in corpus)


@given(corpus=PAIRS, tokeniser=st.sampled_from(["13a", "char", "intl", "none", "zh"]))
def test_the_corpus_scores_are_sacrebleus(corpus: Corpus, tokeniser: str) -> None:
    first, second, said = zip(*corpus, strict=True)
    bleu, chrf = own_scores(corpus, tokeniser)
    theirs = sacrebleu.corpus_bleu(list(said), [list(first), list(second)], tokenize=tokeniser, force=True)
    assert 100 * bleu == pytest.approx(theirs.score, abs=1e-9)
    assert 100 * chrf == pytest.approx(sacrebleu.corpus_chrf(list(said), [list(first), list(second)]).score, abs=1e-9)


@given(corpus=PAIRS, seed=st.integers(0, 99))
def test_the_order_of_the_utterances_is_of_no_account(corpus: Corpus, seed: int) -> None:
    assert own_scores(corpus) == own_scores(Random(seed).sample(corpus, len(corpus)))


@given(corpus=PAIRS)
def test_scores_lie_between_0_and_1_and_a_copy_has_the_best_chrf(corpus: Corpus) -> None:
    assert all(0 <= score <= 1 + 1e-9 for score in own_scores(corpus))
    assert own_scores([(first, first, first) for first, _, _ in corpus])[1] == pytest.approx(1)


@given(corpus=PAIRS)
def test_many_sums_at_once_are_the_sums_one_by_one(corpus: Corpus) -> None:
    for share, rate in ((translation.bleu, translation.bleu_rate), (translation.chrf, translation.chrf_rate)):
        rows = np.array([share([row[0]], row[2]) for row in corpus])  # type: ignore[operator]
        assert rate(np.stack([rows, rows])).tolist() == [[float(rate(row)) for row in rows]] * 2


@given(reference=REFERENCES, other=REFERENCES, said=TEXTS)
def test_the_plain_overlap_is_a_share(reference: str, other: str, said: str) -> None:
    """Its bottom minus its top is what the utterance lacks: never below 0, and everything where nothing was said."""
    for share in (translation.bleu([reference, other], said), translation.chrf([reference, other], said)):
        assert 0 <= share[0] <= share[1]
    for nothing in (translation.bleu([reference], ""), translation.chrf([reference], "")):
        assert nothing[0] == 0 < nothing[1]
    for copy in (translation.bleu([reference], reference), translation.chrf([reference], reference)):
        assert copy[0] == copy[1]


def test_the_overlap_in_front_of_bleu_is_that_of_all_its_ngrams() -> None:
    top, bottom, *found = translation.bleu(["the cat sat down"], "the cat sat")
    assert found == [3, 4, 3, 2, 1, 0, 3, 2, 1, 0]
    matches, said, spoken = 3 + 2 + 1, 3 + 2 + 1, 4 + 3 + 2 + 1
    assert top / bottom == 2 * matches / (said + spoken) == 0.75
    assert bottom == 4


def test_an_empty_reference_gives_no_score() -> None:
    assert np.isnan(BLEU.value([translation.bleu([""], "the cat")]))
    assert np.isnan(CHRF.value([translation.chrf([""], "the cat")]))


def test_tokenisers_follow_the_language() -> None:
    known = {"de": "13a", "zh": "zh", "yue": "zh", "ja": "ja-mecab", "ko": "ko-mecab", "km": "char"}
    assert {language: translation.tokeniser_for(language) for language in known} == known


def test_the_signature_is_sacrebleus() -> None:
    metric = sacrebleu.metrics.chrf.CHRF()
    metric.corpus_score(["a"], [["a"]])
    bleu, chrf = translation.signature(["zh"]).split(" ")
    theirs = sacrebleu.metrics.bleu.BLEU(tokenize="zh")
    theirs.corpus_score(["a"], [["a"]])
    assert bleu == "BLEU|" + str(theirs.get_signature()).removeprefix("nrefs:1|")
    assert "|tok:13a+char|" in translation.signature(["13a", "char"])
    assert f"nrefs:1|{chrf.removeprefix('chrF2|')}|version:{sacrebleu.__version__}" == str(metric.get_signature())


def test_an_unknown_tokeniser_names_the_closest() -> None:
    with pytest.raises(ConfigError, match="unknown tokeniser '13b': did you mean 13a"):
        translation.bleu(["a"], "a", "13b")


def test_what_is_not_installed_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    translation._bleu.cache_clear()
    monkeypatch.setitem(sys.modules, "MeCab", None)
    with pytest.raises(ConfigError, match=r"'ja-mecab' does not start here: pip install 'sacrebleu\[ja\]'"):
        translation.bleu(["猫"], "猫", "ja-mecab")
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    with pytest.raises(ExtraError, match=r"needs sacrebleu, .*: pip install 'modellab\[translation\]'"):
        translation.bleu(["a"], "a")


def test_the_gate_sees_damage_and_none_where_there_is_none() -> None:
    """The gate swaps utterances between two runs and takes the score of the sums again: any rate of counts will do."""
    draw = Random(1)
    texts = [" ".join(draw.choices(WORDS, k=12)) for _ in range(40)]
    damaged = [text if i % 3 else " ".join(["x", *text.split()[3:]]) for i, text in enumerate(texts)]
    for metric, share in ((CHRF, translation.chrf), (BLEU, translation.bleu)):
        before = np.array([share([text], text) for text in texts])
        after = np.array([share([text], said) for text, said in zip(texts, damaged, strict=True)])
        found = paired_quality.compare(metric, before, after)
        assert found.change < -0.02
        assert found.p < 0.01
        assert found.p_better > 0.5
        assert 0 < found.detects < 0.5
        assert paired_quality.compare(metric, before, before).change == 0
