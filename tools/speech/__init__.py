"""Speech without a download: espeak-ng from a wheel, voices, and noise of a known level."""
