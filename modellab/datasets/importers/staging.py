"""A folder in which something is made, before it gets its name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def staged(folder: Path, what: str) -> Iterator[Path]:
    """A hidden folder beside the new one, gone again unless it was renamed, with the empty folders made for it."""
    staging = folder.parent / f".{folder.name}.{what}"
    made = [parent for parent in folder.parents if not parent.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        with suppress(OSError):  # something is in it
            for parent in made:
                parent.rmdir()
