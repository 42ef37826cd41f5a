"""MUSHRA: what stands beside each other, what is hidden among it, who is left out, and what the numbers say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.server.errors import ApiError
from modellab.server.listening import blocks, clips, numbers, rules
from modellab.server.listening.records import LOW, MID, REFERENCE, ListeningTest, ListeningTests, Ratings, Vote
from modellab.types import Audio
from tests.server.listening import people
from tests.server.listening.test_blocks import LIKING, a_rater, a_test, votes

RATE_HZ = 24_000


def heard(test: ListeningTest, count: int = 10, **of: Any) -> list[Vote]:
    """The votes of people who listen, and of one more who answers as told."""
    every = [vote for n in range(count) for vote in votes(test, a_rater(n), people.listener(test, LIKING, n))]
    if not of:
        return every
    honest = people.listener(test, LIKING, count)

    def answer(asked: people.Asked) -> str:
        if asked.trial.reference is None:
            return honest(asked)
        said = dict(zip(asked.trial.systems, honest(asked).split(), strict=True))
        said.update({test.conditions.index(name): score for name, score in of["says"].items()})
        return " ".join(said[system] for system in asked.trial.systems)

    return [*every, *votes(test, a_rater(count), answer)]


def test_a_block_has_every_condition_of_a_sentence_at_once() -> None:
    test = a_test("mushra")
    assert test.conditions == ["m0", "m1", "m2", REFERENCE, LOW, MID]
    found = blocks.trials(test, a_rater())
    assert Counter(trial.part for trial in found) == {"headphones": 3, "training": 2, "rated": 6}, (
        "36 clips, 6 at a time"
    )
    for trial in found[3:]:
        assert sorted(trial.systems) == list(range(6))
        assert trial.reference == trial.clips[trial.systems.index(test.reference)]
        assert len(trial.sounds) == 7
    assert len({trial.systems for n in range(20) for trial in blocks.trials(test, a_rater(n))[3:]}) > 50, "drawn anew"


def test_scores_stand_with_intervals_and_what_was_hidden() -> None:
    test = a_test("mushra")
    every = heard(test)
    said = numbers.summed(test, [], every)
    assert said["metric"] == "mushra_human"
    assert [(each["name"], each["rank"]) for each in said["systems"]] == [
        ("m2", 1), ("m1", 2), ("m0", 3), (REFERENCE, None), (LOW, None), (MID, None),
    ]  # fmt: skip
    for each in said["systems"][:3]:
        own = [v.score for v in every if v.part == "rated" and v.systems == [each["number"]]]
        assert each["score"]["value"] == pytest.approx(np.mean(own))
        assert each["score"]["interval"][0] < np.mean(own) < each["score"]["interval"][1]
        assert each["quartiles"] == pytest.approx(np.percentile(own, (25, 50, 75)))
    assert (said["systems"][3]["score"]["value"], said["systems"][4]["score"]["value"]) == (100.0, 10.0)
    assert len(said["pairs"]) == 6, "three systems and the reference"
    assert all(pair["differs"] for pair in said["pairs"])


@pytest.mark.parametrize(
    ("says", "rule"),
    [
        ({REFERENCE: "89"}, "put the hidden reference below 90"),
        ({REFERENCE: "90"}, ""),
        ({MID: "91"}, "put the anchor of 7 kHz above 90"),
        ({MID: "90"}, ""),
        (dict.fromkeys(("m0", "m1", "m2", REFERENCE, LOW), "95") | {MID: "95"}, "put the anchor of 7 kHz"),
        (dict.fromkeys(("m0", "m1", "m2", REFERENCE, LOW), "95"), ""),
    ],
)
def test_who_does_not_find_the_reference_is_left_out(says: dict[str, str], rule: str) -> None:
    test = a_test("mushra", needs_headphones=False)
    kept, left_out = rules.counted(test, heard(test, says=says))
    taken = [each for each in left_out if each.raters]
    assert [each.rule.startswith(rule) for each in taken] == [True] * bool(rule)
    assert len({vote.rater for vote in kept}) == (10 if rule else 11)
    assert sum(each.votes for each in taken) == (36 if rule else 0)


def test_one_reference_missed_in_seven_sentences_is_no_reason() -> None:
    test = a_test("mushra", per_rater=6 * 7)
    every = heard(test, 1)
    at_reference = [vote for vote in every if vote.part == "rated" and vote.systems == [test.reference]]
    assert len(at_reference) == 7
    for missed, left in ((1, 0), (2, 1)):  # 14 %, 29 %
        orders = {vote.order for vote in at_reference[:missed]}
        said = [v.model_copy(update={"score": 70.0}) if v.order in orders and v.systems == [3] else v for v in every]
        assert sum(each.raters for each in rules.counted(test, said)[1]) == left


def test_an_anchor_that_hardly_anybody_hears_leaves_nobody_out() -> None:
    test = a_test("mushra")
    every = [v.model_copy(update={"score": 97.0}) if v.systems == [5] else v for v in heard(test)]
    assert not [each for each in rules.counted(test, every)[1] if each.raters]


def test_a_condition_that_was_hardly_played_does_not_count() -> None:
    test = a_test("mushra", needs_headphones=False)
    honest = people.listener(test, LIKING, 1)
    for share, kept in (0.4, 0), (0.5, 36):  # of 2 s
        assert len(rules.counted(test, votes(test, a_rater(), honest, heard=share))[0]) == kept


def test_ratings_are_one_line_that_holds_once(tmp_path: Path) -> None:
    test = a_test("mushra")
    kept = ListeningTests(tmp_path)
    about = blocks.trials(test, a_rater())[3]
    facts: dict[str, Any] = {"test": "t", "rater": "r0", "part": "rated", "item": "u1", "order": 3, "latency_s": 1.0}
    facts |= {"seed": 7, "at": "now", "played_s": [2.0] * 6, "duration_s": [2.0] * 6, "systems": list(about.systems)}
    kept.vote(Ratings(scores=[1, 2, 3, 4, 5, 6], **facts))
    kept.vote(Ratings(scores=[0] * 6, **facts))
    found = kept.raters_and_votes("t")[1]
    assert [(vote.systems, vote.score) for vote in found] == [([s], i + 1.0) for i, s in enumerate(about.systems)]


@pytest.mark.parametrize("edge_hz", clips.ANCHORS_HZ)
def test_anchors_are_cut_as_the_recommendation_allows(edge_hz: float) -> None:
    """Within 0.1 dB up to the edge; at least 25 dB less at 8/7 of it, 50 dB at 9/7: BS.1534-3, 5.1, for 3.5 kHz."""
    noise = np.random.default_rng(1).standard_normal(4 * RATE_HZ).astype(np.float32)
    cut = clips._low_passed(Audio(noise, RATE_HZ), edge_hz)
    level = np.abs(np.fft.rfft(cut.samples)) / np.abs(np.fft.rfft(noise))
    at_hz = np.fft.rfftfreq(len(noise), 1 / RATE_HZ)
    assert np.all(np.abs(20 * np.log10(level[at_hz <= edge_hz])) < 0.1)
    assert np.all(level[at_hz >= edge_hz * 8 / 7] < 10 ** (-25 / 20))
    assert np.all(level[at_hz >= edge_hz * 9 / 7] < 10 ** (-50 / 20))


def test_what_a_reference_cannot_have_is_told() -> None:
    assert clips._edges_hz(24_000) == [3_500.0, 7_000.0]
    assert clips._edges_hz(16_000) == [3_500.0]
    with pytest.raises(ApiError, match="which nobody hears of a reference of 8000 Hz"):
        clips._edges_hz(8_000)
