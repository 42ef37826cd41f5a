"""The streaming task from manifest row to counts, with fake engines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.errors import ConfigError, DatasetError
from modellab.streaming.clock import CLOCKS, VirtualClock
from modellab.streaming.options import Choice
from modellab.tasks import streaming
from modellab.types import Audio, Counts, Ratio, Transcript

ROW = {
    "id": "04",
    "audio": "04.flac",
    "duration_s": 2.0,
    "text": "turn up the light",
    "words": [["turn", 0.1, 0.4], ["up", 0.4, 0.6], ["the", 0.6, 0.7], ["light", 0.7, 1.2]],
}
HEADER = {"normaliser": "basic", "settings": {}}
METRIC = {metric.name: metric for metric in streaming.METRICS}
CASE = streaming.read(ROW, HEADER)


class Grows:
    """Hears the more words the more audio there is, the last always wrong at first."""

    def transcribe(self, audio: Audio) -> Transcript:
        words = CASE.text.split()[: int(2 * audio.duration_s)]
        return Transcript(" ".join(words if audio.duration_s == 2.0 else [*words[:-1], "um"]))


def given(**how: Any) -> streaming.Given:
    return streaming.Given(Audio(np.zeros(32_000, np.float32), 16_000), Choice(**how))


def test_a_clip_is_streamed_and_heard_whole() -> None:
    output = streaming.encode(streaming.run(Grows(), given()))
    assert json.loads(json.dumps(output)) == output
    assert (output["text"], output["batch"], output["clock"]) == ("turn up the light",) * 2 + ("virtual",)
    counts = streaming.score(CASE, output)
    assert counts.keys() == METRIC.keys()
    assert counts["wer"] == counts["batch_wer"] == Ratio(0, 4)
    assert (counts["corrections"], counts["erasure"]) == (Ratio(1, 4), Ratio(3, 4))
    assert counts["pretend_rate"] == Ratio(0.0)
    assert counts["confirmed_latency_s"][1] == 4
    assert streaming.remember(output) == "turn up the light"


def test_nothing_that_is_judged_hangs_on_how_fast_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hypotheses come by the audio: a machine a thousand times as slow says the same, and later."""

    class Works(Grows):
        def __init__(self, work_s: float) -> None:
            self.work_s, self.time_s = work_s, 0.0

        def transcribe(self, audio: Audio) -> Transcript:
            self.time_s += self.work_s
            return super().transcribe(audio)

    def counted(work_s: float) -> dict[str, Counts]:
        model = Works(work_s)
        monkeypatch.setitem(CLOCKS, "virtual", lambda: VirtualClock(lambda: model.time_s))
        return streaming.score(CASE, streaming.encode(streaming.run(model, given())))

    quick, slow = counted(0.01), counted(10.0)
    moved = {name for name, counts in slow.items() if counts != quick[name]}
    assert moved == {name for name in METRIC if "latency" in name}
    assert not any(METRIC[name].gated for name in moved)
    assert quick["corrections"][0] > 0


def test_a_clip_without_speech_counts_made_up_words() -> None:
    silent = streaming.read({**ROW, "text": "", "words": []}, HEADER)
    outputs = [{"text": text, "events": [["final", text, 2.0, 2.0]], "batch": "", "clock": ""} for text in ("", "bye")]
    counts = [streaming.score(silent, output) for output in outputs]
    assert [each["wer"] for each in counts] == [(0, 0), (1, 0)]
    assert METRIC["hallucination_rate"].value(each["hallucination_rate"] for each in counts) == 0.5
    assert np.isnan(METRIC["pretend_rate"].value(each["pretend_rate"] for each in counts))


def test_an_engine_that_waits_for_the_end_is_found_out() -> None:
    output = streaming.encode(streaming.run(Grows(), given(step_s=30.0)))
    counts = streaming.score(CASE, output)
    assert counts["pretend_rate"] == Ratio(1.0)
    assert counts["final_latency_s"][0] >= 0.8


EVENTS: list[list[Any]] = [
    ["partial", "turn", 0.5, 0.5], ["partial", "turn up the", 1.0, 1.0], ["partial", "turn up the light", 1.5, 1.5],
    ["final", "turn up the light", 2.0, None],
]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "event", "moved"),
    [
        (3, ["final", "turn up the light", 3.0, None], {"confirmed", "final", "final_p95"}),
        (0, ["partial", "turn", 0.8, 0.8], {"first_word", "emission", "settling"}),
        (1, ["partial", "turn up", 1.0, 1.0], {"emission", "settling"}),
        (1, ["partial", "burn up the", 1.0, 1.0], {"settling", "corrections", "erasure", "revision_rate"}),
    ],
    ids=["the final is late", "the first word is late", "a word is late", "a word is revised"],
)
def test_each_fault_of_a_stream_moves_its_own_metrics(number: int, event: list[Any], moved: set[str]) -> None:
    assert metrics_moved_by([event if i == number else each for i, each in enumerate(EVENTS)]) == moved


def metrics_moved_by(events: list[list[Any]], text: str = CASE.text, batch: str = CASE.text) -> set[str]:
    """The metrics that faulty events, or another text of the whole clip, move."""
    plain, found = (
        streaming.score(CASE, {"text": said, "events": each, "batch": whole, "clock": "virtual"})
        for said, each, whole in ((CASE.text, EVENTS, CASE.text), (text, events, batch))
    )
    names = {
        name for name, each in METRIC.items() if repr(each.value([found[name]])) != repr(each.value([plain[name]]))
    }
    return {name.replace("_latency", "").removesuffix("_s") for name in names}


def test_a_word_that_is_wrong_in_the_end_moves_no_latency() -> None:
    """Shown and never taken back: no correction. The whole clip is right, so it is the stream's error."""
    wrong = [[kind, text.replace("light", "night"), *when] for kind, text, *when in EVENTS]
    assert metrics_moved_by(wrong, "turn up the night") == {"wer", "wer_above_batch"}
    assert metrics_moved_by(wrong, "turn up the night", "turn up the night") == {"wer", "batch_wer"}


def test_a_whole_clip_that_is_misheard_moves_nothing_of_the_stream() -> None:
    assert metrics_moved_by(EVENTS, batch="turn up the night") == {"batch_wer", "wer_above_batch"}


def test_words_that_all_come_in_the_end_are_late_and_pretended() -> None:
    """They were final then anyway, and nothing was shown that could be revised."""
    silent = [["partial", "", *when] for _, _, *when in EVENTS[:3]]
    assert metrics_moved_by([*silent, EVENTS[3]]) == {
        "pretend_rate",
        "first_word",
        "emission",
        "settling",
        "revision_rate",
    }


def test_a_stream_worse_than_the_whole_clip_shows() -> None:
    output = {"text": "turn up", "events": [["final", "turn up", 1.0, 1.0]], "batch": "turn up the light", "clock": ""}
    counts = streaming.score(CASE, output)
    assert METRIC["wer_above_batch"].value([counts["wer_above_batch"]]) == 0.5
    alone = streaming.score(CASE, {**output, "batch": None})
    assert np.isnan(METRIC["wer_above_batch"].value([alone["wer_above_batch"]]))
    assert np.isnan(METRIC["batch_wer"].value([alone["batch_wer"]]))


def test_a_model_that_raised_said_nothing() -> None:
    counts = streaming.score(CASE, None)
    assert counts["wer"] == Ratio(4, 4)
    assert counts["success_rate"] == Ratio(0.0)
    assert counts["pretend_rate"] == Ratio(0.0)
    assert "(the model raised: nothing was said)" in streaming.show(CASE, None)


def test_show_tells_what_came_when() -> None:
    output = {"text": "turn", "events": [["partial", "turn", 0.5, 0.5]], "batch": None, "clock": "virtual"}
    assert "  0.50 s  partial  turn" in streaming.show(CASE, output)


def test_settings_reach_the_worker_in_the_row(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8_000), 8_000)
    made = streaming.prepare({"audio": str(tmp_path / "a.wav"), "settings": {"chunk_s": 0.1}})
    assert (made.audio.rate_hz, len(made.audio.samples), made.how.chunk_s) == (16_000, 16_000, 0.1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"text": "..."}, "expected `text` with the words spoken"),
        ({"words": [["turn", 0.1]]}, r"`words` holds \['turn', 0.1\], expected \[word, start_s, end_s\]"),
        ({"words": [["turn", 0.4, 0.1]]}, "inside the clip's 2 s"),
        ({"words": [["turn", 1.0, 9.0]]}, "inside the clip's 2 s"),
    ],
)
def test_bad_rows_name_the_case(change: dict[str, Any], says: str) -> None:
    with pytest.raises(DatasetError, match=says) as caught:
        streaming.read({**ROW, **change}, HEADER)
    assert "'04'" in str(caught.value)


def test_odd_settings_are_told_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="streaming clock 'sand'"):
        streaming.read(ROW, {**HEADER, "settings": {"clock": "sand"}})


@pytest.mark.parametrize("output", [None, [], Transcript("a")])
def test_only_a_stream_can_be_encoded(output: object) -> None:
    with pytest.raises(TypeError, match=r"expected what run\(\) gives"):
        streaming.encode(output)
