"""Each test is a promise that the suite relies on; its name is the promise."""

from __future__ import annotations

import math
from typing import Any

import pytest

from modellab.contract import sounds
from modellab.contract.subject import Subject

REPEATS = 20
LEAK_BYTES = 16 * 2**20
LEAK = 0.05  # of the peak
SLACK_S = 0.1  # so much may a time be outside its clip: two frames of the coarsest encoder


@pytest.mark.parametrize("sound", [name for name in sounds.MADE if name != "ten_minutes"])
def test_any_sound_gives_an_answer_of_the_tasks_type(subject: Subject, sound: str) -> None:
    assert subject.heard(sound) is not None


def test_ten_minutes_give_an_answer(subject: Subject) -> None:
    assert subject.heard("ten_minutes") is not None


@pytest.mark.parametrize("text", ["yes", "What is it? 3 o'clock, at the café!", "one two three four " * 12])
def test_any_text_gives_an_answer_of_the_tasks_type(subject: Subject, text: str) -> None:
    assert subject.told(text) is not None


def test_two_channels_are_heard_as_their_mean(subject: Subject) -> None:
    assert subject.remembered("stereo") == subject.remembered("hum")


def test_the_same_input_gives_the_same_output(subject: Subject) -> None:
    if subject.draws:
        pytest.skip(f"{subject.name} draws at random: its config.yaml has seeds")
    first = subject.anything()
    assert [subject.anything() for _ in range(2)] == [first, first]


def test_what_was_heard_before_changes_nothing(subject: Subject) -> None:
    if subject.draws:
        pytest.skip(f"{subject.name} draws at random: its config.yaml has seeds")
    first = subject.anything()
    subject.something_else()
    assert subject.anything() == first


def test_many_calls_need_no_more_memory_than_a_few(subject: Subject) -> None:
    few, many = (subject.peak_bytes(calls) for calls in (3, REPEATS))
    message = f"{few / 2**20:.0f} MiB in 3 calls, {many / 2**20:.0f} in {REPEATS}"
    assert many - few <= max(LEAK_BYTES, LEAK * few), message


@pytest.mark.parametrize("sound", ["hum", "silence", "a_tenth_of_a_second"])
def test_times_are_in_order_and_inside_the_sound(subject: Subject, sound: str) -> None:
    output = subject.heard(sound)
    spans = list(_spans(output))
    if not spans:
        pytest.skip(f"{subject.name} gives no times in the task {subject.task.NAME} for this sound")
    length_s = subject.sound(sound).duration_s
    assert all(-SLACK_S <= start <= end <= length_s + SLACK_S for start, end in spans), spans
    starts = [start for start, _ in spans]
    assert starts == sorted(starts)


def test_the_device_and_precision_asked_for_are_used(subject: Subject) -> None:
    pairs = subject.computes_with()
    if not pairs:
        pytest.skip(f"{subject.name} holds its numbers where they cannot be seen")
    device, precision = subject.asked
    assert {pair.partition("/")[0] for pair in pairs} == {device}
    used = {pair.partition("/")[2] for pair in pairs}  # CTranslate2's int8 is int8_float32: the rest of the model
    assert any(f"{used_precision}_".startswith(f"{precision}_") for used_precision in used), pairs


def test_its_process_ends_when_it_is_closed(subject: Subject) -> None:
    assert subject.ends()


def _spans(output: Any) -> list[tuple[float, float]]:
    """Every [.., start_s, end_s] of segments and words, every [start_s, end_s, ..] of regions, turns and utterances."""
    if not isinstance(output, dict):
        return []
    spoken = [(row[1], row[2]) for key in ("segments", "words") for row in output.get(key, [])]
    lists = ("regions", "turns", "utterances")
    active = [(row[0], row[1]) for key in lists for row in output.get(key, []) if isinstance(row, list)]
    known = [(start, end) for start, end in (*spoken, *active) if start is not None and end is not None]
    return [(start, end) for start, end in known if math.isfinite(start) and math.isfinite(end)]
