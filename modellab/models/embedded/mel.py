"""The mel filter bank that Whisper was made with, by formula."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def filter_bank(n_mels: int = 80, n_fft: int = 400, rate_hz: int = 16_000) -> npt.NDArray[np.float32]:
    """Triangles of equal area on Slaney's mel scale, shape (n_mels, n_fft // 2 + 1).

    Linear below 1 kHz (66.7 Hz per mel), logarithmic above (27 mels for a factor of 6.4), as
    `librosa.filters.mel` makes it; equal to openai-whisper's mel_filters.npz within float32 rounding.
    """
    bins_hz = np.fft.rfftfreq(n_fft, 1 / rate_hz)
    top_mel = 15 + 27 * np.log(rate_hz / 2 / 1000) / np.log(6.4)
    mels = np.linspace(0, top_mel, n_mels + 2)
    edges_hz = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    low, centre, high = edges_hz[:-2, None], edges_hz[1:-1, None], edges_hz[2:, None]
    rising, falling = (bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre)
    triangles = np.maximum(0, np.minimum(rising, falling))
    bank: npt.NDArray[np.float32] = (triangles * 2 / (high - low)).astype(np.float32)
    return bank
