"""The pinned release: the accepted results that every case is also held against, and which accepted files are in use.

    baselines/anchor/<task>/<dataset>/...        laid out like `baselines/`, written only by `modellab baselines pin`

Each change may be small enough to be accepted and all of them together a loss: so every case is also held against the
last release. A pinned file is a copy whose header says why and when it was pinned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from modellab.errors import BaselineError
from modellab.results import baselines
from modellab.types import CaseId


def pinned_root(root: Path) -> Path:
    """Where the pinned release of the accepted results under `root` lies; it is read like them."""
    return root / baselines.PINNED


def files(root: Path, key: CaseId) -> list[Path]:
    """The files of a case that exist: quality first, then one for each machine class."""
    paths = [baselines.resources_path(root, key, machine) for machine in baselines.other_machines(root, key)]
    return [path for path in (baselines.quality_path(root, key), *paths) if path.is_file()]


def pin(root: Path, keys: Iterable[CaseId], reason: str, date: str) -> list[Path]:
    """Pin the accepted results of these cases; the paths written. What is pinned of other cases stays.

    In the header `reason` and `date` become the pin's; those of the acceptance stay as `accepted_reason` and
    `accepted_date`. Speed of a machine class that has no baseline any more is unpinned.
    """
    pinned, listed = pinned_root(root), list(keys)
    for key in listed:  # nothing is pinned of a tree with a damaged file
        baselines.load(root, key)
        for machine in baselines.other_machines(root, key):
            baselines.load_resources(root, key, machine)
    written: list[Path] = []
    for key in listed:
        copies = {path: pinned / path.relative_to(root) for path in files(root, key)}
        for path, copy in copies.items():
            baselines.copy(path, copy, reason, date)
        for path in set(files(pinned, key)) - set(copies.values()) if copies else ():
            path.unlink()
        written += copies.values()
    return written


@dataclass(frozen=True, slots=True)
class Holding:
    """What is accepted of one case. `problem` is a sentence where its file cannot be read."""

    key: CaseId
    date: str
    commit: str
    reason: str
    machines: tuple[str, ...]
    pinned_on: str  # the date of its pin, '' without one
    problem: str = ""


def holdings(root: Path, keys: Iterable[CaseId]) -> Iterator[Holding]:
    """What is accepted of each of these cases; nothing of a case without a file."""
    known = {of for path in _all(root) for of in _possible(path)}
    for key in keys:
        if baselines.quality_path(root, key) in known and files(root, key):
            try:
                yield _holding(root, key)
            except BaselineError as error:
                yield Holding(key, "", "", "", (), "", str(error))


def _holding(root: Path, key: CaseId) -> Holding:
    machines = tuple(baselines.other_machines(root, key))
    stored = baselines.load(root, key) or baselines.load_resources(root, key, machines[0])
    pinned = baselines.load(pinned_root(root), key)
    header = stored.header if stored else {}
    date, commit, reason = (header.get(name, "") for name in ("date", "commit", "reason"))
    return Holding(key, date, commit, reason, machines, pinned.header.get("date", "") if pinned else "")


def unused(root: Path, keys: Iterable[CaseId], broken: Collection[str] = ()) -> list[Path]:
    """The accepted and pinned files that belong to none of these cases, nor to these models and datasets."""
    listed = list(keys)
    places = (root, pinned_root(root))
    used = {baselines.quality_path(place, key) for place in places for key in listed}
    there = {path for place in places for path in _all(place) if used.isdisjoint(_possible(path))}
    unknown = {path for path in there if path.parent.name in broken or path.name.partition("-")[0] in broken}
    return sorted(there - unknown)


def _all(root: Path) -> Iterator[Path]:
    """Every accepted file; three folders deep, since what is pinned lies four below `root`."""
    return (path for path in root.glob("*/*/*.json") if not path.name.startswith("."))


def _possible(path: Path) -> Iterator[Path]:
    """The file of accepted quality that a file is, or may stand beside: a machine class has dots in its name, too."""
    yield path
    parts = path.name.removesuffix(".json").split(".")
    for count in range(1, len(parts)):
        yield path.with_name(".".join(parts[:count]) + ".json")
