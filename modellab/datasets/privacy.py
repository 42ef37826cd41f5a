"""Datasets that say `privacy: hashes`: names become keyed hashes when their rows are loaded, before anything sees them.

What leaves the machine (baselines, MLflow, reports, pages, messages) then has hashes where ids, speakers, recordings
and groups would stand, and of an output a hash, too. They are BLAKE2b with the project's secret as its key: who does
not have it cannot try out a dictionary, and the same name gives the same hash in each run, so that the gate pairs
utterances as ever. Texts and paths stay in the rows, for the model and its score; who shows results leaves them out
(`modellab/results/withheld.py`).

The secret is 32 random bytes in `.modellab/private.key`, made when it is first needed, readable by its owner alone and
kept out of git; `MODELLAB_PRIVATE_KEY` (64 hexadecimal digits) goes before it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab import text
from modellab.errors import ConfigError
from modellab.types import Row

HASHES = "hashes"  # what a header says under `privacy`
VARIABLE = "MODELLAB_PRIVATE_KEY"
FOLDER, FILE = ".modellab", "private.key"
KEY_BYTES = 32
HASH_BYTES = 8  # of a name: two of a million are the same once in ten million datasets
NAMES = ("speaker", "recording", "session", "condition", "voice")  # keys of a row that name somebody or something
MEANT = {"robustness": ("condition",), "tts": ("voice",)}  # those that a task computes with: they stay
ROOT = ("pyproject.toml", ".git")  # mark the folder of a project


@dataclass(frozen=True, slots=True)
class Key:
    """The secret of a project. It shows itself nowhere."""

    secret: bytes

    def __repr__(self) -> str:
        return f"Key({self.fingerprint})"

    @property
    def fingerprint(self) -> str:
        """Eight digits by which two secrets are told apart, and from which none can be had."""
        return self.hash("fingerprint", "")[:8]

    def hash(self, kind: str, name: str) -> str:
        """A name of some kind as 16 hexadecimal digits."""
        message = f"{kind}\0{name}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(message, digest_size=HASH_BYTES, key=self.secret).hexdigest()

    def row(self, row: Row, task: str = "") -> Row:
        """A row whose names are hashes; what a model hears and is held to is as it was."""
        stay = MEANT.get(task, ())
        named: dict[str, Any] = {
            key: self.hash(key, str(row[key])) for key in NAMES if row.get(key) and key not in stay
        }
        if isinstance(row.get("group"), Mapping):
            named["group"] = {name: self.hash(f"group {name}", str(value)) for name, value in row["group"].items()}
        return {**row, **named, "id": self.hash("id", str(row["id"]))}


Remember = Callable[[Any], Any]  # an output as a baseline keeps it


def remembering(remember: Remember, key: Key | None, normaliser: str, language: str) -> Remember:
    """What a baseline keeps of an output of a dataset: what its task remembers, of a private one a keyed hash.

    Of words it is that of the normalised ones, since nobody can see what else changed.
    """
    if key is None:
        return remember
    plain = text.get(normaliser).for_language("" if language == "mul" else language)

    def hashed(output: Any) -> Any:
        kept = remember(output)
        if kept is None:
            return None
        return key.hash("output", plain(kept) if isinstance(kept, str) else json.dumps(kept, sort_keys=True))

    return hashed


def key(folder: Path) -> Key:
    """The secret of the project that a dataset's folder lies in; made where there is none."""
    if given := os.environ.get(VARIABLE, ""):
        if not re.fullmatch(f"[0-9a-fA-F]{{{2 * KEY_BYTES}}}", given):
            raise ConfigError(f"{VARIABLE} has {len(given)} characters, expected {2 * KEY_BYTES} hexadecimal digits")
        return Key(bytes.fromhex(given))
    folder = folder.absolute()
    for above in folder.parents:
        if (file := above / FOLDER / FILE).exists():
            return _read(file)
    root = next((above for above in folder.parents if any((above / name).exists() for name in ROOT)), None)
    return _made((root or folder.parent.parent) / FOLDER / FILE)


def _read(file: Path) -> Key:
    try:
        secret = bytes.fromhex(file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as fault:
        raise ConfigError(f"{file} cannot be read as the project's secret ({type(fault).__name__})") from None
    if len(secret) != KEY_BYTES:
        raise ConfigError(f"{file} has {len(secret)} bytes, expected {KEY_BYTES} as {2 * KEY_BYTES} hexadecimal digits")
    return Key(secret)


def _made(file: Path) -> Key:
    """A new secret, written at once: of two processes that make one, both have the first."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    (file.parent / ".gitignore").write_text("*\n", encoding="ascii")
    draft = file.with_name(f".{FILE}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(f"{secrets.token_hex(KEY_BYTES)}\n")
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
    return _read(file)
