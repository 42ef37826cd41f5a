"""Which part of a source is meant: test, where nobody says something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from modellab.datasets.importers.records import Note
from modellab.errors import ConfigError, did_you_mean

SHARD = re.compile(r"^(?P<split>.+?)-\d{5}-of-\d{5}(-[0-9a-f]+)?\.(parquet|arrow)$")
LIKELY = ("test", "test.clean", "test-clean", "test_clean", "validated", "validation", "dev", "eval")


def chosen(names: Iterable[str], asked: str) -> tuple[str, Note | None]:
    """The split that was asked for, else test, else the only one; what was not taken is told.

    >>> chosen(["dev", "test"], "")[0]
    'test'
    """
    known = sorted(names)
    if asked:
        if asked not in known:
            raise ConfigError(f"there is no split {asked!r}: {did_you_mean(asked, known)}")
        return asked, None
    if len(known) == 1:
        return known[0], None
    likely = next((name for name in LIKELY if name in known), "")
    if not likely:
        raise ConfigError(f"say which split with --split: {', '.join(known) or 'none is there'}")
    return likely, Note(f"of the splits {', '.join(known)} the one called {likely} is taken; --split takes another")


def one(files: Sequence[Path], asked: str) -> tuple[Path | None, Note | None]:
    """The manifest that is meant among several, by a part of its name; None where there is none at all."""
    if not files:
        return None, None
    by_name = {file.name: file for file in files}
    fitting = [name for name in by_name if (asked or "test").lower() in name.lower()]
    if asked and not fitting:
        raise ConfigError(f"no manifest has {asked!r} in its name: {did_you_mean(asked, by_name)}")
    if len(by_name) == 1:
        return files[0], None
    if len(fitting) != 1:
        raise ConfigError(f"there are several manifests, name one or say which with --split: {', '.join(by_name)}")
    return by_name[fitting[0]], None if asked else Note(f"of {', '.join(by_name)} the file {fitting[0]} is taken")


def by_name(root: Path, files: Iterable[Path]) -> dict[str, list[Path]]:
    """The files of each split by what they are called: `test-00000-of-00003.parquet`, `test/0000.parquet`."""
    by_split: dict[str, list[Path]] = {}
    for file in files:
        shard = SHARD.match(file.name)
        folder = file.parent.name if file.parent != root and file.parent.name != "data" else ""
        split = shard["split"] if shard else (folder or file.stem)
        by_split.setdefault(folder if split == "data" and folder else split, []).append(file)
    return {split: sorted(taken) for split, taken in by_split.items()}
