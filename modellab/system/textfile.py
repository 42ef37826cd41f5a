"""Open a text file, or say in one sentence why that is not possible."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from modellab.errors import ConfigError, UnreadableError

MOST_BYTES = 512 * 2**20  # a manifest of a million cases has half of that


def expanded(place: str, what: str) -> Path:
    """A path with `~` and `~name` put in; ConfigError, with `what` names it, for a user whom nobody knows."""
    try:
        return Path(place).expanduser()
    except RuntimeError:
        raise ConfigError(f"{what} is {place!r}: there is no such user, and so no home folder") from None


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """A file of UTF-8, with or without a byte order mark, and with any line ends; UnreadableError for anything else."""
    try:
        if "\0" in str(path):
            raise UnreadableError("its name holds a NUL character")
        if path.exists() and not path.is_file():
            raise UnreadableError(f"it is a {'folder' if path.is_dir() else 'device or pipe'}, expected a file")
        if path.exists() and (size := path.stat().st_size) > MOST_BYTES:
            raise UnreadableError(f"it has {size:,} bytes, expected at most {MOST_BYTES:,}: is it really text?")
        with path.open(encoding="utf-8-sig") as lines:
            yield lines
    except FileNotFoundError:
        broken = path.is_symlink()
        raise UnreadableError("it is a link to a file that is not there" if broken else "no such file") from None
    except UnicodeDecodeError as fault:
        raise UnreadableError(f"not UTF-8 text ({fault.reason} at byte {fault.start})") from None
    except OSError as fault:
        raise UnreadableError(f"it cannot be read ({fault.strerror or fault})") from None


def hashed(path: Path) -> bytes:
    """What a text file's hash is made of: its bytes, with the line ends of Linux whatever this checkout has."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def digest(path: Path, *, is_text: bool) -> str:
    """The SHA-256 of what a file holds, of a text as `hashed` has it; any other file takes no memory for it."""
    if is_text:
        return hashlib.sha256(hashed(path)).hexdigest()
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def read(path: Path) -> str:
    """The whole text; UnreadableError as of `opened`."""
    with opened(path) as lines:
        return lines.read()
