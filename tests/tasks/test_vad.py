"""The vad task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.errors import DatasetError
from modellab.metrics import roc
from modellab.tasks import vad
from modellab.types import Audio, Ratio, Region

ROW = {"id": "music", "audio": "music.flac", "duration_s": 4.0, "speech": [[1.0, 2.0], [2.5, 3]], "condition": "music"}
METRIC = {metric.name: metric for metric in vad.METRICS}


def sample(*speech: tuple[float, float]) -> vad.Sample:
    return vad.read({**ROW, "speech": speech}, {})


def output_of(*regions: tuple[float, float]) -> dict[str, Any]:
    return vad.encode([Region(*region) for region in regions])


def test_a_row_becomes_a_case() -> None:
    assert vad.read(ROW, {}) == vad.Sample("music", 4.0, (Region(1.0, 2.0), Region(2.5, 3.0)), "music")


def test_a_clip_without_speech_is_a_case() -> None:
    assert sample().speech == ()


def test_a_region_may_end_a_rounding_error_behind_the_clip() -> None:
    assert sample((3.0, 4.005)).speech == (Region(3.0, 4.005),)


@pytest.mark.parametrize(
    ("speech", "says"),
    [
        (None, "expected `speech` as a list of [start_s, end_s], got None"),
        ("1-2", "expected `speech` as a list"),
        ([1.0, 2.0], "a float (1.0), expected [start_s, end_s]"),
        ([[1.0]], "a list ([1.0]), expected [start_s, end_s]"),
        ([["a", 2]], "a list (['a', 2]), expected [start_s, end_s]"),
        ([[2.0, 1.0]], "[2, 1], expected a region that ends after it starts"),
        ([[0.0, math.nan]], "expected finite seconds"),
        ([[-0.5, 1.0]], "[-0.5, 1.0] in `speech` is outside the clip's 4 s"),
        ([[3.0, 4.5]], "[3.0, 4.5] in `speech` is outside the clip's 4 s"),
    ],
)
def test_bad_reference_regions_name_the_case(speech: object, says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        vad.read({**ROW, "speech": speech}, {})
    assert "'music'" in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_speech_key_is_an_error_and_not_silence() -> None:
    with pytest.raises(DatasetError, match="got None"):
        vad.read({key: value for key, value in ROW.items() if key != "speech"}, {})


def test_audio_is_prepared_as_16_khz_mono(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((4_000, 2)), 8_000)
    given = vad.prepare({**ROW, "audio": tmp_path / "a.wav"})
    assert (given.rate_hz, given.samples.shape) == (16_000, (8_000,))


def test_run_is_the_models_method_and_nothing_else() -> None:
    class Everything:
        def detect(self, audio: Audio) -> list[Region]:
            return [Region(0.0, audio.duration_s)]

    assert vad.run(Everything(), Audio(np.zeros(8_000, np.float32), 16_000)) == [Region(0.0, 0.5)]


# ---------------------------------------------------------------------------- encode


def test_regions_are_json() -> None:
    output = vad.encode([Region(0.5, float(np.float32(1.5))), (2, 3)])
    assert output == {"regions": [[0.5, 1.5], [2.0, 3.0]]}
    assert json.loads(json.dumps(output)) == output
    assert vad.encode([]) == {"regions": []}


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (
            None,
            "detect() returned None, expected a list of Region(start_s, end_s): does detect() end without a return?",
        ),
        ("0-1", "detect() returned a str ('0-1')"),
        (1.0, "detect() returned a float (1.0)"),
        ([{"start": 0, "end": 1}], "detect() returned a dict ({'start': 0, 'end': 1}), expected [start_s, end_s]"),
        ([(0.0, math.inf)], "detect() returned [0.0, inf], expected finite seconds"),
        ([(1.0, 0.0)], "detect() returned [1, 0], expected a region that ends after it starts"),
    ],
)
def test_anything_else_says_what_came(output: object, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        vad.encode(output)
    assert says in str(caught.value)


# ---------------------------------------------------------------------------- score, show, remember


def test_score_gives_exactly_the_metrics() -> None:
    for output in (None, output_of(), output_of((0, 1))):
        assert set(vad.score(sample((1, 2)), output)) == set(METRIC)


def test_seconds_by_hand() -> None:
    counts = vad.score(sample((1, 2), (2.5, 3)), output_of((0.5, 2), (9, 10)))
    assert counts.pop("roc_auc") == roc.EMPTY
    assert counts == {
        "f1": Ratio(2.0, 3.0),
        "precision": Ratio(1.0, 1.5),
        "recall": Ratio(1.0, 1.5),
        "false_alarm_s": (0.5,),
        "miss_s": (0.5,),
        "success_rate": Ratio(1.0),
        "hallucination_rate": Ratio(0.0, 0.0),
        "onset_error_s": Ratio(0.5, 1),
        "offset_error_s": Ratio(0.0, 1),
        "edge_miss_rate": Ratio(2, 4),
    }


class Sure:
    """Finds the second half of each clip, and is sure of it."""

    def detect(self, audio: Audio) -> list[Region]:
        return [Region(audio.duration_s / 2, audio.duration_s)]

    def probabilities(self, audio: Audio) -> tuple[Any, float]:
        return np.repeat([0.1, 0.9], 20), audio.duration_s / 40


def test_probabilities_are_asked_for_outside_the_clocks() -> None:
    given = Audio(np.zeros(64_000, np.float32), 16_000)
    output = vad.encode(vad.run(Sure(), given))
    assert output == {"regions": [[2.0, 4.0]], "levels": [78] * 20 + [122] * 20, "hop_s": 0.1}
    assert METRIC["roc_auc"].value([vad.score(sample((2, 4)), output)["roc_auc"]]) == 1.0
    assert METRIC["roc_auc"].value([vad.score(sample((0, 2)), output)["roc_auc"]]) == 0.0
    assert vad.remember(output) == [[2.0, 4.0]]


@pytest.mark.parametrize("given", [None, [0.1, 0.2, 0.3], ([1.5], 0.03), ([0.5], 0.0), ([math.nan], 0.1)])
def test_odd_probabilities_say_what_came(given: Any) -> None:
    with pytest.raises(TypeError, match=r"probabilities\(\) returned .*, expected \(an array of numbers from 0 to 1"):
        vad.encode(vad.Detected([], lambda: given))


def test_only_clips_without_speech_count_as_hallucinated() -> None:
    assert vad.score(sample(), output_of((1, 2)))["hallucination_rate"] == Ratio(1.0, 4.0)
    assert vad.score(sample((3, 4)), output_of((1, 2)))["hallucination_rate"] == Ratio(0.0, 0.0)


def test_a_model_that_raised_missed_everything() -> None:
    counts = vad.score(sample((1, 2)), None)
    assert counts["recall"] == Ratio(0.0, 1.0)
    assert counts["miss_s"] == (1.0,)
    assert counts["success_rate"] == Ratio(0.0)


def test_a_clip_without_speech_still_shows_its_false_alarms() -> None:
    counts = vad.score(sample(), output_of((0, 2)))
    assert counts["recall"] == Ratio(0.0, 0.0)
    assert METRIC["precision"].value([counts["precision"]]) == 0.0
    assert METRIC["false_alarm_s"].value([counts["false_alarm_s"]] * 3) == 6.0


def test_show_names_both_sides_and_the_difference() -> None:
    assert vad.show(sample((1, 2)), output_of((0.5, 1.5))) == [
        "ref          1.00-2.00",
        "hyp          0.50-1.50",
        "false alarm  0.50-1.00  (0.50 s)",
        "miss         1.50-2.00  (0.50 s)",
    ]
    assert vad.show(sample(), None) == [
        "ref          none",
        "hyp          none",
        "false alarm  none  (0.00 s)",
        "miss         none  (0.00 s)",
        "(the model raised: no regions)",
    ]


def test_a_baseline_remembers_the_regions() -> None:
    assert vad.remember(output_of((0, 1), (2, 3))) == [[0.0, 1.0], [2.0, 3.0]]
    assert vad.remember(None) is None


def test_the_metrics_have_units_directions_and_limits_that_exist() -> None:
    assert vad.METRICS[0].name == "f1"
    assert set(vad.LIMITS) <= set(METRIC)
    assert {name: metric.unit for name, metric in METRIC.items() if name.endswith("_s")} == {
        "false_alarm_s": "s",
        "miss_s": "s",
        "onset_error_s": "s",
        "offset_error_s": "s",
    }
    assert {name for name, metric in METRIC.items() if metric.better == "higher"} == {
        "f1", "precision", "recall", "success_rate", "roc_auc",
    }  # fmt: skip
