"""The lid task from manifest row to counts, with the model left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from modellab.errors import DatasetError
from modellab.tasks import lid
from modellab.types import Audio, Ratio

ROW = {"id": "de1", "audio": "a.flac", "duration_s": 2.0, "spoken": "de", "speaker": "de+f2"}
METRIC = {metric.name: metric for metric in lid.METRICS}


def sample(spoken: str = "de", id: str = "de1") -> lid.Sample:
    return lid.read({**ROW, "id": id, "spoken": spoken}, {})


def test_a_row_becomes_a_case() -> None:
    assert lid.read(ROW, {}) == lid.Sample("de1", 2.0, "de", "de+f2")


@pytest.mark.parametrize(("written", "code"), [("deu", "de"), ("de-AT", "de"), ("cmn", "zh"), ("zh-Hant", "zh")])
def test_one_language_has_one_code(written: str, code: str) -> None:
    assert sample(written).spoken == code
    assert lid.score(sample(code), lid.encode(written))["error_rate"] == Ratio(0.0)


@pytest.mark.parametrize(
    ("spoken", "says"),
    [
        (None, "expected `spoken` as a language code, got None"),
        ("", "expected `spoken` as a language code, got ''"),
        (7, "expected `spoken` as a language code, got 7"),
        ("klingon!", "`spoken` has an unknown language code 'klingon!'"),
    ],
)
def test_a_bad_language_names_the_case(spoken: object, says: str) -> None:
    with pytest.raises(DatasetError) as caught:
        lid.read({**ROW, "spoken": spoken}, {})
    assert "'de1'" in str(caught.value)
    assert says in str(caught.value)


def test_the_model_gets_16_khz_mono(tmp_path: Path) -> None:
    class Loud:
        def identify(self, audio: Audio) -> str:
            return "de" if (audio.rate_hz, audio.samples.shape) == (16_000, (8_000,)) else "en"

    soundfile.write(tmp_path / "a.wav", np.zeros((4_000, 2)), 8_000)
    assert lid.run(Loud(), lid.prepare({**ROW, "audio": tmp_path / "a.wav"})) == "de"


def test_a_code_is_json() -> None:
    assert json.loads(json.dumps(lid.encode("de"))) == {"language": "de"}


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (
            None,
            "identify() returned None, expected a language code such as 'de': does identify() end without a return?",
        ),
        (("de", 0.9), "identify() returned a tuple (('de', 0.9)), expected a language code"),
    ],
)
def test_anything_else_says_what_came(output: object, says: str) -> None:
    with pytest.raises(TypeError) as caught:
        lid.encode(output)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("output", "wrong", "answered"),
    [({"language": "de"}, 0, 1), ({"language": "en"}, 1, 1), ({"language": "?"}, 1, 1), (None, 1, 0)],
)
def test_right_wrong_nonsense_and_raised(output: dict[str, Any] | None, wrong: int, answered: int) -> None:
    assert lid.score(sample(), output) == {"error_rate": Ratio(wrong), "success_rate": Ratio(answered)}
    assert set(METRIC) == set(lid.score(sample(), output))


def test_show_and_remember() -> None:
    assert lid.show(sample(), {"language": "eng"}) == ["spoken de, identified as en"]
    assert lid.show(sample(), None) == ["spoken de, identified as (raised)"]
    assert (lid.remember({"language": "eng"}), lid.remember(None)) == ("eng", None)


def test_the_table_has_a_column_for_each_answer() -> None:
    samples = [sample("de", "1"), sample("de", "2"), sample("tr", "3"), sample("tr", "4")]
    answers: list[Any] = [{"language": "de"}, {"language": "xx-what"}, None, {"language": "de"}]
    assert lid.overview(samples, answers) == [
        "spoken   de   tr  (raised)  xx-what",
        "de        1    .         .        1",
        "tr        1    .         1        .",
    ]
