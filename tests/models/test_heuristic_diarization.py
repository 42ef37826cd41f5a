"""The diarizer without a hub: its features, its clustering, and the whole of it on golden conversations."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets, models
from modellab.metrics.diarization import compare
from modellab.models import adapter_code
from modellab.types import Audio, Setting, Turn

pytestmark = [
    pytest.mark.engine,
    pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning"),  # what Silero's weights are loaded with
]
FOLDER = models.FOLDER / "heuristic_diarization"
GOLDEN = Path(__file__).parents[2] / "golden"
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def adapter() -> ModuleType:
    pytest.importorskip("silero_vad", reason="pip install 'modellab[silero]'")
    return adapter_code.load(FOLDER, "adapter")


@pytest.fixture(scope="module")
def model(adapter: ModuleType) -> Any:
    options = models.config(FOLDER).options_for("ge2e")
    return adapter.load(
        Setting("heuristic_diarization", "ge2e", FOLDER / "voice_encoder.npz", "cpu", "float32", 1, options)
    )


@pytest.fixture(scope="module")
def talk() -> tuple[Audio, list[Turn]]:
    """Three voices, one of which falls into another's word."""
    row = next(row for row in datasets.load(GOLDEN / "diar_smoke_v2").rows if row["id"] == "talk_4")
    return audio.read(row["audio"], RATE_HZ), [Turn(*turn) for turn in row["turns"]]


def test_the_features_are_librosas(adapter: ModuleType, talk: tuple[Audio, list[Turn]]) -> None:
    librosa = pytest.importorskip("librosa", reason="pip install librosa")
    samples = talk[0].samples[RATE_HZ : 3 * RATE_HZ]
    theirs = librosa.feature.melspectrogram(y=samples, sr=RATE_HZ, n_fft=400, hop_length=160, n_mels=40)
    ours = adapter.embeddings.__globals__["mel"](samples[None])[0].T
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * float(theirs.max()))


def test_a_conversation_is_told_apart(model: Any, talk: tuple[Audio, list[Turn]]) -> None:
    sound, turns = talk
    found = model.diarize(sound, 3)
    top, bottom = compare(turns, found, [(0, sound.duration_s)]).der()
    assert top / bottom < 0.25
    assert {turn.speaker for turn in found} == {"speaker0", "speaker1", "speaker2"}
    assert found == model.diarize(sound, 3)


def test_turns_are_in_order_and_inside_the_audio(model: Any, talk: tuple[Audio, list[Turn]]) -> None:
    sound, _ = talk
    found = model.diarize(sound, None)
    assert all(turn.end_s > turn.start_s >= 0 for turn in found)
    assert all(before.end_s <= after.start_s for before, after in pairwise(found))
    assert found[-1].end_s <= sound.duration_s


def test_one_voice_is_one_speaker(model: Any, talk: tuple[Audio, list[Turn]]) -> None:
    sound, turns = talk
    alone = [turn for turn in turns if turn.speaker == "voice2"]
    parts = [sound.samples[round(t.start_s * RATE_HZ) : round((t.end_s - 1.0) * RATE_HZ)] for t in alone]
    found = model.diarize(Audio(np.concatenate(parts), RATE_HZ), None)
    assert {turn.speaker for turn in found} == {"speaker0"}


@pytest.mark.parametrize("n_samples", [0, 1, RATE_HZ // 10, 3 * RATE_HZ])
def test_nobody_speaks_in_silence(model: Any, n_samples: int) -> None:
    assert model.diarize(Audio(np.zeros(n_samples, np.float32), RATE_HZ), 2) == []


class TestClusters:
    """`grouped`, on vectors of three directions."""

    OPTIONS = {"max_distance": 0.3, "min_windows": 2, "min_share": 0.0}

    def vectors(self, *who: int) -> np.ndarray:
        noise = np.random.default_rng(0).normal(0, 0.02, (len(who), 8))
        return (np.eye(8)[list(who)] + noise).astype(np.float32)

    def test_groups_are_named_by_appearance(self, adapter: ModuleType) -> None:
        labels = adapter.grouped(self.vectors(5, 5, 2, 2, 5, 7, 7), None, **self.OPTIONS)
        assert labels.tolist() == [0, 0, 1, 1, 0, 2, 2]

    def test_a_count_that_is_told_is_kept(self, adapter: ModuleType) -> None:
        labels = adapter.grouped(self.vectors(5, 5, 2, 2, 7, 7), 2, **self.OPTIONS)
        assert set(labels) == {0, 1}

    def test_a_single_window_is_no_speaker(self, adapter: ModuleType) -> None:
        alone = self.vectors(5, 5, 5, 2, 7, 7, 7)
        assert len(set(adapter.grouped(alone, None, **{**self.OPTIONS, "min_windows": 1}))) == 3
        assert len(set(adapter.grouped(alone, None, **self.OPTIONS))) == 2
        mixed = self.vectors(5, 5, 5, 5, 7, 7, 7)
        mixed[3] = mixed[0] + mixed[4]  # a window on the change from one to the other
        assert set(adapter.grouped(mixed, None, **self.OPTIONS)) == {0, 1}

    def test_few_windows(self, adapter: ModuleType) -> None:
        assert adapter.grouped(self.vectors(3), None, **self.OPTIONS).tolist() == [0]
        assert adapter.grouped(self.vectors(), None, **self.OPTIONS).tolist() == []
