"""Tiny checkpoints: what is drawn, what is shipped, and that both are the same to the bit whatever the CPU can do."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import models
from modellab.errors import WeightsError
from modellab.models import made, taught, weights

SHIPPED = sorted(path.parents[1].name for path in models.FOLDER.glob("*/taught/tiny.safetensors"))
WEIGHTS = {  # the first digits of SHA-256: who changes them on purpose accepts new baselines of these models with them
    "ctc_aligner/model": "48e72359be62c5c3",
    "lfm2_5_audio/audio_detokenizer/model": "edb86c5c591cafcf",
    "lfm2_5_audio/model": "32e0bbb558971d8c",
    "seamlessm4t/model": "cdaac88055bb8193",
    "transformers_asr/model": "1046230affc640c4",
}
PLAINEST = {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"}


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize("name", SHIPPED)
def test_a_cpu_that_can_do_less_makes_the_same_bytes(name: str, tmp_path: Path) -> None:
    folder = models.FOLDER / name
    here = weights.locate(weights.Source(("made:tiny",), None, folder))
    assert here is not None
    command = [sys.executable, "-m", "modellab.models.made", str(folder), "tiny", str(tmp_path)]
    done = subprocess.run(command, env=os.environ | PLAINEST, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    elsewhere = digests(tmp_path)
    assert elsewhere.keys() >= {"config.json"} or elsewhere.keys() >= {"config.yaml"}
    assert {key: value for key, value in digests(here).items() if key in elsewhere} == elsewhere


@pytest.mark.engine
@pytest.mark.parametrize("name", WEIGHTS)
def test_the_weights_are_those_of_every_other_machine(name: str) -> None:
    model, _, file = name.partition("/")
    place = weights.locate(weights.Source(("made:tiny",), None, models.FOLDER / model))
    assert place is not None
    found = hashlib.sha256((place / f"{file}.safetensors").read_bytes()).hexdigest()
    assert found[:16] == WEIGHTS[name]


def test_every_recipe_that_trains_ships_what_it_taught() -> None:
    assert sorted(path.parent.name for path in models.FOLDER.glob(f"*/{taught.TEACHER}")) == SHIPPED
    assert {path.parent.name for path in models.FOLDER.glob(f"*/{made.RECIPE}")} >= set(SHIPPED), "others only draw"


def test_numbers_depend_on_the_name_alone_and_fill_their_range() -> None:
    first, other = (taught.drawn(name, (100, 100), 0.25) for name in ("a.weight", "b.weight"))
    assert first.dtype == np.float32
    assert np.array_equal(first, taught.drawn("a.weight", (100, 100), 0.25))
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 0.05
    assert -0.25 <= first.min() < -0.249
    assert 0.249 < first.max() < 0.25
    assert first.std() == pytest.approx(0.25 / np.sqrt(3), rel=0.02)


@pytest.fixture
def network() -> Any:
    import torch

    torch.manual_seed(3)
    return torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 2))


@pytest.mark.engine
def test_what_training_changed_comes_back_and_the_rest_is_drawn(network: Any, tmp_path: Path) -> None:
    import torch

    exact = taught.begin(network, "net.")
    begun = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.no_grad():
        network[2].weight[0, 0] = 0.5
    file = taught.write(tmp_path, "tiny", {"net.": network}, exact)
    shipped = taught.read(tmp_path, "tiny")
    assert shipped["net.2.weight"].dtype == np.float16
    assert "net.0.weight" not in shipped, "drawn, and as it was"
    assert "net.1.weight" not in shipped, "constant, and as it was"

    torch.manual_seed(99)
    again = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.LayerNorm(8), torch.nn.Linear(8, 2))
    taught.begin(again, "net.")
    taught.restore(again, tmp_path, "tiny", "net.")
    assert torch.equal(again[0].weight, begun["0.weight"])
    assert torch.equal(again[2].weight, network[2].weight.half().float())
    file.write_bytes(file.read_bytes()[:-1] + b"\1")
    with pytest.raises(WeightsError, match=r"tiny\.safetensors is not what SHA256SUMS says \([0-9a-f]{12} instead of"):
        taught.read(tmp_path, "tiny")


@pytest.mark.engine
def test_a_library_without_a_tensor_is_told(network: Any, tmp_path: Path) -> None:
    taught.begin(network)
    taught.write(tmp_path, "tiny", {"": network}, {})
    with pytest.raises(WeightsError, match=r"holds 1\.bias, which the library's model does not have: another version"):
        taught.restore(network[:1], tmp_path, "tiny")
    with pytest.raises(WeightsError, match="cannot be read: No such file or directory; it is a part of the model"):
        taught.restore(network, tmp_path / "away", "tiny")
