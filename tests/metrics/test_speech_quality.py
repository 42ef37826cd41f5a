"""Loudness against the standard's own example, DNSMOS on real speech, and what happens without a library."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pytest

from modellab import audio, datasets
from modellab.metrics import speech_quality
from modellab.types import Audio

GOLDEN = Path(__file__).parents[2] / "golden" / "asr_smoke_v1"


def sine(dbfs: float, duration_s: float = 2.0, rate_hz: int = 48_000) -> Audio:
    """997 Hz whose peak is at `dbfs`."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    return Audio((10 ** (dbfs / 20) * np.sin(2 * math.pi * 997 * time_s)).astype(np.float32), rate_hz)


@pytest.mark.parametrize(("dbfs", "rate_hz"), [(0.0, 48_000), (-20.0, 48_000), (-20.0, 16_000), (-40.0, 24_000)])
def test_loudness_is_the_standards(dbfs: float, rate_hz: int) -> None:
    """BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS."""
    assert speech_quality.loudness(sine(dbfs, rate_hz=rate_hz)) == pytest.approx(dbfs - 3.01, abs=0.1)


def test_what_is_silent_or_shorter_than_a_block_has_no_loudness() -> None:
    assert speech_quality.loudness(sine(-20, duration_s=0.39)) is None
    assert speech_quality.loudness(Audio(np.zeros(48_000, np.float32), 48_000)) is None


@pytest.mark.engine
def test_noise_lowers_the_opinion() -> None:
    speech = audio.read(datasets.load(GOLDEN).rows[0]["audio"], 16_000)
    noise = np.random.default_rng(0).normal(0, 0.05, len(speech.samples)).astype(np.float32)
    clean, noisy = (
        speech_quality.opinion(Audio(samples, 16_000)) for samples in (speech.samples, speech.samples + noise)
    )
    assert clean is not None
    assert noisy is not None
    assert clean.keys() == {"mos", "mos_signal", "mos_background"}
    assert all(1 <= value <= 5 for value in (*clean.values(), *noisy.values()))
    assert clean["mos"] > noisy["mos"] + 0.3
    assert clean["mos_background"] > noisy["mos_background"] + 0.3


FAKE = """
import numpy as np

def preprocess_wav(samples, rate_hz):
    return samples[np.abs(samples) > 0]

class VoiceEncoder:
    def __init__(self, device, verbose):
        assert (device, verbose) == ("cpu", False)

    def embed_utterance(self, samples):
        return np.array([1.0, 0.0]) if samples.mean() > 0 else np.array([0.6, 0.8])
"""


def test_likeness_is_the_cosine_of_resemblyzers_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resemblyzer.py").write_text(FAKE)
    monkeypatch.syspath_prepend(str(tmp_path))
    speech_quality._encoder.cache_clear()
    one, other, short = (
        Audio(np.full(n, value, np.float32), 16_000) for n, value in ((9000, 1), (9000, -1), (7000, 1))
    )
    assert speech_quality.similarity(one, one) == 1.0
    assert speech_quality.similarity(one, other) == 0.6
    assert speech_quality.similarity(one, short) is None
    monkeypatch.delitem(__import__("sys").modules, "resemblyzer")
    speech_quality._encoder.cache_clear()


DISTILLED = """
import torch

class ConvTransformerSQAModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        print("weights loaded from somewhere")

    def forward(self, x):
        assert x.shape == (1, 9000), x.shape
        return 1 + 4 * x.mean(dim=-1)
"""


@pytest.mark.engine
def test_naturalness_is_what_distillmos_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "distillmos.py").write_text(DISTILLED)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("distillmos", None)
    speech_quality._distilled.cache_clear()
    assert speech_quality.naturalness(Audio(np.full(9000, 0.5, np.float32), 16_000)) == 3.0
    assert speech_quality.naturalness(Audio(np.zeros(0, np.float32), 16_000)) is None
    assert capsys.readouterr().out == ""
    sys.modules.pop("distillmos")
    speech_quality._distilled.cache_clear()


def test_without_its_library_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech_quality, "find_spec", lambda name: None)
    speech = sine(-20, rate_hz=16_000)
    assert speech_quality.loudness(speech) is None
    assert speech_quality.opinion(speech) is None
    assert speech_quality.similarity(speech, speech) is None
    assert speech_quality.naturalness(speech) is None
    assert all("pip install" in speech_quality.missing(library) for library in speech_quality.ENOUGH)


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="got 48000 Hz"):
        speech_quality.opinion(sine(-20))
