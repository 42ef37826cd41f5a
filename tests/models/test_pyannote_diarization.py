"""pyannote's pipelines: what is missing in a folder is named, and a pipeline of untrained networks really runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from modellab import models
from modellab.errors import WeightsError
from modellab.models import adapter_code, made

FOLDER = models.FOLDER / "pyannote_diarization"
PARTS = models.config(FOLDER).options["parts"]
PIPELINE = {
    "pipeline": {
        "name": "pyannote.audio.pipelines.SpeakerDiarization",
        "params": {
            "clustering": "VBxClustering",
            "segmentation": "$model/segmentation",
            "embedding": "$model/embedding",
            "plda": "$model/plda",
        },
    }
}
SCRIPT = """
import json, sys, warnings
from pathlib import Path
import numpy as np
warnings.simplefilter("ignore")
from modellab import audio, models
from modellab.models import adapter_code
from modellab.types import Audio, Setting

folder, clip = Path(sys.argv[1]), sys.argv[2]
options = models.config(folder).options_for("tiny")
adapter = adapter_code.load(folder, "adapter")
sound = audio.read(Path(clip), 16_000)
said = {}
for place in sys.argv[3:]:
    model = adapter.load(Setting("p", "tiny", Path(place), "cpu", "float32", 1, options))
    said[Path(place).name] = [model.diarize(sound, count) for count in (2, 2, None)]
silence = [len(model.diarize(Audio(np.zeros(n, np.float32), 16_000), None)) for n in (0, 1, 1600)]
from pyannote.audio.telemetry.metrics import is_metrics_enabled
facts = {"telemetry": is_metrics_enabled(), "length": sound.duration_s, "silence": silence}
sys.stdout.write(json.dumps({"said": said, **facts}) + "\\n")
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    """A folder in the form of community-1, whole, its files empty."""
    for name in ("segmentation/pytorch_model.bin", "embedding/pytorch_model.bin", "plda/plda.npz"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "plda" / "xvec_transform.npz").touch()
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(PIPELINE))
    return tmp_path


def config(folder: Path) -> Any:
    return adapter_code.load(FOLDER, "folder").config(folder, PARTS, folder / "scratch")


def test_a_whole_folder_refers_to_itself(pipeline: Path) -> None:
    params = config(pipeline)["pipeline"]["params"]
    assert params["plda"] == {"checkpoint": str(pipeline), "subfolder": "plda"}
    assert params["embedding"]["subfolder"] == "embedding"


@pytest.mark.parametrize(
    "missing", ["config.yaml", "segmentation/pytorch_model.bin", "plda/plda.npz", "plda/xvec_transform.npz"]
)
def test_a_missing_file_is_named(pipeline: Path, missing: str) -> None:
    (pipeline / missing).unlink()
    with pytest.raises(WeightsError) as caught:
        config(pipeline)
    assert str(caught.value).startswith(f"{pipeline / missing} is missing")


def test_a_pipeline_of_3_1_says_what_else_to_fetch(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "empty"))
    old = {"segmentation": "pyannote/segmentation-3.0", "embedding": "pyannote/wespeaker-voxceleb-resnet34-LM"}
    (pipeline / "config.yaml").write_text(yaml.safe_dump({"version": "3.1.0", "pipeline": {"params": old}}))
    with pytest.raises(WeightsError) as caught:
        config(pipeline)
    for part in (
        "HF_TOKEN",
        "accept its conditions at https://huggingface.co/pyannote/segmentation-3.0",
        PARTS["pyannote/segmentation-3.0"],
    ):
        assert part in str(caught.value)


def test_a_place_that_is_none_is_named(pipeline: Path) -> None:
    params = {"segmentation": "somebody/else", "embedding": "$model/embedding"}
    (pipeline / "config.yaml").write_text(yaml.safe_dump({"pipeline": {"params": params}}))
    with pytest.raises(WeightsError, match="names 'somebody/else' as segmentation: no such file"):
        config(pipeline)


@pytest.mark.engine
@pytest.mark.slow
def test_an_untrained_pipeline_runs_and_repeats_itself(tmp_path: Path) -> None:
    """The tiny one as community-1 and as 3.1, in a process of its own: nobody else's torch, no telemetry, no hub."""
    pytest.importorskip("lightning", reason="pip install 'modellab[pyannote]'")
    tiny = made.weights(FOLDER, "tiny")
    older = tmp_path / "older"
    older.mkdir()
    written = yaml.safe_load((tiny / "config.yaml").read_text())
    params = written["pipeline"]["params"]
    for part in ("segmentation", "embedding"):
        shutil.copytree(tiny / part, older / part)
        params[part] = str(older / part / "pytorch_model.bin")
    del params["plda"]
    params["clustering"] = "AgglomerativeClustering"
    written["params"]["clustering"] = {"method": "centroid", "min_cluster_size": 2, "threshold": 0.7}
    (older / "config.yaml").write_text(yaml.safe_dump({"version": "3.1.0", **written}))
    clip = Path(__file__).parents[2] / "golden/diar_smoke_v1/audio/pair_1.flac"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, FOLDER, clip, tiny, older],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads(done.stdout.splitlines()[-1])
    assert answers["telemetry"] is False
    assert answers["silence"][0] == 0, "nothing at all has no turns; what is said of silence, chance decides"
    for first, second, free in answers["said"].values():
        assert first == second
        assert len({speaker for _, _, speaker in first}) == 2
        starts_s, ends_s = np.array([turn[:2] for turn in first + free]).T
        assert (starts_s >= 0).all()
        assert (ends_s > starts_s).all()
        assert (ends_s <= answers["length"]).all()
