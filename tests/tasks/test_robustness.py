"""The robustness task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio
from modellab.audio import augmentation
from modellab.audio.conditions import KINDS
from modellab.errors import DatasetError
from modellab.tasks import robustness
from modellab.types import Audio, Ratio, Transcript

ROW = {"id": "001-noise", "audio": "a.flac", "duration_s": 2.0, "text": "one two three four", "condition": "noise:10"}
HEADER = {"normaliser": "basic", "language": "en", "settings": {"seed": 1}}
METRIC = {metric.name: metric for metric in robustness.METRICS}


def sample(condition: str) -> robustness.Sample:
    return robustness.read({**ROW, "condition": condition}, HEADER)


def output_of(text: str) -> dict[str, Any]:
    return robustness.encode(robustness.Heard(Transcript(text), 1.6))


def test_a_clip_without_speech_counts_made_up_words() -> None:
    silent = robustness.read({**ROW, "text": ""}, HEADER)
    counts = [robustness.score(silent, output_of(text)) for text in ("", "thank you")]
    assert METRIC["hallucination_rate"].value(each["hallucination_rate"] for each in counts) == 0.5
    assert [each["wer"] for each in counts] == [(0, 0), (2, 0)]


def test_an_output_is_a_transcript_and_the_length_of_what_was_heard() -> None:
    output = output_of("one two")
    assert (output["text"], output["duration_s"]) == ("one two", 1.6)
    assert json.loads(json.dumps(output)) == output
    assert robustness.remember(output) == "one two"
    with pytest.raises(TypeError, match=r"expected what run\(\) gives"):
        robustness.encode(Transcript("one"))
    with pytest.raises(TypeError, match=r"transcribe\(\) returned None"):
        robustness.encode(robustness.Heard(None, 1.0))  # type: ignore[arg-type]


def test_errors_count_for_their_kind_and_for_all() -> None:
    each = {
        "clean": output_of("one two three four"),
        "noise:10": output_of("one two three"),
        "noise:0": output_of("one two"),
        "telephone": None,
    }
    counts = [robustness.score(sample(condition), output) for condition, output in each.items()]
    assert all(share.keys() == METRIC.keys() for share in counts)
    value = {name: metric.value([share[name] for share in counts]) for name, metric in METRIC.items()}
    assert (value["wer"], value["wer_clean"], value["wer_noise"], value["wer_telephone"]) == (7 / 16, 0.0, 3 / 8, 1.0)
    assert value["wer_above_clean"] == pytest.approx(7 / 12)
    assert math.isnan(value["wer_mp3"])
    assert value["success_rate"] == 3 / 4


def test_the_overview_goes_from_mild_to_hard() -> None:
    samples = [sample(name) for name in ("noise:0", "clean", "noise:10", "noise:0")]
    texts = ("one two", "one two three four", "one two three", "one two three four")
    assert robustness.overview(samples, [output_of(text) for text in texts]) == [
        "WER by condition",
        "clean           0.00%",
        "noise:10       25.00%",
        "noise:0        25.00%",
    ]


def test_what_made_the_clips_is_kept_with_the_result() -> None:
    assert "torch-audiomentations " in robustness.signature([])


def test_every_kind_of_condition_has_its_metric() -> None:
    assert {f"wer_{kind}" for kind in KINDS} == {name for name in METRIC if name.startswith("wer_")} - {
        "wer_above_clean"
    }


def test_show_names_the_condition() -> None:
    assert robustness.show(sample("mp3:16"), output_of("one two three"))[0] == "under mp3:16"
    assert robustness.show(sample("mp3:16"), None)[-1] == "(the model raised: no transcript)"


@pytest.mark.parametrize("condition", ["noise", "fog", None])
def test_a_row_without_a_known_condition_is_told(condition: Any) -> None:
    with pytest.raises(DatasetError, match=r"case '001-noise': condition"):
        robustness.read({**ROW, "condition": condition}, HEADER)


def test_the_clip_is_changed_before_the_model_hears_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    audio.write(tmp_path / "a.flac", Audio(np.full(16_000, 0.1, np.float32), 16_000))
    given = robustness.prepare({**ROW, "audio": str(tmp_path / "a.flac"), "condition": "speed:1.25"})
    augmentation.HELPER.close()

    class Length:
        def transcribe(self, clip: Audio) -> Transcript:
            return Transcript(f"{clip.duration_s:.2f}")

    heard = robustness.run(Length(), given)
    assert (heard.transcript.text, heard.duration_s) == ("0.80", pytest.approx(0.8))
    assert robustness.score(sample("clean"), output_of("four"))["wer_clean"] == Ratio(3, 4)
