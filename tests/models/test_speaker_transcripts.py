"""A model made of models: how its parts are found, and what the two that ship here write down."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import datasets, models
from modellab.errors import ConfigError, WeightsError
from modellab.models import adapter_code, parts, weights
from modellab.tasks import meeting as task
from modellab.types import Audio, Setting, Turn

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # what Silero's weights are loaded with

FOLDER = models.FOLDER / "speaker_transcripts"
GOLDEN = Path(__file__).parents[2] / "golden" / "meeting_smoke_v1"
SETTING = Setting("whole", "one", None, "cpu", "float32", 1, {"own": True})
CONFIG = """summary: a part
tasks: [asr]
status: experimental
environment: {environment}
devices: {{cpu: [int8, float32], cuda: [float16]}}
options: {{beam_size: 5, language: en}}
variants:
  one: {{weights: "path:weights.bin", options: {{language: de}}}}
  two: {{weights: package}}
  gone: {{weights: "path:nowhere.bin"}}
"""
ADAPTER = "from .sibling import NAME\n\n\ndef load(setting):\n    return NAME, setting\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of model folders with one model, `part`."""
    folder = tmp_path / "part"
    folder.mkdir()
    (folder / "config.yaml").write_text(CONFIG.format(environment="shared"))
    (folder / "adapter.py").write_text(ADAPTER)
    (folder / "sibling.py").write_text("NAME = 'the part'\n")
    (folder / "weights.bin").write_bytes(b"1")
    return tmp_path


def test_a_part_is_loaded_as_it_would_be_alone(place: Path) -> None:
    name, setting = parts.load("part:one", SETTING, more=[place])
    own = {"beam_size": 5, "language": "de"}
    assert name == "the part"
    assert setting == Setting("part", "one", place / "part" / "weights.bin", "cpu", "float32", 1, own)
    assert parts.load("part:two", SETTING, more=[place])[1].weights is None


def test_a_part_may_be_given_the_weights_of_the_whole(place: Path, tmp_path: Path) -> None:
    assert parts.load("part:gone", SETTING, tmp_path, more=[place])[1].weights == tmp_path


@pytest.mark.parametrize(
    ("device", "precision", "taken"),
    [("cpu", "int8", "int8"), ("cpu", "float16", "int8"), ("cuda", "float32", "float16")],
)
def test_a_part_has_the_precision_of_the_whole_or_its_first(
    place: Path, device: str, precision: str, taken: str
) -> None:
    asked = replace(SETTING, device=device, precision=precision)
    assert parts.load("part:two", asked, more=[place])[1].precision == taken


@pytest.mark.parametrize(
    ("name", "device", "says"),
    [
        ("pert:one", "cpu", "unknown model 'pert' as a part of whole: did you mean part"),
        ("part", "cpu", "'part' as a part of whole"),
        ("part:three", "cpu", "'part:three' as a part of whole"),
        ("part:one", "mps", "part:one does not run on mps, so it cannot be a part of whole there"),
    ],
)
def test_what_is_no_part_is_told(place: Path, name: str, device: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parts.load(name, replace(SETTING, device=device), more=[place])
    assert says in str(caught.value)


def test_a_part_with_an_environment_of_its_own_cannot_be_one(place: Path) -> None:
    (place / "part" / "config.yaml").write_text(CONFIG.format(environment="own"))
    with pytest.raises(ConfigError, match="part runs in an environment of its own, so it cannot be a part of whole"):
        parts.load("part:one", SETTING, more=[place])


def test_a_part_without_its_weights_says_so(place: Path) -> None:
    with pytest.raises(WeightsError, match=r"nowhere\.bin does not exist"):
        parts.load("part:gone", SETTING, more=[place])


# ---------------------------------------------------------------------------- the two that ship here


def test_turns_of_one_speaker_are_joined_unless_somebody_speaks_between() -> None:
    joined = adapter_code.load(FOLDER, "adapter").joined
    turns = [Turn(0, 1, "a"), Turn(1.2, 2, "a"), Turn(2.1, 3, "b"), Turn(3.1, 4, "a"), Turn(4.9, 6, "a")]
    assert joined(turns, 0.4) == [Turn(0, 2, "a"), Turn(2.1, 3, "b"), Turn(3.1, 4, "a"), Turn(4.9, 6, "a")]
    assert joined([], 0.4) == []


@pytest.fixture(scope="module")
def lab() -> Any:
    pytest.importorskip("faster_whisper")
    pytest.importorskip("silero_vad")
    options = models.config(FOLDER).options_for("lab")
    place = weights.locate(weights.Source(("embedded:whisper-lab/ct2",), None, FOLDER))
    return adapter_code.load(FOLDER, "adapter").load(
        Setting("speaker_transcripts", "lab", place, "cpu", "float32", 1, options)
    )


@pytest.mark.engine
def test_a_meeting_of_the_golden_set_is_written_down(lab: Any) -> None:
    golden = datasets.load(GOLDEN)
    row = next(row for row in golden.rows if row["id"] == "meeting_3")
    case = task.read(row, golden.options)
    counts = task.score(case, task.encode(task.run(lab, task.prepare(row))))
    assert counts["cpwer"][0] <= 2, "of 27 words of three people"
    assert counts["speaker_count_error"] == (0.0, 1.0)


@pytest.mark.engine
@pytest.mark.parametrize("samples", [0, 100, 16_000])
def test_where_nobody_speaks_nothing_is_written(lab: Any, samples: int) -> None:
    assert lab.transcribe_speakers(Audio(np.zeros(samples, np.float32), 16_000)) == []
