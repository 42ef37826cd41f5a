"""Tiny checkpoints that a model folder's own `make.py` makes: `made:NAME`, where no download is to be had.

`make.py` has one function, `make(name: str, folder: Path) -> None`, which writes the checkpoint into an empty folder
with the library's own classes. It runs once per machine, in a process of its own, so that what it imports and needs
never counts as the model's. The result is called after the recipe: the text of every .py file that begins with `make`,
and what the folder ships in `taught/` (`taught.py`, which makes it the same to the bit on every machine).
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from modellab.errors import WeightsError
from modellab.models import adapter_code
from modellab.system import cache, textfile

RECIPE = "make.py"
TIMEOUT_S = 540.0  # less than a load may take


def weights(folder: Path, name: str) -> Path:
    """The folder of checkpoint `name` of the model in `folder`, made first if it is not there. Raises WeightsError."""
    if not (folder / RECIPE).is_file():
        raise WeightsError(f"{folder / RECIPE} does not exist: config.yaml names made:{name} as weights")
    place = cache.home() / "made" / f"{folder.name}-{name}@{recipe(folder)}"
    return cache.once(place, f"made:{name} of {folder.name}", lambda new: _make(folder, name, new), TIMEOUT_S)


def recipe(folder: Path) -> str:
    """A name for what makes the checkpoints of a model folder."""
    sums = hashlib.sha256()
    for path in sorted(folder.glob("make*.py")):
        sums.update(textfile.hashed(path))
    for path in sorted(folder.glob("taught/*.safetensors")):
        sums.update(path.read_bytes())
    return sums.hexdigest()[:12]


def _make(folder: Path, name: str, new: Path) -> None:
    command = [sys.executable, "-m", "modellab.models.made", str(folder), name, str(new)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"{folder / RECIPE} did not make {name!r} within {TIMEOUT_S:g} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise WeightsError(f"{folder / RECIPE} could not make {name!r}: {last}")


if __name__ == "__main__":  # the process of its own
    adapter_code.load(Path(sys.argv[1]), Path(RECIPE).stem).make(sys.argv[2], Path(sys.argv[3]))
