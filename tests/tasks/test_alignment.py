"""The alignment task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.errors import DatasetError
from modellab.tasks import alignment
from modellab.types import Audio, Ratio, Word

WORDS = [["Turn", 0.1, 0.3], ["on", 0.3, 0.5], ["Lights!", 0.5, 1.0]]
ROW = {"id": "01", "audio": "a.flac", "duration_s": 1.5, "words": WORDS, "speaker": "en-us"}
OPTIONS = {"normaliser": "basic"}
METRIC = {metric.name: metric for metric in alignment.METRICS}


def sample(*words: list[Any]) -> alignment.Sample:
    return alignment.read({**ROW, "words": words or WORDS}, OPTIONS)


def output_of(*words: tuple[str, float, float], forced: bool = False) -> dict[str, Any]:
    return alignment.encode(alignment.Answer([Word(*word) for word in words], forced))


SAME = output_of(*((text, start_s, end_s) for text, start_s, end_s in WORDS))


def test_a_row_becomes_a_case() -> None:
    found = sample()
    assert found.words == (Word("turn", 0.1, 0.3), Word("on", 0.3, 0.5), Word("lights", 0.5, 1.0))
    assert (found.id, found.duration_s, found.speaker, found.condition) == ("01", 1.5, "en-us", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (None, "expected `words` as a list of [word, start_s, end_s], got None"),
        ([], "expected `words` as a list"),
        ("turn on", "expected `words` as a list"),
        ([["turn", 0.1]], "a list (['turn', 0.1]), expected [word, start_s, end_s]"),
        ([[1, 0.1, 0.3]], "expected a str as the word"),
        ([["a", "x", 0.3]], "expected [word, start_s, end_s]"),
        ([["a", 0.3, 0.1]], "1 of `words` end before they start"),
        ([["a", 0.5, 0.6], ["b", 0.1, 0.2]], "start before the word in front of them"),
        ([["a", 0.5, 1.6]], "outside the clip's 1.5 s"),
        ([["a", None, 0.6]], "1 of `words`"),
        ([["--", 0.5, 0.6]], "basic makes '' of a word at 0.5 s in `words`, expected one word"),
        ([["twenty-one", 0.5, 0.6]], "basic makes 'twenty one' of a word"),
    ],
)
def test_bad_words_name_the_case(words: object, says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        alignment.read({**ROW, "words": words}, OPTIONS)
    assert "'01'" in str(caught.value)
    assert says in str(caught.value)


class Forced:
    """An aligner that puts the words end to end from the start on."""

    FORCED = True

    def align(self, audio: Audio, text: str) -> list[Word]:
        words = text.split()
        each_s = audio.duration_s / len(words)
        return [Word(word, i * each_s, (i + 1) * each_s) for i, word in enumerate(words)]


def test_the_model_gets_audio_and_words_but_no_times(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((12_000, 2)), 8_000)
    given = alignment.prepare({**ROW, "audio": tmp_path / "a.wav"})
    assert (given.audio.rate_hz, given.audio.samples.shape, given.text) == (16_000, (24_000,), "Turn on Lights!")
    output = alignment.encode(alignment.run(Forced(), given))
    assert output == {"words": [["Turn", 0.0, 0.5], ["on", 0.5, 1.0], ["Lights!", 1.0, 1.5]], "forced": True}
    assert alignment.score(sample(), output)["forced_rate"] == Ratio(1.0)


# ---------------------------------------------------------------------------- encode


def test_words_are_json_and_unknown_times_null() -> None:
    output = output_of(("a", float(np.float32(0.5)), 1), ("b", math.nan, math.inf))
    assert output == {"words": [["a", 0.5, 1.0], ["b", None, None]], "forced": False}
    assert json.loads(json.dumps(output)) == output
    assert output_of() == {"words": [], "forced": False}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (None, "align() returned None, expected a list of Word(text, start_s, end_s): does align() end without"),
        ("a b", "align() returned a str ('a b')"),
        (["a"], "align() returned a str ('a'), expected [word, start_s, end_s]"),
        ([("a", 0.0)], "align() returned a tuple (('a', 0.0)), expected [word, start_s, end_s]"),
        ([(1, 0.0, 1.0)], "expected a str as the word"),
    ],
)
def test_anything_else_says_what_came(words: object, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        alignment.encode(alignment.Answer(words, forced=False))
    assert says in str(caught.value)


# ---------------------------------------------------------------------------- score, show, remember


def test_score_gives_exactly_the_metrics() -> None:
    for output in (None, output_of(), SAME):
        assert set(alignment.score(sample(), output)) == set(METRIC)


def test_a_perfect_answer() -> None:
    counts = alignment.score(sample(), SAME)
    values = {name: metric.value([counts[name]]) for name, metric in METRIC.items()}
    assert {name for name, value in values.items() if value == 1.0} == {
        "matched_rate", "success_rate", "within_50ms", "within_100ms", "within_200ms",
    }  # fmt: skip
    assert max(values["median_error_s"], values["p95_error_s"]) < 0.01  # within the first bin
    assert not any(values[name] for name in ("mean_error_s", "bias_s", "forced_rate", "misplaced_rate"))


def test_seconds_and_shares_by_hand() -> None:
    counts = alignment.score(sample(), output_of(("turn", 0.04, 0.3), ("the", 0.3, 0.4), ("lights", 0.5, 1.15)))
    assert counts["mean_error_s"] == pytest.approx(Ratio(0.21, 4))
    assert counts["bias_s"] == pytest.approx(Ratio(0.09, 4))
    assert counts["matched_rate"] == Ratio(2, 3)
    assert [counts[f"within_{ms}ms"] for ms in (50, 100, 200)] == [Ratio(2, 6), Ratio(3, 6), Ratio(4, 6)]
    assert counts["misplaced_rate"] == Ratio(0, 3)


def test_times_that_cannot_be_are_counted_and_not_mended() -> None:
    output = output_of(("turn", 0.3, 0.1), ("on", 0.3, 0.5), ("lights", 0.5, 2.5))
    assert output["words"][2] == ["lights", 0.5, 2.5]
    assert alignment.score(sample(), output)["misplaced_rate"] == Ratio(2, 3)


def test_a_model_that_raised_found_nothing() -> None:
    counts = alignment.score(sample(), None)
    assert (counts["matched_rate"], counts["success_rate"]) == (Ratio(0, 3), Ratio(0.0))
    assert math.isnan(METRIC["mean_error_s"].value([counts["mean_error_s"]]))
    assert counts["within_200ms"] == Ratio(0, 6)


def test_show_has_a_line_for_each_word() -> None:
    lines = alignment.show(sample(), output_of(("turn", 0.12, 0.28), ("off", 0.3, 0.5), ("lights", 0.5, 1.0)))
    assert lines[1].split() == ["turn", "0.10-0.30", "0.12-0.28", "+20", "-20"]
    assert lines[2].split() == ["on", "0.30-0.50", "not", "found"]
    assert lines[3].split() == ["lights", "0.50-1.00", "0.50-1.00", "+0", "+0"]
    assert lines[4:] == ["not in the reference: off"]
    assert alignment.show(sample(), None)[-1] == "(the model raised: no words)"


def test_a_baseline_remembers_the_words() -> None:
    assert alignment.remember(SAME) == WORDS
    assert alignment.remember(None) is None
