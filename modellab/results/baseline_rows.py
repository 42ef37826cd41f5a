"""What a large baseline holds of each utterance, in a file of its own outside of git, found by what is in it.

    baselines/<task>/<dataset>/<case>.json           how many rows, their sums and their SHA-256: what git keeps
    baselines/<task>/<dataset>/.rows/<sha256>.gz     the rows, a line each; git does not see the folder
    $MODELLAB_CACHE/baseline-rows/<sha256>.gz        the same file once more, for another checkout of this machine

A row is a line as it stands in the file of a small baseline. Where no such file is at hand the baseline says so, with
what brings it back, and nothing is compared.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from modellab.system import cache
from modellab.types.spooled import Table
from modellab.types.utterances import MANY

MOST_IN_FILE = MANY  # utterances whose rows a person may still review in a diff: about 700 kB
FOLDER, SHARED = ".rows", "baseline-rows"
IGNORE = "*\n"  # the folder's .gitignore
LEVEL = 6
DIGITS = 6  # of sums


def write(folder: Path, utterances: Mapping[str, Any]) -> dict[str, Any]:
    """Write the rows beside the baselines of a folder; what their file says of them."""
    rows = folder / FOLDER
    rows.mkdir(parents=True, exist_ok=True)
    (rows / ".gitignore").write_text(IGNORE, encoding="utf-8")
    draft, content = rows / f".{os.getpid()}", hashlib.sha256()
    sums: dict[str, list[float]] = {}
    try:
        with draft.open("wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed:
            for id in sorted(utterances):
                line = f"{json.dumps(id)}: {json.dumps(utterances[id], sort_keys=True, ensure_ascii=False)}\n"
                data = line.encode("utf-8", "backslashreplace")
                content.update(data)
                packed.write(data)
                _add(sums, utterances[id])
        digest = content.hexdigest()
        os.replace(draft, rows / f"{digest}.gz")
    finally:
        draft.unlink(missing_ok=True)
    _share(rows / f"{digest}.gz")
    summed = {name: [round(part, DIGITS) for part in parts] for name, parts in sums.items()}
    return {"count": len(utterances), "sha256": digest, **({"sums": summed} if summed else {})}


def read(folder: Path, about: Mapping[str, Any]) -> Table[Any] | None:
    """The rows that a baseline's file speaks of, wherever they are; None where they are not at hand, or damaged."""
    digest = str(about["sha256"])
    for place in (folder / FOLDER, cache.home() / SHARED):
        content = hashlib.sha256()
        with suppress(OSError, EOFError, zlib.error, ValueError):
            rows = Table(_rows(place / f"{digest}.gz", content))
            if content.hexdigest() == digest:
                return rows
    return None


def missing(folder: Path, about: Mapping[str, Any]) -> str:
    """Why nothing can be compared with a baseline whose rows are not at hand, and what brings them back."""
    name = f"{about['sha256']}.gz"
    return (
        f"what its baseline holds of each of its {about['count']:,} utterances is not on this machine, so no change "
        f"can be told: copy {name} into {folder / FOLDER} or {cache.home() / SHARED} from where it was accepted"
    )


def _rows(file: Path, content: Any) -> Iterator[tuple[str, Any]]:
    """Name and value of each line; `content` hashes them on the way."""
    with gzip.open(file, "rb") as lines:
        for line in lines:
            content.update(line)
            ((name, value),) = json.loads(b"{" + line + b"}").items()
            yield name, value


def _add(sums: dict[str, list[float]], utterance: Any) -> None:
    """The counts of an utterance, added to those of the others."""
    for name, numbers in (utterance.get("shares", {}) if isinstance(utterance, Mapping) else {}).items():
        held = sums.setdefault(name, [0.0] * len(numbers))
        for i, part in enumerate(numbers[: len(held)]):
            held[i] += part if isinstance(part, int | float) else 0.0


def _share(file: Path) -> None:
    """The same file in the cache of this machine, if there is room for it."""
    target = cache.home() / SHARED / file.name
    with suppress(OSError):
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            draft = target.with_name(f".{file.name}.{os.getpid()}")
            try:
                try:
                    os.link(file, draft)
                except OSError:
                    shutil.copyfile(file, draft)
                os.replace(draft, target)
            finally:
                draft.unlink(missing_ok=True)
