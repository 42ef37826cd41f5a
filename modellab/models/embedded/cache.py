"""Each format of whisper-lab, expanded once per machine: `<cache>/whisper-lab-<digest>-v<VERSION>/ct2/...`."""

from __future__ import annotations

import functools
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from modellab.errors import WeightsError, did_you_mean
from modellab.models.embedded.compact import WEIGHTS
from modellab.models.embedded.formats import FORMATS
from modellab.models.embedded.tokens import MERGES
from modellab.system import cache

VERSION = 1  # of the written formats: raise it when a writer changes what it writes
LOCK_TIMEOUT_S = 300.0  # writing takes seconds


@functools.cache
def digest() -> str:
    """sha256 of the stored weights and vocabulary, 64 hex digits: the name of these very weights."""
    sums = hashlib.sha256()
    for path in (WEIGHTS, MERGES):
        sums.update(hashlib.sha256(path.read_bytes()).digest())
    return sums.hexdigest()


def expand(fmt: str, folder: Path) -> None:
    """Write a format into an empty folder, in a process of its own. Raises WeightsError."""
    command = [sys.executable, "-m", "modellab.models.embedded", fmt, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise WeightsError(f"whisper-lab could not be expanded to {fmt} in {folder.parent}: {last}")


def weights(fmt: str, write: Callable[[str, Path], None] = expand, *, lock_timeout_s: float = LOCK_TIMEOUT_S) -> Path:
    """The file or folder that an engine loads, written first if it is not there whole. Raises WeightsError."""
    if fmt not in FORMATS:
        raise WeightsError(f"unknown format {fmt!r} of whisper-lab: {did_you_mean(fmt, FORMATS)}")
    folder = cache.home() / f"whisper-lab-{digest()[:12]}-v{VERSION}" / fmt
    return cache.once(folder, "whisper-lab", lambda new: write(fmt, new), lock_timeout_s) / FORMATS[fmt]
