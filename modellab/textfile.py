"""Open a text file, or say in one sentence why that is not possible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from modellab.errors import ConfigError


class UnreadableError(ValueError):
    """Why a file gives no text."""


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


def read(path: Path) -> str:
    """The whole text; UnreadableError as of `opened`."""
    with opened(path) as lines:
        return lines.read()
