"""Weights that are another variant's in the format of a further engine: `converted:MODEL:VARIANT#FORMAT`.

They are made once per machine from what the `config.yaml` of the model folder beside names, and compared with it in
both engines, as `modellab models convert` does; in a process of its own, so that what that needs never counts as a
model's. The result is called after where it came from and the sums that are pinned there.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from modellab.errors import UnreadableError, WeightsError, YamlError
from modellab.system import cache, process_group, textfile

PLACE = re.compile(r"(?P<model>[A-Za-z_]\w*):(?P<variant>[\w.+-]+)#(?P<format>openai|transformers|ct2|ggml)")
FORM = "converted:MODEL:VARIANT#FORMAT with the format openai, transformers, ct2 or ggml"
FILES = {"openai": "*.pt", "ggml": "*.bin"}  # of the formats that are one file
HOW = 1  # raised when the same weights are converted to other files
TIMEOUT_S = 1200.0


class Origin(NamedTuple):
    """Where the weights come from, as a `Source` is made of it."""

    places: tuple[str, ...]
    revision: str | None
    folder: Path
    sha256: dict[str, str]


def fault(place: str) -> str:
    """What is wrong with a place; '' for nothing."""
    return "" if PLACE.fullmatch(place) else f"converted:{place!r}, expected {FORM}"


def origin(place: str, folder: Path) -> Origin:
    """The places and pins of the variant that a place names, from its model's folder beside `folder`."""
    match = PLACE.fullmatch(place)
    if match is None:
        raise WeightsError(f"weights {fault(place)}")
    from modellab.system import yamltext

    theirs = folder.parent / match["model"]
    try:
        variant: Any = yamltext.parse(textfile.read(theirs / "config.yaml"))["variants"][match["variant"]]
        weights = variant["weights"]
    except (UnreadableError, YamlError, KeyError, TypeError) as error:
        raise WeightsError(f"weights converted:{place}: {theirs} has no variant {match['variant']}") from error
    if not isinstance(weights, str | list):
        raise WeightsError(
            f"weights converted:{place}: {match['variant']} has weights for each precision, expected one"
        )
    places = (weights,) if isinstance(weights, str) else tuple(weights)
    return Origin(places, variant.get("revision"), theirs, dict(variant.get("sha256", {})))


def home() -> Path:
    """The folder of the cache that holds what was converted."""
    return cache.home() / "converted"


def named(place: str, folder: Path) -> str:
    """What these weights are called, whether they are here or not: after their origin and the pins that stand there."""
    source = origin(place, folder)
    name, _, fmt = place.replace(":", "-").partition("#")
    key = json.dumps([source.places, source.revision, sorted(source.sha256.items()), fmt, HOW])
    return f"{name}-{fmt}@{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def locate(place: str, folder: Path, find: Callable[[Origin], Path | None], *, download: bool) -> Path:
    """The file or folder, from the cache; with `download` converted now from what `find` gives. Raises WeightsError."""
    source, fmt = origin(place, folder), place.partition("#")[2]
    kept = home() / named(place, folder)
    if download:
        if not cache.intact(kept):
            theirs = find(source)
            cache.once(kept, f"converted:{place}", lambda new: _convert(theirs, fmt, new, place), TIMEOUT_S)
    elif not cache.intact(kept):
        raise WeightsError(f"weights converted:{place} are not in the local cache")
    files = list(kept.glob(FILES[fmt])) if fmt in FILES else []
    return files[0] if files else kept


def _convert(theirs: Path | None, fmt: str, new: Path, place: str) -> None:
    if theirs is None:
        raise WeightsError(f"weights converted:{place} come in a package there, expected a checkpoint")
    variant = place.partition(":")[2].partition("#")[0]
    options = ["--to", fmt, "--into", str(new / "made"), "--named", variant]
    command = [sys.executable, "-m", "modellab.models.conversion", str(theirs), *options]
    try:
        done = process_group.run(command, TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"weights converted:{place} were not there after {TIMEOUT_S:g} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        raise WeightsError(f"weights converted:{place} could not be made: {last}")
    for path in (new / "made").iterdir():
        path.rename(new / path.name)
    (new / "made").rmdir()
