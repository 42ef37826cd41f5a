"""The file of a clip under a condition: made once per machine, in a process of its own, and kept in the cache folder.

What makes it imports PyTorch; in the model's own process that would count as the model's memory. So a helper
(`python -m modellab.audio.augmentation`) is asked for one file at a time and goes when nobody has asked for IDLE_S, or
when whoever started it has gone.
"""

from __future__ import annotations

import atexit
import hashlib
import importlib.metadata
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from modellab import audio
from modellab.audio import conditions, stretch
from modellab.audio.conditions import Condition
from modellab.errors import AudioError, ConfigError, CrashError, WorkerError
from modellab.system import cache, extras, json_child, textfile
from modellab.system.json_child import JsonChild
from modellab.types import Audio

LIBRARIES = ("torch-audiomentations", "torch", "soundfile", "soxr", "numpy")
IDLE_S = 20.0
TIMEOUT_S = 120.0
NAME = "clip.flac"


def file(clip: Path, condition: Condition, seed: int, helper: Helper | None = None) -> Path:
    """The clip under a condition as a FLAC file; the clip itself where it is clean. Raises AudioError, ConfigError.

    `helper` makes it where it is not there yet, the one of this process if none is given.
    """
    helper = helper or HELPER
    if condition.kind == "clean":
        return clip
    if not stretch.parsed(clip).file.is_file():
        raise AudioError(f"{clip} does not exist: expected an audio file")
    place = _place(clip, condition, seed, helper)
    order = {"clip": str(clip), "condition": str(condition), "seed": own_seed(clip, condition, seed)}
    made = cache.once(place, f"{clip.name} under {condition}", lambda new: helper.make(order, new / NAME), TIMEOUT_S)
    return made / NAME


def kept(clip: Path, condition: Condition, seed: int) -> Path | None:
    """The file where it was made before; None where it was not, or the clip is gone. Makes nothing."""
    if not stretch.parsed(clip).file.is_file():
        return None
    made = clip if condition.kind == "clean" else _place(clip, condition, seed, HELPER) / NAME
    return made if stretch.parsed(made).file.is_file() else None


def _place(clip: Path, condition: Condition, seed: int, helper: Helper) -> Path:
    facts = json.dumps([_sha(clip), str(condition), seed, helper.recipe()])
    return cache.home() / "augmented" / hashlib.sha256(facts.encode()).hexdigest()[:24]


def own_seed(clip: Path, condition: Condition, seed: int) -> int:
    """A seed for this clip under this condition alone."""
    named = f"{_sha(clip)}/{condition}/{seed}"
    return int.from_bytes(hashlib.sha256(named.encode()).digest()[:4])


class Helper:
    """The parent's side: starts a helper at the first order, and again when the last one has gone idle."""

    def __init__(self) -> None:
        self.child: JsonChild | None = None

    def recipe(self) -> list[str]:
        """What makes its files: of another recipe they are made anew."""
        return recipe()

    def make(self, order: Mapping[str, object], into: Path) -> None:
        """Have one file made; ConfigError where a package is missing, AudioError for anything else."""
        try:
            reply = self._asked({**order, "into": str(into)})
        except WorkerError as error:
            raise AudioError(f"{order['clip']} under {order['condition']} could not be made: {error}") from error
        if missing := reply.get("missing"):
            raise ConfigError(f"{order['condition']} needs {missing}: {extras.install('robustness')}")

    def close(self) -> None:
        """End the helper, if there is one."""
        if self.child is not None:
            self.child.close()
            self.child = None

    def _asked(self, order: Mapping[str, object]) -> dict[str, Any]:
        if self.child is not None:
            with suppress(CrashError):  # it had gone idle
                return self.child.ask("make", order, TIMEOUT_S)
        self.close()
        self.child = JsonChild([sys.executable, "-m", "modellab.audio.augmentation"])
        return self.child.ask("make", order, TIMEOUT_S)


HELPER = Helper()
atexit.register(lambda: HELPER.close())


def answer(
    order: Mapping[str, Any], change: Callable[[Audio, Condition, int], Audio] = conditions.change
) -> dict[str, str]:
    """The helper's side: make one file."""
    try:
        clip = audio.read(Path(order["clip"]))
        made = change(clip, conditions.parse(order["condition"]), int(order["seed"]))
        audio.write(Path(order["into"]), made)
    except ModuleNotFoundError as error:
        return {"missing": str(error.name)}
    return {}


def _sha(path: Path) -> str:
    return stretch.digest(path)


def recipe(source: Path = Path(conditions.__file__)) -> list[str]:
    """What makes the files: a hash of the source of the conditions, and the versions of the libraries."""
    return [
        hashlib.sha256(textfile.hashed(source)).hexdigest()[:12],
        *(f"{name} {_version(name)}" for name in LIBRARIES),
    ]


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


if __name__ == "__main__":
    json_child.run(answer, IDLE_S)
