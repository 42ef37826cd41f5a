"""The asr task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import AudioError, ConfigError, DatasetError
from modellab.tasks import asr
from modellab.types import Audio, Counts, Metric, Ratio, Segment, Transcript

HEADER = {"normaliser": "whisper_en", "language": "en"}
ROW = {
    "id": "007",
    "audio": "007.flac",
    "text": "Set the heater to forty-two degrees.",
    "duration_s": 2.0,
    "speaker": "en-us+f4",
    "condition": "noisy",
}
UNITS = {"ratio", "1", "s", "s/s", "words/s", "words/min", "characters/min"}
METRIC = {metric.name: metric for metric in asr.METRICS}


def sample(text: str, **header: str) -> asr.Sample:
    return asr.read({**ROW, "text": text}, {**HEADER, **header})


def output_of(text: str) -> dict[str, Any]:
    return asr.encode(Transcript(text))


def value(name: str, *counts: Mapping[str, Counts]) -> float:
    return METRIC[name].value(share[name] for share in counts)


# ---------------------------------------------------------------------------- read


def test_a_row_becomes_a_case_with_its_reference_normalised() -> None:
    read = asr.read(ROW, HEADER)
    assert read.id == "007"
    assert read.text == "Set the heater to forty-two degrees."
    assert read.reference == "set the heater to 42 degrees"
    assert read.normaliser.name == "whisper_en"
    assert (read.duration_s, read.language, read.speaker, read.condition) == (2.0, "en", "en-us+f4", "noisy")


def test_a_rows_language_goes_before_the_datasets() -> None:
    assert asr.read({**ROW, "language": "hi"}, HEADER).language == "hi"


def test_the_language_chooses_the_profile_of_auto() -> None:
    header = {"normaliser": "auto", "language": "mul"}
    read = [asr.read({**ROW, "text": text, "language": tag}, header) for tag, text in [("ru", "Ещё!"), ("zh", "你好")]]
    assert [sample.reference for sample in read] == ["еще", "你 好"]
    counts = asr.score(read[1], output_of("你号"))
    assert (counts["wer"], counts["cer"]) == (Ratio(1, 2), Ratio(1, 2))
    with pytest.raises(ConfigError, match="unknown language code 'mul'"):
        asr.read(ROW, header)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "has no reference text"),
        ("  \n", "has no reference text"),
        (42, "has no reference text"),
        ("Uh... (noise)", "whisper_en leaves nothing of 'Uh... (noise)'"),
    ],
)
def test_a_reference_without_words_names_the_case(text: object, says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        asr.read({**ROW, "text": text}, HEADER)
    assert "'007'" in str(caught.value)
    assert says in str(caught.value)


def test_a_clip_without_speech_has_an_empty_text() -> None:
    """Words made up there are insertions, as sclite and jiwer count them; saying nothing is right, not empty."""
    spoken, silent = sample("turn on the light"), sample("")
    assert silent.reference == ""
    right, wrong = asr.score(silent, output_of("")), asr.score(silent, output_of("Thank you."))
    heard = asr.score(spoken, output_of("turn on the light"))
    assert value("wer", heard, right) == 0.0
    assert value("wer", heard, wrong) == 2 / 4
    assert value("hallucination_rate", heard, right, wrong) == 1 / 2
    assert value("empty_rate", heard, right) == 0.0
    assert value("short_rate", right, heard) == 0.0
    assert value("empty_rate", asr.score(spoken, output_of("")), right) == 1.0
    assert asr.score(silent, None)["hallucination_rate"] == Ratio(0.0, 1.0)
    assert asr.show(silent, output_of("thank you"))


def test_without_a_clip_of_that_kind_there_is_no_rate_of_made_up_words() -> None:
    assert math.isnan(value("hallucination_rate", asr.score(sample("a b"), output_of("a c d"))))


@given(
    pairs=st.lists(
        st.tuples(*[st.lists(st.sampled_from("abcd"), max_size=5).map(" ".join)] * 2), min_size=1, max_size=8
    ).filter(lambda pairs: any(reference for reference, _ in pairs))
)
def test_the_pooled_wer_is_jiwers_also_with_clips_without_speech(pairs: list[tuple[str, str]]) -> None:
    import jiwer

    counts = [asr.score(sample(reference, normaliser="none"), output_of(hypothesis)) for reference, hypothesis in pairs]
    references, hypotheses = map(list, zip(*pairs, strict=True))
    assert value("wer", *counts) == pytest.approx(jiwer.wer(references, hypotheses))


def test_a_missing_text_key_is_the_same_error() -> None:
    with pytest.raises(DatasetError, match="has no reference text"):
        asr.read({key: value for key, value in ROW.items() if key != "text"}, HEADER)


def test_an_unknown_normaliser_is_named() -> None:
    with pytest.raises(ConfigError, match="did you mean basic"):
        sample("a", normaliser="basik")


# ---------------------------------------------------------------------------- prepare, run


def test_audio_is_prepared_as_16_khz_mono(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((4_000, 2)), 8_000)
    given = asr.prepare({**ROW, "audio": str(tmp_path / "a.wav")})
    assert (given.rate_hz, given.samples.shape, given.language) == (16_000, (8_000,), "")
    assert asr.prepare({**ROW, "audio": str(tmp_path / "a.wav"), "language": "hi"}).language == "hi"


def test_missing_audio_is_named(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"gone\.wav does not exist"):
        asr.prepare({**ROW, "audio": tmp_path / "gone.wav"})


def test_run_is_the_models_method_and_nothing_else() -> None:
    class Parrot:
        def transcribe(self, audio: Audio) -> Transcript:
            return Transcript(f"{len(audio.samples)} samples")

    assert asr.run(Parrot(), Audio(np.zeros(5, np.float32), 16_000)) == Transcript("5 samples")


# ---------------------------------------------------------------------------- encode


def test_a_transcript_is_json_and_unknown_times_are_null() -> None:
    output = asr.encode(Transcript("a b", (Segment("a", 0.0, 1.5), Segment("b", math.nan, math.inf)), language="en"))
    assert output == {"text": "a b", "language": "en", "segments": [["a", 0.0, 1.5], ["b", None, None]]}
    assert json.loads(json.dumps(output, allow_nan=False)) == output


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (None, "transcribe() returned None, expected a Transcript: does transcribe() end without a return?"),
        ("hello", "returned a str ('hello'), expected a Transcript"),
        ({"text": "hello"}, "returned a dict"),
        (Transcript(None), "a Transcript whose text is None, expected a str"),  # type: ignore[arg-type]
        (Transcript(["a"]), "a Transcript whose text is a list (['a'])"),  # type: ignore[arg-type]
    ],
)
def test_anything_else_says_what_came(output: object, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        asr.encode(output)
    assert says in str(caught.value)


# ---------------------------------------------------------------------------- score


def test_score_gives_exactly_the_metrics() -> None:
    for output in (None, output_of("a"), output_of("")):
        counts = set(asr.score(sample("a b"), output))
        assert counts <= set(METRIC)
        assert {name for name, metric in METRIC.items() if not metric.optional} <= counts


def test_both_sides_go_through_the_normaliser() -> None:
    counts = asr.score(sample("Forty-two degrees!"), output_of("42 DEGREES"))
    assert counts["wer"] == Ratio(0, 2)
    assert counts["cer"] == Ratio(0, 10)
    assert counts["success_rate"] == Ratio(1)


def test_without_a_normaliser_casing_and_punctuation_count() -> None:
    assert asr.score(sample("Turn it on.", normaliser="none"), output_of("turn it on"))["wer"] == Ratio(2, 3)


@pytest.mark.parametrize("output", [None, output_of(""), output_of(" (noise) ")])
def test_nothing_said_is_all_words_deleted(output: Mapping[str, Any] | None) -> None:
    counts = asr.score(sample("turn it on"), output)
    assert counts["wer"] == Ratio(3, 3)
    assert counts["cer"] == Ratio(10, 10)
    assert counts["wil"] == (0, 3, 0)
    assert (value("empty_rate", counts), value("short_rate", counts), value("length_ratio", counts)) == (1, 1, 0)
    assert value("success_rate", counts) == float(output is not None)


@pytest.mark.parametrize(
    ("hypothesis", "sick"),
    [
        ("turn on the kitchen light please", set()),
        ("turn on the", {"short_rate"}),
        ("", {"short_rate", "empty_rate"}),
        ("thank you " * 8, {"length_ratio", "loop_rate", "words_per_s"}),
        (
            "turn on the kitchen light please and many other things that nobody in this recording ever said",
            {"length_ratio"},
        ),
    ],
)
def test_each_sickness_breaks_its_own_limit(hypothesis: str, sick: set[str]) -> None:
    healthy = sample("turn on the kitchen light right now")
    counts = asr.score(healthy, output_of(hypothesis))
    broken = {
        name
        for name, limit in asr.LIMITS.items()
        if (value(name, counts) > limit if METRIC[name].better == "lower" else value(name, counts) < limit)
    }
    assert broken - {"words_per_s"} == sick - {"words_per_s"}
    assert ("words_per_s" in broken) == (len(hypothesis.split()) / healthy.duration_s > 8)


def test_a_loop_that_was_really_said_is_no_loop() -> None:
    chant = "no more war " * 4
    assert value("loop_rate", asr.score(sample(chant), output_of(chant))) == 0
    assert value("loop_rate", asr.score(sample("no more war"), output_of(chant))) == 1


def test_shares_pool_over_utterances() -> None:
    right, wrong = (
        asr.score(sample("a b c d e f g h i"), output_of("a b c d e f g h i")),
        asr.score(sample("x"), output_of("y")),
    )
    assert value("wer", right, wrong) == 0.1
    assert value("wil", right, wrong) == pytest.approx(1 - 81 / 100)


def test_an_output_read_back_from_json_scores_the_same() -> None:
    output = asr.encode(Transcript.of([("turn", 0.0, math.nan), ("it", 1.0, 2.0)]))
    assert asr.score(sample("turn it on"), json.loads(json.dumps(output))) == asr.score(sample("turn it on"), output)


# ---------------------------------------------------------------------------- show, remember, the table of metrics


def test_show_lets_a_person_see_the_error() -> None:
    assert asr.show(sample("set it to forty degrees"), output_of("set to 40 degrees")) == [
        "ref  set it to 40 degrees",
        "hyp  set ** to 40 degrees",
        "         D",
        "1 deletion",
    ]
    assert asr.show(sample("a b"), None)[-1] == "(the model raised: no transcript)"


def test_a_baseline_remembers_the_text_as_it_came() -> None:
    assert asr.remember(output_of("Forty-two!")) == "Forty-two!"
    assert asr.remember(None) is None


def test_the_metrics_have_units_directions_and_limits_that_exist() -> None:
    assert asr.METRICS[0].name == "wer"
    assert set(asr.LIMITS) <= set(METRIC)
    assert all(isinstance(metric, Metric) and metric.unit in UNITS for metric in asr.METRICS)
    assert all(METRIC[name].gated for name in asr.LIMITS)
    higher = {name for name, metric in METRIC.items() if metric.better == "higher" and not metric.optional}
    assert higher == {"success_rate"}
    assert not any(metric.gated for metric in METRIC.values() if metric.optional)


@pytest.mark.parametrize(
    ("language", "text"),
    [("", "one two three"), ("en", "one two three"), ("ja-JP", "onetwo three"), ("zh", "onetwo three")],
)
def test_transcripts_of_parts_are_put_together(language: str, text: str) -> None:
    first = {"text": " one", "language": "", "segments": [["one", 0.1, None]]}
    silent = {"text": "  ", "language": language, "segments": []}
    last = {"text": "two three ", "language": "de", "segments": [["two three", 0.0, 1.5]]}
    joined = asr.joined([(0.5, first), (3.0, silent), (7.25, last)])
    assert joined == {
        "text": text,
        "language": language or "de",
        "segments": [["one", 0.6, None], ["two three", 7.25, 8.75]],
        "seams": [text.index("two")],
    }
    assert asr.joined([]) == {"text": "", "language": "", "segments": []}
