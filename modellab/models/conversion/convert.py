"""Read one format and write another: the folder is written whole or not at all."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from modellab.errors import ConfigError, WeightsError
from modellab.models.conversion import ct2, ggml, openai, transformers
from modellab.models.conversion.checkpoint import LARGEST_FLOAT16, Whisper, need
from modellab.models.conversion.recognise import recognise
from modellab.models.embedded.formats import ct2 as to_ct2
from modellab.models.embedded.formats import ggml as to_ggml
from modellab.models.embedded.formats import openai as to_openai
from modellab.models.embedded.formats import transformers as to_transformers

FORMATS = ("openai", "transformers", "ct2", "ggml")
READ: dict[str, Callable[[Path], Whisper]] = {
    "openai": openai.read,
    "transformers": transformers.read,
    "ct2": ct2.read,
    "ggml": ggml.read,
}


def convert(source: Path, to: str, into: Path, name: str, check: Callable[[Path, Path], None] | None = None) -> Path:
    """Write `source` as format `to` into the folder `into`; returns what an engine is to load, a file or that folder.

    `name` is that of the file, where the format is one. `check` is given both checkpoints before the folder gets its
    name; whatever it raises, nothing stays. Raises ConfigError where there is nothing to do or the folder is not empty.
    """
    fmt, checkpoint = recognise(source)
    if fmt == to:
        raise ConfigError(f"{checkpoint} is a checkpoint for {to} already: nothing to convert")
    if into.exists() and not (into.is_dir() and not any(into.iterdir())):
        raise ConfigError(f"{into} is there already: name another folder with --into, or remove it")
    whisper = _read(fmt, checkpoint)
    new = into.with_name(f".{into.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        path = write(whisper, to, new, name)
        _check_written(whisper, _read(to, path), path)
        if check:
            check(checkpoint, path)
        new.rename(into)  # in place of an empty folder too
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return into / path.relative_to(new)


def read(source: Path) -> Whisper:
    """The checkpoint in a file or folder of any format."""
    return _read(*recognise(source))


def _read(fmt: str, path: Path) -> Whisper:
    try:
        return READ[fmt](path)
    except (ValueError, KeyError, IndexError, TypeError, OverflowError) as error:  # of damage that nobody looked for
        why = " ".join(str(error).split()) or type(error).__name__
        raise WeightsError(f"{path} cannot be read as a checkpoint for {fmt} ({why}): is it damaged?") from error


def write(whisper: Whisper, to: str, folder: Path, name: str) -> Path:
    """One format into an empty folder; what an engine is to load."""
    name = re.sub(r"[^\w.+-]+", "-", name) or "whisper"
    checkpoint, decoding = whisper.checkpoint, whisper.decoding
    match to:
        case "openai":
            need("torch", "whisper", "writing a checkpoint for openai-whisper")
            path = folder / f"{name}.pt"
            to_openai.write(checkpoint, path)
            _sidecar(whisper, path)
        case "ggml":
            _check_range(whisper)
            path = folder / f"ggml-{name}.bin"
            to_ggml.write(checkpoint, path, "f16", decoding.vocabulary)
            _sidecar(whisper, path)
        case "ct2":
            need("ctranslate2", "faster-whisper", "writing a checkpoint for CTranslate2")
            to_ct2.write(checkpoint, folder, decoding)
            path = folder
        case "transformers":
            need("safetensors", "transformers", "writing a checkpoint for transformers")
            to_transformers.write(checkpoint, folder, decoding)
            path = folder
        case _:
            raise ConfigError(f"unknown format {to!r}, expected one of {', '.join(FORMATS)}")
    return path


def _sidecar(whisper: Whisper, path: Path) -> None:
    """What a .pt and a ggml file have no room for, in a file beside it."""
    decoding = whisper.decoding
    told = {
        "alignment_heads": [list(pair) for pair in decoding.alignment_heads],
        "suppress_ids": list(decoding.suppress_ids),
        "suppress_ids_begin": list(decoding.suppress_ids_begin),
    }
    path.with_suffix(".json").write_text(json.dumps(told) + "\n", encoding="utf-8")


def _check_written(whisper: Whisper, written: Whisper, path: Path) -> None:
    """WeightsError where what was written holds other numbers; whisper.cpp's are rounded to float16."""
    for name, array in whisper.checkpoint.tensors.items():
        other = written.checkpoint.tensors[name]
        if not (np.array_equal(array, other) or np.array_equal(array.astype(np.float16), other)):
            raise WeightsError(f"{path} holds other numbers in {name} than were written: is the disk sound?")


def _check_range(whisper: Whisper) -> None:
    for name, array in whisper.checkpoint.tensors.items():
        if np.abs(array).max() > LARGEST_FLOAT16:
            raise WeightsError(f"{name} holds numbers beyond {LARGEST_FLOAT16:g}, which ggml's f16 cannot")
