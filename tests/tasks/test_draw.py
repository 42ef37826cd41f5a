"""What tasks let a page show of an utterance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modellab import tasks
from modellab.audio import augmentation
from modellab.metrics import audio_health
from modellab.tasks import (
    Drawn,
    _dialogue,
    alignment,
    chat,
    diarization,
    robustness,
    stability,
    streaming,
    tts,
    v2v,
    vad,
)
from modellab.types.display import Lane, Lines, Sound, Span, Timeline, Words

HEADER: dict[str, Any] = {"normaliser": "basic", "language": "en", "judge": "whisper:lab", "settings": {}}
CLIP = {"id": "a", "audio": "a.flac", "duration_s": 4.0}


def lane(name: str, *spans: tuple[Any, ...]) -> Lane:
    return Lane(name, tuple(Span(*span) for span in spans))


def test_vad_draws_both_sides_with_the_errors_in_place() -> None:
    sample = vad.read({**CLIP, "speech": [[0.5, 2.0], [3.0, 3.5]]}, HEADER)
    drawn, lines = vad.draw(sample, {"regions": [[1.0, 2.5]]})
    assert drawn == Timeline(
        4.0,
        (
            lane("reference", (0.5, 1.0, "miss"), (1.0, 2.0, "reference"), (3.0, 3.5, "miss")),
            lane("hypothesis", (1.0, 2.0, "hypothesis"), (2.0, 2.5, "false alarm")),
        ),
    )
    assert lines == Lines(
        ("miss         0.50-1.00  3.00-3.50  (1.00 s)", "false alarm  2.00-2.50  (0.50 s)"),
    )


def test_vad_that_raised_missed_everything() -> None:
    sample = vad.read({**CLIP, "speech": [[0.5, 2.0]]}, HEADER)
    drawn = vad.draw(sample, None)[0]
    assert isinstance(drawn, Timeline)
    assert drawn.lanes == (lane("reference", (0.5, 2.0, "miss")), Lane("hypothesis", ()))


def test_diarization_draws_a_lane_for_each_speaker_of_each_side() -> None:
    sample = diarization.read({**CLIP, "turns": [[0, 2, "anna"], [2, 3, "ben"]]}, HEADER)
    drawn, lines = diarization.draw(sample, {"turns": [[0, 2.5, "x"], [3, 3.5, "y"]]})
    assert drawn == Timeline(
        4.0,
        (
            lane("anna ref", (0, 2, "reference")),
            lane("anna hyp", (0, 2, "hypothesis"), (2, 2.5, "confusion")),
            lane("ben ref", (2, 2.5, "confusion"), (2.5, 3, "miss")),
            lane("y? hyp", (3, 3.5, "false alarm")),
        ),
    )
    assert lines == Lines(("miss 0.50 s  false alarm 0.50 s  confusion 0.50 s  of 3.00 s",))


def test_diarization_that_found_nobody_in_silence() -> None:
    sample = diarization.read({**CLIP, "turns": []}, HEADER)
    assert diarization.draw(sample, {"turns": []})[0] == Timeline(4.0, ())


def test_alignment_tells_misplaced_words_from_lost_ones() -> None:
    words = [["turn", 0.5, 1.0], ["on", 1.0, 1.2], ["lights", 1.3, 2.0]]
    sample = alignment.read({**CLIP, "words": words}, HEADER)
    found = [["turn", 0.52, 1.0], ["on", 1.2, 1.4], ["light", 1.4, 2.0], ["now", None, None]]
    drawn, lines = alignment.draw(sample, {"words": found, "forced": False})
    assert isinstance(drawn, Timeline)
    assert [[span.kind for span in lane.spans] for lane in drawn.lanes] == [
        ["reference", "misplaced", "miss"],
        ["hypothesis", "misplaced", "false alarm"],
    ]
    assert [span.label for span in drawn.lanes[1].spans] == ["turn", "on", "light"]
    assert isinstance(lines, Lines)


def test_tts_gives_the_speech_and_what_was_heard_in_it() -> None:
    sample = tts.read({"id": "a", "text": "open the door"}, HEADER)
    health = {**audio_health.health(_tone()), "power": 0.01}
    made = {"audio": {"audio": "a.flac", "rate_hz": 16_000}, "duration_s": 1.0, "health": health, "heard": "open door"}
    sound, words, lines = tts.draw(sample, made)
    assert sound == Sound(Path("a.flac"), "what the model said")
    assert isinstance(words, Words)
    assert words.steps == (("", "open", "open"), ("D", "the", ""), ("", "door", "door"))
    assert isinstance(lines, Lines)
    assert lines.lines[0].startswith("1.00 s, -20.0 dBFS")
    raised = tts.draw(sample, None)
    assert [type(block) for block in raised] == [Words, Lines]


def test_v2v_gives_the_speech_and_the_closest_reference() -> None:
    sample = v2v.read({**CLIP, "reference": ["guten tag", "hallo"], "text": "hello"}, HEADER)
    reply = {**_reply("hallo du", "a.flac"), "heard": "hallo"}
    sound, words, lines = v2v.draw(sample, reply)
    assert sound == Sound(Path("a.flac"), "what the model said")
    assert isinstance(words, Words)
    assert words.steps == (("", "hallo", "hallo"),)
    assert isinstance(lines, Lines)
    assert lines.lines[:2] == ("given  hello", "model  hallo du")
    assert not any("a.flac" in line for line in lines.lines)
    assert [type(block) for block in v2v.draw(sample, None)] == [Words, Lines]


def test_chat_goes_turn_by_turn_and_shows_no_path() -> None:
    script = [{"audio": "/data/call.flac", "duration_s": 1.0}, {"text": "again?", "expect": {"keywords": ["four"]}}]
    sample = chat.read({"id": "a", "script": script}, HEADER)
    answers = [{**_reply("it is four", "one.flac"), "heard": "it is for"}, _reply("no")]
    blocks = chat.draw(sample, {"replies": answers})
    assert [type(block).__name__ for block in blocks] == ["Sound", "Lines", "Sound", "Words", "Lines"]
    assert [block.title for block in blocks] == [
        *("user, turn 1", "turn 1", "answer, turn 1", "the answer's own text above, what the judge heard below"),
        "turn 2",
    ]
    texts = [block.lines for block in blocks if isinstance(block, Lines)]
    assert texts[0][:2] == ("user   call.flac", "model  it is four")
    assert texts[1] == ("user   again?", "model  no", "       keyword 'four': not met")
    assert [type(block).__name__ for block in chat.draw(sample, None)] == ["Sound", "Lines", "Lines", "Lines"]


def test_streaming_draws_the_words_over_what_came_of_them() -> None:
    sample = streaming.read({**CLIP, "text": "turn on", "words": [["turn", 0.5, 1.0], ["on", 1.0, 1.5]]}, HEADER)
    events = [["partial", "turn", 1.1, 1.0], ["final", "turn off", 4.3, 4.0]]
    words, drawn, lines = streaming.draw(sample, {"text": "turn off", "events": events, "batch": None, "clock": "real"})
    assert isinstance(words, Words)
    assert words.steps == (("", "turn", "turn"), ("S", "on", "off"))
    assert drawn == Timeline(
        4.5,
        (
            lane("spoken", (0.5, 1.0, "reference", "turn"), (1.0, 1.5, "reference", "on")),
            lane("the latest text, from when it came", (1.1, 4.3, "hypothesis", "turn"),
                 (4.3, 4.5, "hypothesis", "turn off")),
        ),
    )  # fmt: skip
    assert lines == Lines(("  1.10 s  partial  turn", "  4.30 s  final    turn off"))
    assert [type(block) for block in streaming.draw(sample, None)] == [Words, Timeline, Lines]


def test_stability_shows_each_call() -> None:
    sample = stability.read(CLIP, HEADER)
    runs = {"text": "on", "others": [[3, "off"]], "wall_s": [0.1, 0.2], "rss_bytes": [2**20, 2**21], "duration_s": 8.0}
    assert stability.draw(sample, runs) == [
        Lines(("call 1    on", "call 3    off")),
        Lines(("1.0  2.0",), "memory after each call, MiB"),
        Lines(("100.0  200.0",), "time of each call, ms"),
    ]
    assert stability.draw(sample, None) == [Lines(("(the model raised: no calls)",))]


class Noise(augmentation.Helper):
    def make(self, order: Any, into: Path) -> None:
        into.write_bytes(b"noise")


def test_a_clip_under_a_condition_is_where_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    clip = tmp_path / "a.flac"
    clip.write_bytes(b"sound")
    assert robustness.altered({**CLIP, "audio": clip, "condition": "clean"}) == clip
    row = {**CLIP, "audio": clip, "condition": "noise:10"}
    assert robustness.altered(row) is None
    made = augmentation.file(clip, robustness._condition(row), robustness._seed(row), Noise())
    assert robustness.altered(row) == made
    clip.unlink()
    assert robustness.altered(row) is None


@pytest.mark.parametrize("name", [name for name in tasks.names() if isinstance(tasks.get(name), Drawn)])
def test_a_task_that_draws_takes_a_sample_and_an_output(name: str) -> None:
    task = tasks.get(name)
    assert isinstance(task, Drawn)
    assert list(task.draw.__annotations__) == ["sample", "output", "return"]


def _tone() -> Any:
    import numpy as np

    from modellab.types import Audio

    return Audio((0.14 * np.sin(np.arange(16_000) / 5)).astype(np.float32), 16_000)


def _reply(text: str, path: str = "") -> dict[str, Any]:
    health = audio_health.health(_tone()) if path else None
    return {**_dialogue.NOTHING, "text": text, "complete": True, "health": health,
            "audio": {"audio": path, "rate_hz": 16_000} if path else None}  # fmt: skip
