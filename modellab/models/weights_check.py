"""Whether weights on this disk are whole: a copy or download that stopped half-way names what is missing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from modellab.errors import WeightsError

TENSORS = frozenset({".bin", ".ckpt", ".gguf", ".npz", ".onnx", ".pt", ".pth", ".safetensors"})
INDEX = ".index.json"  # ends the name of the file that lists the parts of a checkpoint
LFS = b"version https://git-lfs"


def check(path: Path | None, files: Sequence[str] = ()) -> None:
    """WeightsError for the first fault of a file or folder of weights; None has none.

    `files` are patterns of what a folder has to hold; `a|b` means one of them.
    """
    if path is not None and (fault := next(_faults(path, files), "")):
        raise WeightsError(f"{fault}; was it downloaded or copied to the end?")


def _faults(path: Path, files: Iterable[str]) -> Iterator[str]:
    if path.is_dir():
        held = [entry for entry in path.iterdir() if entry.suffix != ".incomplete"]
        for wanted in files:
            if not any(entry.match(pattern) for pattern in wanted.split("|") for entry in held):
                yield f"{path} has no {' or '.join(wanted.split('|'))}"
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        yield from _faults_of_file(file)


def _faults_of_file(file: Path) -> Iterator[str]:
    if not file.exists():
        yield f"{file} is a link to nothing"
    elif file.is_file() and file.suffix in TENSORS:
        if not file.stat().st_size:
            yield f"{file} is empty"
        with file.open("rb") as start:
            if start.read(len(LFS)) == LFS:
                yield f"{file} is a Git LFS pointer and not the file: git lfs pull"
    elif file.name.endswith(INDEX):
        try:
            parts = set(json.loads(file.read_text(encoding="utf-8"))["weight_map"].values())
        except (ValueError, KeyError, AttributeError):
            yield f"{file} is no list of parts"
            return
        yield from (f"{file.parent} has no {part}" for part in sorted(parts) if not (file.parent / part).exists())
