"""Tiny checkpoints that a model folder's own `make.py` makes: `made:NAME`, where no download is to be had.

`make.py` has one function, `make(name: str, folder: Path) -> None`, which writes the checkpoint into an empty folder
with the library's own classes. It runs once per machine, in a process of its own, so that what it imports and needs
never counts as the model's. The result is called after the recipe: the text of every .py file that begins with `make`,
and what the folder ships in `taught/` (`taught.py`, which makes it the same to the bit on every machine).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from modellab.errors import WeightsError
from modellab.models import adapter_code
from modellab.system import cache, process_group, textfile

RECIPE = "make.py"
ONE, MANY = 3, 2  # arguments that make one; checkpoints from which on a process for all of them is quicker
TIMEOUT_S = 540.0  # less than a load may take


def weights(folder: Path, name: str) -> Path:
    """The folder of checkpoint `name` of the model in `folder`, made first if it is not there. Raises WeightsError."""
    if not (folder / RECIPE).is_file():
        raise WeightsError(f"{folder / RECIPE} does not exist: config.yaml names made:{name} as weights")
    what = f"made:{name} of {folder.name}"
    return cache.once(_place(folder, name), what, lambda new: _make(folder, name, new), TIMEOUT_S)


def together(wanted: Sequence[tuple[Path, str]]) -> None:
    """Make the checkpoints (model folder, name) that are not here in one process, which imports what they share once.

    Nothing is raised: what could not be made is missing still, and whoever needs it makes it alone and hears why not.
    """
    lacking = [(folder, name) for folder, name in wanted if not cache.intact(_place(folder, name))]
    if len(lacking) < MANY:
        return
    command = [sys.executable, "-m", "modellab.models.made", *(str(part) for pair in lacking for part in pair)]
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        process_group.run(command, TIMEOUT_S)


def _place(folder: Path, name: str) -> Path:
    return cache.home() / "made" / f"{folder.name}-{name}@{recipe(folder)}"


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
        done = process_group.run(command, TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"{folder / RECIPE} did not make {name!r} within {TIMEOUT_S:g} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise WeightsError(f"{folder / RECIPE} could not make {name!r}: {last}")


def _write(folder: Path, name: str, new: Path) -> None:
    """Run the recipe in this process."""
    adapter_code.load(folder, Path(RECIPE).stem).make(name, new)


def main(*given: str) -> None:
    """FOLDER NAME NEW: one checkpoint into an empty folder. FOLDER NAME FOLDER NAME ...: several into the cache."""
    if len(given) == ONE:
        _write(Path(given[0]), given[1], Path(given[2]))
        return
    for place, name in zip(given[::2], given[1::2], strict=True):
        folder = Path(place)
        with contextlib.suppress(Exception):  # a recipe ends here: whoever needs what it makes hears why it cannot
            cache.once(_place(folder, name), name, functools.partial(_write, folder, name), TIMEOUT_S)


if __name__ == "__main__":  # the process of its own
    main(*sys.argv[1:])
