"""Comparisons in words and on the page: what is said of many, what differs, sounds side by side."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets, tasks
from modellab.metrics import audio_health
from modellab.reports.comparison import compare, pairing
from modellab.reports.comparison.compare import Found
from modellab.reports.comparison.pairing import CasePair
from modellab.reports.comparison.references import Library
from modellab.reports.comparison.render import html, sentences, tables
from modellab.reports.comparison.two_systems import Compared
from modellab.types import Audio, Utterance

from .systems import churned, entry, selection

GOLDEN = Path(__file__).parents[3] / "golden"
NOWHERE = Library(Path("nowhere"))
CLEAN, BAD = churned(1, 60, worse=0.8)


def compared(a: Any, b: Any, library: Library = NOWHERE) -> Compared:
    found = compare.compare([selection(*a, spec="A"), selection(*b, spec="B")], library)
    assert isinstance(found, Compared)
    return found


def many(worse: int) -> Compared:
    """Eight models before and after, the first `worse` of them worse."""
    before = [entry(CLEAN, f"m{i}", session="old") for i in range(8)]
    after = [entry(BAD if i < worse else CLEAN, f"m{i}", session="new") for i in range(8)]
    return compared(before, after)


# ---------------------------------------------------------------------------- words


def test_of_many_only_what_was_told_gets_a_sentence() -> None:
    first, *rest = sentences.headlines(many(2))
    assert first == (
        "8 comparisons: A is better in 2, B is better in 0, no difference can be told in 6 (6 of them score the same)"
    )
    assert [line.partition(":")[0] for line in rest] == ["asr, m0", "asr, m1"]


def test_of_many_only_what_differs_is_shown_in_full() -> None:
    shown, left = sentences.detailed(many(2))
    assert [system_pair.a for system_pair in shown] == ["m0:one/cpu-float32", "m1:one/cpu-float32"]
    assert left == "6 of 8 pairs of systems in which nothing differs are not shown in full"


def test_the_overview_has_a_line_for_each() -> None:
    table = tables.overview(many(1))
    assert [row[-3:] for row in table.rows] == [
        ("A is better", "cannot tell", "cannot tell"), *[("the same", "cannot tell", "cannot tell")] * 7,
    ]  # fmt: skip


def test_what_differs_between_the_sides_is_named() -> None:
    a = entry(CLEAN, versions={"torch": "2.6", "python": "3.12"}, settings={"beam_size": 1}, weights="w1")
    b = entry(BAD, session="b", versions={"torch": "2.7", "python": "3.12"}, settings={"beam_size": 5}, weights="w2")
    (system_pair,) = compared([a], [b]).system_pairs
    assert list(sentences.differences(system_pair)) == ["weights w1 -> w2", "torch 2.6 -> 2.7", "beam_size 1 -> 5"]


@pytest.mark.parametrize(
    ("a", "b", "beginning"),
    [
        (CLEAN, BAD, "A is better: WER "),
        (BAD, CLEAN, "B is better: WER "),
        (CLEAN, CLEAN, "no difference: WER "),
        ([1.0] * 60, [0.0] + [1.0] * 59, "no difference can be told: WER 10.00 % -> 9.83 %"),
        ([1.0], [0.0], "no difference can be told: WER 10.00 % -> 0.00 %, -10.00 %, only 1 of 1 utterances changed"),
    ],
)
def test_how_a_verdict_begins(a: list[float], b: list[float], beginning: str) -> None:
    (line,) = sentences.headlines(compared([entry(a, "one")], [entry(b, "two")]))
    assert line.startswith(beginning)
    assert ("would" in line) != ("is better" in line), "what would have been seen is said where nothing was"


# ---------------------------------------------------------------------------- sounds side by side


def spoken(folder: Path, model: str, hz: float) -> Any:
    """A synthesiser that says a tone for the first three prompts of tts_smoke_v1, and is heard to say them right."""
    data, task = datasets.load(GOLDEN / "tts_smoke_v1"), tasks.get("tts")
    tone = Audio((0.1 * np.sin(np.arange(8000) * hz * 2 * np.pi / 16000)).astype(np.float32), 16000)
    utterances = []
    for row in data.rows[:3]:
        path = folder / f"{model}-{row['id']}.flac"
        audio.write(path, tone)
        made = {"audio": str(path), "rate_hz": 16000, "duration_s": 0.5}
        output = {"audio": made, "duration_s": 0.5, "health": audio_health.health(tone), "first_audio_s": None}
        output |= {"heard": row["text"], "loudness_lufs": None}
        case = task.read(row, data.options)
        utterances.append(Utterance(case.id, task.score(case, output), output, 0.1, 0.1, 0.5))
    key = {"task": "tts", "dataset": "tts_smoke_v1"}
    provenance = {"dataset_digest": data.digest, "normaliser": "whisper_en@1#0"}
    return entry(tuple(utterances), model, key=key, provenance=provenance)


def test_what_two_synthesisers_say_stands_side_by_side(tmp_path: Path) -> None:
    library = Library(GOLDEN)
    found: Found = compared([spoken(tmp_path, "low", 200.0)], [spoken(tmp_path, "high", 900.0)], library)
    page = html.page(found, library, 50, 15.0)
    articles = page.split("<article")[1:]
    assert len(articles) == 3, "those that score the same are there to be heard"
    for article in articles:
        sides = article.split("<section")[1:]
        assert ["data-side=" + '"A"' in sides[0], "data-side=" + '"B"' in sides[1]] == [True, True]
        sounds = [re.findall(r'<audio[^>]* src="([^"]+)"', side) for side in sides]
        assert [len(each) for each in sounds] == [1, 1]
        assert sounds[0] != sounds[1]
        assert "same score" in article
    assert 'id="blind"' in page
    assert page.count("data-vote=") == 9


def test_the_budget_of_sound_counts_each_clip_once(tmp_path: Path) -> None:
    library = Library(GOLDEN)
    found = compared([spoken(tmp_path, "low", 200.0)], [spoken(tmp_path, "high", 900.0)], library)
    player_maker = html.Shared(10**9)
    path = tmp_path / "low-01.flac"
    assert player_maker.player(path, "a") == player_maker.player(path, "a")
    assert player_maker.left_bytes == 10**9 - len(player_maker.player(path, "a").sound) - len(
        player_maker.player(path, "a").picture
    )
    assert "<audio" not in html.page(found, library, 50, 0.0)


def test_a_baseline_that_keeps_no_outputs_says_so(tmp_path: Path) -> None:
    library = Library(GOLDEN)
    a, b = spoken(tmp_path, "low", 200.0), spoken(tmp_path, "high", 900.0)
    assert a.result is not None
    bare = replace(a.result, utterances=tuple(replace(each, output=None) for each in a.result.utterances))
    page = html.page(compared([replace(a, result=bare)], [b], library), library, 50, 15.0)
    assert page.count("(the output is not kept in a baseline)") == 3
    assert pairing.case_pairs(selection(a), selection(b))[0] == [CasePair(a, b)]
