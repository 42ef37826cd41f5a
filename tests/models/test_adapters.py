"""Every engine really loads and hears, with only its own packages installed, and the four agree."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from modellab.metrics.edit_distance import align

Answers = dict[str, Any]
Engine = tuple[str, str, str]  # model, variant, precision
pytestmark = pytest.mark.engine

TORCH, HUB = {"torch", "torchaudio"}, {"transformers", "tokenizers", "safetensors"}
OPENAI, CT2 = {"whisper", "tiktoken"}, {"faster_whisper", "ctranslate2"}
CPP, SILERO = {"pywhispercpp", "_pywhispercpp"}, {"silero_vad", "onnxruntime"}
ASR: dict[Engine, set[str]] = {  # and the packages that its extra does not bring
    ("whisper", "lab", "float32"): HUB | CT2 | CPP | SILERO,
    ("faster_whisper", "lab", "float32"): (TORCH | OPENAI | CPP | SILERO | {"transformers"}) - {"onnxruntime"},
    ("faster_whisper", "lab", "int8"): (TORCH | OPENAI | CPP | SILERO | {"transformers"}) - {"onnxruntime"},
    ("faster_whisper", "lab-batched", "float32"): (TORCH | OPENAI | CPP | SILERO | {"transformers"}) - {"onnxruntime"},
    ("distil_whisper", "lab", "float32"): OPENAI | CT2 | CPP | SILERO,
    ("whisper_cpp", "lab", "f16"): TORCH | HUB | OPENAI | CT2 | SILERO,
    ("whisper_cpp", "lab-q8_0", "q8_0"): TORCH | HUB | OPENAI | CT2 | SILERO,
}
WHISPER = ("whisper", "lab", "float32")
SLOW = {  # of an engine that is tested otherwise, or that takes seconds to import
    ("faster_whisper", "lab", "int8"),
    ("faster_whisper", "lab-batched", "float32"),
    ("whisper_cpp", "lab", "f16"),
    ("whisper_cpp", "lab-q8_0", "q8_0"),
    ("distil_whisper", "lab", "float32"),
    WHISPER,
}
ENGINES = [pytest.param(each, id="-".join(each), marks=[pytest.mark.slow] * (each in SLOW)) for each in ASR]


class Heard(dict[Engine, Answers]):
    """What each engine said, each loaded once, when it is asked for."""

    def __init__(self, hear: Callable[..., Answers]) -> None:
        super().__init__()
        self.hear = hear

    def __missing__(self, engine: Engine) -> Answers:
        self[engine] = self.hear(*engine, *ASR[engine])
        return self[engine]


@pytest.fixture(scope="module")
def heard(hear: Callable[..., Answers]) -> Heard:
    return Heard(hear)


def words(text: str) -> str:
    return " ".join(text.lower().split())


def errors(answers: Answers, sentences: dict[str, str]) -> tuple[int, int]:
    counts = [align(text, words(answers["clips"][clip]["text"])).words for clip, text in sentences.items()]
    return sum(count.errors for count in counts), sum(count.reference_length for count in counts)


@pytest.mark.parametrize("engine", ENGINES)
class TestOne:
    """What holds for each engine alone."""

    def test_sentences(self, engine: Engine, heard: dict[Engine, Answers], sentences: dict[str, str]) -> None:
        wrong, n = errors(heard[engine], sentences)
        assert wrong / n <= 0.1

    def test_nothing_is_heard_in_nothing(self, engine: Engine, heard: dict[Engine, Answers]) -> None:
        clips = heard[engine]["clips"]
        assert clips["empty"] == {"text": "", "segments": [], "language": ""}
        assert {name: clips[name]["text"] for name in ("sample", "silence", "noise")} == dict.fromkeys(
            ("sample", "silence", "noise"), ""
        )

    def test_odd_sounds_and_moments_do_no_harm(self, engine: Engine, heard: dict[Engine, Answers]) -> None:
        clips = heard[engine]["clips"]
        assert all(len(words(clips[name]["text"]).split()) <= 12 for name in ("instant", "tone"))

    def test_the_same_clip_gets_the_same_answer(
        self, engine: Engine, heard: dict[Engine, Answers], sentences: dict[str, str]
    ) -> None:
        clips = heard[engine]["clips"]
        assert clips["again"] == clips[next(iter(sentences))]

    def test_times_are_seconds_from_the_start(self, engine: Engine, heard: dict[Engine, Answers]) -> None:
        (_, start_s, end_s), *_ = heard[engine]["clips"]["again"]["segments"]
        (_, _, later_s), *_ = heard[engine]["clips"]["later"]["segments"]
        assert 0 <= start_s < 1
        assert 2 < end_s < 3
        assert later_s - end_s == pytest.approx(0.5, abs=0.1)

    def test_segments_are_inside_the_sound_and_have_words(self, engine: Engine, heard: dict[Engine, Answers]) -> None:
        clips = heard[engine]["clips"]
        assert clips["silence"]["segments"] == clips["noise"]["segments"] == []
        for name, length_s in (("instant", 0.1), ("tone", 3.0), ("again", 2.8632)):
            times = [(start_s, end_s) for _, start_s, end_s in clips[name]["segments"]]
            assert all(0 <= start_s <= end_s <= length_s + 1e-3 for start_s, end_s in times), (name, times)

    def test_words_are_timed_in_order_within_the_audio(self, engine: Engine, heard: dict[Engine, Answers]) -> None:
        said, timed = heard[engine]["clips"], heard[engine]["words"]
        for clip, length_s in (("again", 2.8632), ("later", 3.3632)):
            assert " ".join(word for word, _, _ in timed[clip]) == words(said[clip]["text"])
            edges = [edge for _, *both in timed[clip] for edge in both]
            assert edges == sorted(edges)
            assert edges[0] >= 0
            assert edges[-1] <= length_s + 0.02
        assert timed["later"][-1][2] - timed["again"][-1][2] == pytest.approx(0.5, abs=0.1)
        assert timed["silence"] == timed["empty"] == []

    def test_the_embedded_model_takes_everything_for_english(
        self, engine: Engine, heard: dict[Engine, Answers]
    ) -> None:
        assert heard[engine]["languages"] == {"again": "en", "later": "en"}

    def test_audio_longer_than_one_window_is_heard_to_its_end(
        self, engine: Engine, heard: dict[Engine, Answers], sentences: dict[str, str]
    ) -> None:
        said = heard[engine]["clips"]["long"]
        starts = [start_s for _, start_s, _ in said["segments"]]
        assert len(words(said["text"]).split()) >= 0.5 * len(" ".join(sentences.values()).split())
        assert all(math.isfinite(start_s) for start_s in starts)
        assert all(later >= earlier for earlier, later in pairwise(starts))
        assert max(end_s for _, _, end_s in said["segments"]) > 20

    def test_threads_are_as_set(self, engine: Engine, heard: dict[Engine, Answers]) -> None:
        assert heard[engine]["threads"] == (1 if engine[0] in {"whisper", "distil_whisper"} else None)


@pytest.mark.slow
def test_whisper_and_faster_whisper_say_the_same(heard: dict[Engine, Answers], sentences: dict[str, str]) -> None:
    theirs, ours = heard[WHISPER]["clips"], heard["faster_whisper", "lab", "float32"]["clips"]
    assert {c: words(ours[c]["text"]) for c in sentences} == {c: words(theirs[c]["text"]) for c in sentences}


@pytest.mark.slow
def test_all_engines_say_the_same_to_most(heard: dict[Engine, Answers], sentences: dict[str, str]) -> None:
    reference = heard[WHISPER]["clips"]
    for engine in ASR:
        answers = heard[engine]
        same = [words(answers["clips"][c]["text"]) == words(reference[c]["text"]) for c in sentences]
        assert sum(same) >= 0.8 * len(same), engine


@pytest.mark.parametrize("variant", ["jit", pytest.param("stream", marks=pytest.mark.slow)])
def test_silero_finds_speech_and_nothing_else(variant: str, hear: Callable[..., Answers]) -> None:
    answers = hear("silero_vad", variant, "float32", *(HUB | OPENAI | CT2 | CPP), "torchaudio")
    clips = answers["clips"]
    assert answers["threads"] == 1
    assert all(clips[name]["regions"] == [] for name in ("empty", "sample", "silence", "noise", "tone"))
    regions, later = clips["again"]["regions"], clips["later"]["regions"]
    assert len(regions) == len(later) == 1
    assert regions[0][1] - regions[0][0] > 2
    assert later[0] == pytest.approx([time_s + 0.5 for time_s in regions[0]], abs=0.1)
