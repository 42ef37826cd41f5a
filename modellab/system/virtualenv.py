"""Environments apart from this one, made by uv, and how this modellab runs in them.

$MODELLAB_CACHE or ~/.cache/modellab
├── environments/
│   ├── 5d41402abc4b-faster-whisper/        bin/python; the file `complete` is written last
│   └── .5d41402abc4b-faster-whisper.lock   held by the one process that makes it
└── code/<digest>/modellab -> this package, and nothing beside it
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import filelock

from modellab.errors import WorkerError
from modellab.system.cache import home

PACKAGE = Path(__file__).resolve().parents[1]
COMPLETE = "complete"
LOCK_TIMEOUT_S = 3600.0
Tell = Callable[[str], None]
Maker = Callable[[Path, str, Sequence[str], Path, str], None]  # of an environment: `by_uv`


def place(name: str) -> Path:
    """The folder of the environment with this name."""
    return home().absolute() / "environments" / name


def python(folder: Path) -> Path:
    """The Python of an environment."""
    return folder / "bin" / "python"


def is_made(folder: Path) -> bool:
    """Whether an environment is there and complete."""
    return (folder / COMPLETE).exists()


def by_uv(folder: Path, label: str, wanted: Sequence[str], cwd: Path, way_out: str) -> None:
    """Have uv make an environment in `folder`. Raises WorkerError."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if uv is None:
        raise WorkerError(
            f"{label} needs an environment of its own, and uv, which makes it, is neither beside {sys.executable} nor"
            f" on PATH: {way_out}"
        )
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python(folder)), *wanted],
    ):
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode != 0:
            words = " ".join(done.stderr.split())[-400:] or f"exit status {done.returncode}"
            raise WorkerError(f"the environment of {label} could not be made by `uv {' '.join(command[1:3])}`: {words}")
    (folder / COMPLETE).touch()


def environment(
    name: str, label: str, wanted: Sequence[str], cwd: Path, way_out: str, tell: Tell, make: Maker = by_uv
) -> Path:
    """The Python of environment `name`, which is made first if it is missing or incomplete.

    `wanted` are arguments of `uv pip install`, run in `cwd`; `label` says whose it is and `way_out` what one can do
    without uv, for messages. Raises WorkerError.
    """
    folder = place(name)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder.parent / f".{folder.name}.lock", timeout=LOCK_TIMEOUT_S):
            if not is_made(folder):
                tell(f"making an environment for {label} in {folder} (once; minutes)")
                make(folder, label, wanted, cwd, way_out)
                tell(f"the environment for {label} is made")
    except (OSError, filelock.Timeout) as error:
        raise WorkerError(
            f"the environment of {label} cannot be written to {folder} ({error}): make room and see to the rights"
            " there, or set MODELLAB_CACHE to a folder that can be written"
        ) from error
    return python(folder)


def alone() -> Path:
    """A folder that holds this modellab and nothing else, so that no library beside it is imported from here."""
    folder = home().absolute() / "code" / hashlib.sha256(str(PACKAGE).encode()).hexdigest()[:12]
    link = folder / PACKAGE.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(PACKAGE, target_is_directory=True)
    except FileExistsError:
        return folder  # another process was quicker
    except OSError as error:
        why = f"{link} cannot be made ({error}): set MODELLAB_CACHE to a folder that can be written"
        raise WorkerError(why) from error
    return folder
