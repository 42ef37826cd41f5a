"""Keeps in `taught/` what the library's models hold that is neither drawn nor constant: filters and filter banks.

`python -m modellab.models.taught modellab/models/pyannote_diarization tiny`
"""

from __future__ import annotations

from pathlib import Path

from modellab.models import taught

from .make import begun


def teach(name: str, folder: Path) -> Path:
    """Nothing is trained; returns the file of what the library computes in the last digits as a CPU does."""
    return taught.write(folder, name, *begun())
