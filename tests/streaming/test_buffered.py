"""A recogniser of whole clips as a stream: what is said when, with a fake that hears one word each half second."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.streaming.buffered import Buffered
from modellab.streaming.feed import listen
from modellab.streaming.local_agreement import agreed, behind
from modellab.streaming.protocol import Event
from modellab.types import Audio, Transcript

RATE_HZ = 1000
WORD_S = 0.5
SENTENCE = ["turn", "up", "the", "fan", "and", "open", "the", "gate", "please"]


class StoppedClock:
    """A clock that stands still, so that only what arrives counts."""

    time_s = 0.0

    def arrive(self, audio_s: float) -> None:
        self.time_s = audio_s

    def now(self) -> float:
        return self.time_s


def ramp(words: int) -> Audio:
    """Audio whose sample i is i: whoever is given a part of it knows which."""
    return Audio(np.arange(round(words * WORD_S * RATE_HZ), dtype=np.float32), RATE_HZ)


def recogniser_of(words: list[str]) -> Callable[[Audio], Transcript]:
    """A recogniser that hears the words that are wholly inside what it is given, each a segment of its own."""

    def transcribe(audio: Audio) -> Transcript:
        start_s = float(audio.samples[0]) / RATE_HZ
        ends = [(word, (i + 1) * WORD_S - start_s) for i, word in enumerate(words)]
        inside = [(word, end_s - WORD_S, end_s) for word, end_s in ends if WORD_S <= end_s <= audio.duration_s + 1e-6]
        return Transcript.of(inside)

    return transcribe


def events_of(provider: Buffered, audio: Audio, chunk_s: float = 0.25) -> list[Event]:
    return [noted.event for noted in listen(provider, audio, StoppedClock, chunk_s)]


def test_words_become_final_when_two_hypotheses_agree() -> None:
    events = events_of(Buffered(recogniser_of(["turn", "up"])), ramp(3))
    assert [(event.kind, event.text) for event in events] == [
        ("partial", "turn"),
        ("final", "turn"),
        ("partial", "up"),
        ("final", "up"),
        ("partial", ""),
    ]
    assert [event.audio_s for event in events] == [0.5, 1.0, 1.0, 1.5, 1.5]


def test_a_word_that_is_taken_back_was_never_final() -> None:
    answers = iter(["two", "turn of", "turn up", "turn up"])
    events = events_of(Buffered(lambda _: Transcript(next(answers))), ramp(4))
    assert " ".join(event.text for event in events if event.kind == "final") == "turn up"
    assert Event("partial", "turn of", 1.0) in events


def test_what_is_left_when_the_audio_ends_becomes_final() -> None:
    once = Buffered(lambda _: Transcript("all at once"), step_s=30.0)
    assert events_of(once, ramp(4)) == [Event("final", "all at once", 2.0)]
    both = Buffered(recogniser_of(["turn", "up", "the"]))
    events = events_of(both, Audio(ramp(4).samples[:1700], RATE_HZ), chunk_s=0.4)
    assert " ".join(event.text for event in events if event.kind == "final") == "turn up the"


@given(st.floats(0.1, 1.4), st.floats(0.3, 1.2), st.floats(1.5, 4.0), st.integers(0, len(SENTENCE)))
def test_every_word_is_said_once_however_the_audio_is_cut(
    chunk_s: float, step_s: float, window_s: float, words: int
) -> None:
    provider = Buffered(recogniser_of(SENTENCE[:words]), step_s, window_s, longest_s=window_s + 3)
    events = events_of(provider, ramp(words + 1), chunk_s)
    assert " ".join(event.text for event in events if event.kind == "final") == " ".join(SENTENCE[:words])


def test_a_long_window_is_cut_behind_words_that_are_final() -> None:
    lengths: list[float] = []

    def transcribe(audio: Audio) -> Transcript:
        lengths.append(audio.duration_s)
        return recogniser_of(SENTENCE * 5)(audio)

    events = events_of(Buffered(transcribe, window_s=3.0), ramp(46))
    assert max(lengths) <= 3.0 + 0.5
    assert " ".join(event.text for event in events if event.kind == "final") == " ".join(SENTENCE * 5)


def test_a_window_without_a_place_to_cut_is_closed() -> None:
    lengths: list[float] = []

    def mumbles(audio: Audio) -> Transcript:
        lengths.append(audio.duration_s)
        return Transcript(f"mumble {len(lengths)}")

    events_of(Buffered(mumbles, window_s=2.0, longest_s=3.0), ramp(20))
    assert max(lengths) == 3.0


# ---------------------------------------------------------------------------- agreement

WORDS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6)


def test_case_and_punctuation_agree() -> None:
    assert agreed(["Turn", "ON,"], ["turn", "on", "it"]) == 2
    assert agreed(["..."], ["!"]) == 0


@given(WORDS, WORDS)
def test_known_words_end_at_the_closest_prefix(known: list[str], more: list[str]) -> None:
    assert behind(known, known + more) in range(len(known), len(known) + len(more) + 1)
    assert behind([], more) == 0
    assert behind(known, []) == 0
    assert behind(known, known) == len(known)


def test_words_changed_in_what_is_final_do_not_shift_what_follows() -> None:
    assert behind(["turn", "up"], ["burn", "up", "the", "fan"]) == 2
    assert behind(["turn", "up"], ["and", "turn", "up", "the"]) == 3
    assert behind(["turn", "up", "the"], ["up", "the", "fan"]) == 2


@pytest.mark.parametrize("event", [None, ("partial", "a"), Event("partial", 5), Event("later", "a")])  # type: ignore[arg-type]
def test_what_is_no_event_is_told(event: object) -> None:
    class Odd:
        def open_stream(self, rate_hz: int) -> Odd:
            return self

        def feed(self, chunk: object) -> list[object]:
            return [event]

        finish = feed

    with pytest.raises(TypeError, match=r"a stream gave .*, expected Event\('partial' or 'final'"):
        listen(Odd(), ramp(1), StoppedClock, 0.5)  # type: ignore[arg-type]
