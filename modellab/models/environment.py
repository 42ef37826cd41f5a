"""A model's own environment: `environment: own` in its config.yaml, made by uv from its requirements.txt.

For a model whose libraries conflict with those of the others. The worker process of such a model runs there; only this
package and what the process around a model needs (WORKER) come from modellab, in whatever version the model's own
requirements allow.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import TypedDict

from modellab.errors import WorkerError
from modellab.system import virtualenv
from modellab.system.cache import home

REQUIREMENTS = "requirements.txt"
WORKER = (
    "filelock", "huggingface-hub", "jiwer", "more-itertools", "numpy", "psutil", "pydantic", "pyyaml", "soundfile",
    "soxr", "whisper-normalizer",
)  # fmt: skip


class Start(TypedDict, total=False):
    """Arguments of a `Worker`."""

    python: str
    env: dict[str, str]
    further: tuple[str, ...]


def place(folder: Path) -> Path:
    """The folder of the environment of the model in `folder`: another content of requirements.txt is another one."""
    try:
        lines = (folder / REQUIREMENTS).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise WorkerError(f"{folder / REQUIREMENTS} cannot be read, and config.yaml says environment: own") from error
    wanted = sorted(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    content = json.dumps([wanted, WORKER, list(sys.version_info[:2])])
    return virtualenv.place(f"{folder.name}-{hashlib.sha256(content.encode()).hexdigest()[:12]}")


def why_missing(folder: Path) -> tuple[str, str]:
    """What is missing and the command that brings it; two empty texts if the environment is there."""
    try:
        there = virtualenv.is_made(place(folder))
    except WorkerError as error:
        return str(error), ""
    return ("", "") if there else ("its own environment is not made yet", f"modellab models install {folder.name}")


def make(folder: Path, tell: virtualenv.Tell, maker: virtualenv.Maker = virtualenv.by_uv) -> Path:
    """The Python of the model's environment, made first if it is not there whole. Raises WorkerError."""
    name = place(folder).name
    added = [name for name in WORKER if _free(folder, name)]
    wanted = ["--requirement", str((folder / REQUIREMENTS).absolute()), *added]
    return virtualenv.environment(name, folder.name, wanted, folder, "pip install uv", tell, maker)


def start(folder: Path) -> Start:
    """How to start a worker in the model's environment, which is there."""
    env = {"PYTHONPATH": str(virtualenv.alone()), "MODELLAB_CACHE": str(home().absolute())}
    return {"python": str(virtualenv.python(place(folder))), "env": env}


def _free(folder: Path, name: str) -> bool:
    """Whether requirements.txt leaves this package to modellab."""
    text = (folder / REQUIREMENTS).read_text(encoding="utf-8")
    return re.search(rf"^{re.escape(name)}\b", text, re.MULTILINE | re.IGNORECASE) is None
