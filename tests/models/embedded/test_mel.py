"""The mel filters by formula."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from modellab.models.embedded.mel import filter_bank


@pytest.mark.parametrize("n_mels", [80, 128])
def test_filters_are_whispers(n_mels: int, whisper_assets: Path) -> None:
    with np.load(whisper_assets / "mel_filters.npz") as file:
        np.testing.assert_allclose(filter_bank(n_mels), file[f"mel_{n_mels}"], rtol=0, atol=1e-8)


def test_each_filter_is_one_hill_that_rises_and_falls() -> None:
    for row in filter_bank(20, n_fft=2048):
        hill = row[row > 0]
        peak = hill.argmax()
        assert (np.diff(hill[: peak + 1]) > 0).all()
        assert (np.diff(hill[peak:]) < 0).all()
