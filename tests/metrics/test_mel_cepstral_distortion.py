"""Mel-cepstral distortion against its definition, a plain DTW and librosa's filters."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from modellab.metrics import mel_cepstral_distortion
from modellab.types import Audio

RATE_HZ = mel_cepstral_distortion.RATE_HZ


def vowel(pitch_hz: float = 120, formants_hz: tuple[float, ...] = (700, 1200, 2500), n: int = 8000) -> np.ndarray:
    """A pulse train through resonances."""
    hz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    pulses = np.zeros(n)
    pulses[:: round(RATE_HZ / pitch_hz)] = 1
    gain = sum(1 / (1 + ((hz - formant) / 80) ** 2) for formant in formants_hz)
    made = np.fft.irfft(np.fft.rfft(pulses) * gain, n)
    return np.asarray(0.5 * made / np.abs(made).max())


def audio(*parts: np.ndarray) -> Audio:
    return Audio(np.concatenate(parts).astype(np.float32), RATE_HZ)


A, I = vowel(), vowel(formants_hz=(300, 2300, 3000))  # noqa: E741


def test_the_same_sound_has_no_distortion() -> None:
    assert mel_cepstral_distortion.distortion(audio(A), audio(A)) == 0.0


def test_gain_and_silence_around_it_change_nothing() -> None:
    assert mel_cepstral_distortion.distortion(audio(A), audio(0.1 * A)) == pytest.approx(0.0, abs=1e-3)
    hushed = audio(np.zeros(3200), A, np.zeros(4800))
    assert mel_cepstral_distortion.distortion(audio(A), hushed) == pytest.approx(0.0, abs=0.5)


def test_speed_changes_little_and_another_sound_much() -> None:
    slow = mel_cepstral_distortion.distortion(
        audio(A, I), audio(vowel(n=12000), vowel(formants_hz=(300, 2300, 3000), n=6000))
    )
    other = mel_cepstral_distortion.distortion(audio(A, I), audio(I, A))
    same_vowel = mel_cepstral_distortion.distortion(audio(A), audio(vowel(pitch_hz=140)))
    assert slow is not None
    assert other is not None
    assert same_vowel is not None
    assert slow < 0.3 * other
    assert same_vowel < 0.5 * other


def test_it_is_symmetric() -> None:
    assert mel_cepstral_distortion.distortion(audio(A, I), audio(I)) == pytest.approx(
        mel_cepstral_distortion.distortion(audio(I), audio(A, I))
    )


@pytest.mark.parametrize("other", [np.zeros(8000), A[:300], np.zeros(0)])
def test_nothing_to_compare_is_no_number(other: np.ndarray) -> None:
    assert mel_cepstral_distortion.distortion(audio(A), audio(other)) is None


def test_another_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="got 22050 Hz"):
        mel_cepstral_distortion.distortion(audio(A), Audio(A.astype(np.float32), 22_050))


# ---------------------------------------------------------------------------- the definition


@given(arrays.arrays(float, (2, mel_cepstral_distortion.BANDS), elements=st.floats(-5, 5)))
def test_with_all_coefficients_it_is_the_rms_difference_of_the_spectra_in_db(spectra: np.ndarray) -> None:
    ours, theirs = mel_cepstral_distortion.cepstra(spectra, mel_cepstral_distortion.BANDS - 1)
    difference_db = 20 / math.log(10) * (spectra[0] - spectra[1])
    expected = np.std(difference_db)  # rms without the mean, which is c_0
    assert mel_cepstral_distortion.DB * np.linalg.norm(ours - theirs) == pytest.approx(expected, abs=1e-9)


def test_the_formula_by_hand() -> None:
    """One coefficient that differs by 0.5: 10 / ln 10 * sqrt(2 * 0.25) = 3.0709 dB."""
    wave = 0.5 * np.cos(math.pi * 3 * (np.arange(mel_cepstral_distortion.BANDS) + 0.5) / mel_cepstral_distortion.BANDS)
    found = mel_cepstral_distortion.cepstra(wave[None])[0]
    assert found == pytest.approx([0, 0, 0.5, *[0] * 10], abs=1e-12)
    assert mel_cepstral_distortion.DB * np.linalg.norm(found) == pytest.approx(3.0709, abs=1e-4)


def test_the_cosine_transform_is_scipys() -> None:
    from scipy.fft import dct

    spectra = np.random.default_rng(0).normal(size=(5, mel_cepstral_distortion.BANDS))
    assert np.allclose(
        mel_cepstral_distortion.cepstra(spectra), dct(spectra, type=2)[:, 1:14] / mel_cepstral_distortion.BANDS
    )


def test_the_mel_bands_are_librosas() -> None:
    import librosa

    theirs = librosa.filters.mel(
        sr=RATE_HZ, n_fft=mel_cepstral_distortion.FFT, n_mels=mel_cepstral_distortion.BANDS, htk=True, norm=None
    )
    assert np.allclose(mel_cepstral_distortion.filters(), theirs, atol=1e-6)


# ---------------------------------------------------------------------------- the path


def plain_dtw(ours: np.ndarray, theirs: np.ndarray) -> dict[int, float]:
    """For each possible number of steps, the smallest sum of distances: by the textbook's recursion."""
    best: dict[tuple[int, int], dict[int, float]] = {}
    for i, a in enumerate(ours):
        for j, b in enumerate(theirs):
            here = float(np.linalg.norm(a - b))
            reached: dict[int, float] = {1: here} if (i, j) == (0, 0) else {}
            for place in ((i - 1, j - 1), (i - 1, j), (i, j - 1)):
                for steps, total in best.get(place, {}).items():
                    reached[steps + 1] = min(reached.get(steps + 1, math.inf), total + here)
            best[i, j] = reached
    return best[len(ours) - 1, len(theirs) - 1]


frames = arrays.arrays(float, st.tuples(st.integers(1, 7), st.just(2)), elements=st.floats(-3, 3))


@settings(max_examples=200, deadline=None)
@given(frames, frames)
def test_the_path_is_the_cheapest_there_is(ours: np.ndarray, theirs: np.ndarray) -> None:
    total, steps = mel_cepstral_distortion.warp(ours, theirs)
    every = plain_dtw(ours, theirs)
    assert total == pytest.approx(min(every.values()))
    assert every[steps] == pytest.approx(total)
