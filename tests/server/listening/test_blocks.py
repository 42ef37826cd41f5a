"""What one rater hears, and which of their votes count."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

from modellab.server.listening import blocks, numbers, rules
from modellab.server.listening.records import Clip, Item, ListeningTest, Rater, Ratings, System, Tones, Vote
from tests.server.listening import people

MOMENT = "2026-11-01T10:00:00.000000+00:00"
LIKING = {0: 2.2, 1: 3.0, 2: 3.9}


def a_test(kind: str = "acr", systems: int = 3, items: int = 24, per_rater: int = 36, **changes: Any) -> ListeningTest:
    def clip(name: str) -> Clip:
        return Clip(blob=name, duration_s=2.0)

    clips = systems + (3 if kind == "mushra" else 0)
    fields: dict[str, Any] = {
        "id": "t", "project": "default", "name": "voices", "question": "How good?", "kind": kind, "dataset": "short_v1",
        "systems": [System(name=f"m{i}", entry=f"e{i}") for i in range(systems)],
        "items": [Item(id=f"u{j}", text="", clips=[clip(f"u{j}-{i}") for i in range(clips)]) for j in range(items)],
        "anchor": clip("anchor"), "tones": [Tones(clip=clip(f"tones{i}"), quietest=i + 1) for i in range(3)],
        "needs_headphones": True, "per_rater": per_rater, "seed": 7, "invitation": "link", "created_at": MOMENT,
        "changed_at": MOMENT,
    }  # fmt: skip
    return ListeningTest(**{**fields, **changes})


def a_rater(number: int = 0) -> Rater:
    return Rater(test="t", rater=f"r{number}", number=number, agent="", at=MOMENT)


def votes(test: ListeningTest, rater: Rater, answer: people.Answer, heard: float = 1.0) -> list[Vote]:
    """What a rater says, without a server."""
    values = {"first": 1.0, "second": -1.0, "neither": 0.0}
    found = []
    for order, trial in enumerate(blocks.trials(test, rater)):
        said = answer(people.Asked(trial))
        durations = [clip.duration_s for clip in trial.clips]
        told: dict[str, Any] = {
            "test": test.id, "rater": rater.rater, "part": trial.part, "item": trial.item, "order": order,
            "systems": list(trial.systems), "played_s": [heard * each for each in durations], "duration_s": durations,
            "latency_s": 3.0, "seed": test.seed, "at": MOMENT,
        }  # fmt: skip
        if trial.reference is None:
            found.append(Vote(score=values[said] if said in values else float(said), **told))
        else:
            found += Ratings(scores=[float(each) for each in said.split()], **told).votes()
    return found


@pytest.mark.parametrize("kind", ["acr", "ab"])
def test_a_rater_hears_the_same_however_often_they_come_back(kind: str) -> None:
    test = a_test(kind)
    assert blocks.trials(test, a_rater(3)) == blocks.trials(test, a_rater(3))
    assert blocks.trials(test, a_rater(3)) != blocks.trials(test, a_rater(4))


@pytest.mark.parametrize("kind", ["acr", "ab"])
def test_a_block_has_checks_training_repeats_and_one_anchor(kind: str) -> None:
    test = a_test(kind)
    found = blocks.trials(test, a_rater())
    parts = Counter(trial.part for trial in found)
    assert parts == {"headphones": 3, "training": 2, "rated": 36, "repeat": 4, "anchor": 1}
    assert [trial.part for trial in found[:5]] == ["headphones"] * 3 + ["training"] * 2
    rated = [(trial.item, frozenset(trial.systems)) for trial in found if trial.part == "rated"]
    assert len(set(rated)) == 36
    assert len({item for item, _ in rated}) == 12, "each sentence of every system, or in every pair"
    for place, trial in enumerate(found):
        if trial.part == "repeat":
            key = (trial.item, trial.systems[::-1], "rated")
            first = next(i for i, each in enumerate(found) if (each.item, each.systems, each.part) == key)
            assert place - first > blocks.APART


def test_sides_and_orders_are_drawn_for_each_rater() -> None:
    test = a_test("ab", systems=2)
    firsts = Counter(
        trial.systems[0] for n in range(20) for trial in blocks.trials(test, a_rater(n)) if trial.part == "rated"
    )
    assert 0.4 < firsts[0] / firsts.total() < 0.6
    neighbours = [
        a.item == b.item
        for n in range(20)
        for a, b in itertools.pairwise(t for t in blocks.trials(a_test(), a_rater(n)) if t.part == "rated")
    ]
    assert sum(neighbours) / len(neighbours) < 0.06, "the same sentence twice in a row"


def test_all_sentences_are_heard_about_equally_often() -> None:
    test = a_test(per_rater=15)
    heard = Counter(t.item for n in range(24) for t in blocks.trials(test, a_rater(n)) if t.part == "rated")
    assert len(heard) == 24
    assert max(heard.values()) == min(heard.values())


def test_a_small_test_asks_what_there_is() -> None:
    found = blocks.trials(a_test(systems=1, items=1, per_rater=2, needs_headphones=False), a_rater())
    assert [trial.part for trial in found if trial.part not in ("training", "anchor")] == ["rated"]


@pytest.mark.parametrize("kind", ["acr", "ab"])
def test_people_who_listen_find_the_order_that_is_there(kind: str) -> None:
    test = a_test(kind)
    every = [vote for n in range(10) for vote in votes(test, a_rater(n), people.listener(test, LIKING, n))]
    said = numbers.summed(test, [a_rater(n) for n in range(10)], every)
    assert said["enough"]
    assert [each["name"] for each in said["systems"]] == ["m2", "m1", "m0"]
    assert [each["rank"] for each in said["systems"]] == [1, 2, 3]
    assert all(pair["differs"] and pair["change"] < 0 for pair in said["pairs"])
    assert said["votes"] == 360
    assert not any(each["votes"] for each in said["left_out"])


def test_what_sounds_alike_has_one_rank() -> None:
    test = a_test("ab", systems=2)
    every = [vote for n in range(12) for vote in votes(test, a_rater(n), people.listener(test, {0: 3.0, 1: 3.0}, n))]
    said = numbers.summed(test, [], every)
    assert [each["rank"] for each in said["systems"]] == [1, 1]
    low, high = said["pairs"][0]["interval"]
    assert low < 0 < high


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        ("no headphones", lambda asked: "1" if asked.trial.part == "headphones" else None),
        ("found the spoilt clip good", lambda asked: "4" if asked.trial.part == "anchor" else None),
        ("judged the same clip otherwise the second time", lambda asked: "1" if asked.trial.part == "repeat" else None),
        ("gave one answer to everything", lambda asked: "3" if asked.trial.part == "rated" else None),
    ],
)
def test_who_does_not_listen_is_left_out_and_counted(rule: str, answer: Any) -> None:
    test = a_test()
    honest = people.listener(test, {0: 3.6, 1: 3.9, 2: 4.2}, 1)
    said = votes(test, a_rater(), lambda asked: answer(asked) or honest(asked))
    if rule.startswith("gave"):
        said = [replaced(vote, score=3.0) if vote.part == "repeat" else vote for vote in said]
    kept, left_out = rules.counted(test, said)
    assert kept == []
    assert {each.rule: (each.raters, each.votes) for each in left_out if each.votes} == {rule: (1, 36)}


def replaced(vote: Vote, **changes: Any) -> Vote:
    return vote.model_copy(update=changes)


def test_in_pairs_the_anchor_and_the_repeats_tell_too() -> None:
    test = a_test("ab")
    honest = people.listener(test, LIKING, 1)

    def likes_noise(asked: people.Asked) -> str:
        trial = asked.trial
        return ("first" if trial.systems[0] < 0 else "second") if trial.part == "anchor" else honest(asked)

    def always_first(asked: people.Asked) -> str:
        return honest(asked) if asked.trial.part in ("headphones", "anchor") else "first"

    for answer, rule in (likes_noise, "found the spoilt clip good"), (always_first, "judged the same clip otherwise"):
        kept, left_out = rules.counted(test, votes(test, a_rater(), answer))
        assert kept == []
        assert next(each.rule for each in left_out if each.raters).startswith(rule)


def test_a_clip_that_was_not_heard_out_does_not_count() -> None:
    test = a_test()
    kept, left_out = rules.counted(test, votes(test, a_rater(), people.listener(test, LIKING, 1), heard=0.5))
    assert kept == []
    assert [(each.rule, each.raters, each.votes) for each in left_out if each.votes] == [(rules.UNHEARD, 0, 36)]


def test_few_people_or_few_sentences_give_no_number() -> None:
    test = a_test()
    seven = [vote for n in range(7) for vote in votes(test, a_rater(n), people.listener(test, LIKING, n))]
    said = numbers.summed(test, [], seven)
    assert said["why_not"].startswith("not enough yet: the votes of 7 of at least 8 raters")
    assert said["systems"] == said["pairs"] == []
    short = a_test(items=19)
    every = [vote for n in range(9) for vote in votes(short, a_rater(n), people.listener(short, LIKING, n))]
    said = numbers.summed(short, [], every)
    assert said["systems"] == []
    assert said["why_not"] == "never enough: it has 19 sentences, and 20 are needed, whoever hears them"
