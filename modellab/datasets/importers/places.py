"""A place to import from, as the detectors see it: a file or a folder, its names and the first bytes of its files."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from fnmatch import translate
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from modellab.datasets.importers import textfiles
from modellab.errors import DatasetError

LOOKED_AT = 20_000  # files of a folder that a detector sees
SEVERAL = 20  # lines of a file that a detector sees
FEW = 20  # files of a kind that are all looked at
HEAD = 1 << 16  # characters of a file that a detector sees
LONG_HEAD = 1 << 20
BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}|_OP_(\d+)\.\.(\d+)_CL_")
MOST_SHARDS = 1_000_000
AUDIO = frozenset({
    ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".aac", ".mp4", ".webm", ".mka", ".mkv", ".aif", ".aiff", ".aifc",
    ".au", ".snd", ".caf", ".w64", ".rf64", ".sph", ".nist", ".amr", ".wma", ".mov", ".oga", ".spx", ".ac3", ".wv",
})  # fmt: skip


def is_audio(name: str) -> bool:
    """Whether a file's name says that it holds sound."""
    return Path(name).suffix.lower() in AUDIO


class Peek(NamedTuple):
    """The beginning of a JSON file: `lines`, `array`, `object` (of one record) or `objects` by name, and its first."""

    kind: str
    first: dict[str, Any]


class Place:
    """A file or folder; what was looked at once is remembered."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._heads: dict[Path, str] = {}
        self._peeks: dict[Path, Peek | None] = {}

    @property
    def is_folder(self) -> bool:
        return self.path.is_dir()

    @property
    def folder(self) -> Path:
        """The folder itself, or the one that the file lies in."""
        return self.path if self.is_folder else self.path.parent

    @cached_property
    def files(self) -> tuple[Path, ...]:
        """The file, or the first thousands of the folder's files, those at the top first."""
        return tuple(islice(widely(self.path), LOOKED_AT)) if self.is_folder else (self.path,)

    @cached_property
    def near(self) -> tuple[Path, ...]:
        """The file, or all files right in the folder, however many."""
        return tuple(_inside(self.path)[0]) if self.is_folder else (self.path,)

    def called(self, *patterns: str, deep: bool = False) -> list[Path]:
        """The files whose name matches one of the patterns (`*.tsv`): of the place itself, with `deep` below it too."""
        fits = re.compile("|".join(translate(pattern.lower()) for pattern in patterns)).match
        return [file for file in (self.files if deep else self.near) if fits(file.name.lower())]

    def tables(self, *patterns: str, deep: bool = False) -> list[Path]:
        """The same without files that belong to a single audio file by their name, of which there may be a million."""
        files = self.called(*patterns, deep=deep)
        if len(files) > FEW:
            sounds = {(file.parent, file.stem) for file in (self.files if deep else self.near) if is_audio(file.name)}
            files = [file for file in files if (file.parent, file.stem) not in sounds]
        return files[:LOOKED_AT]

    def head(self, file: Path) -> str:
        """The beginning of a text file; '' where it holds no text."""
        if file not in self._heads:
            self._heads[file] = _beginning(file, HEAD)
        return self._heads[file]

    def first_line(self, file: Path) -> str:
        """The first line that is not blank."""
        return next(iter(self.first_lines(file)), "")

    def first_lines(self, file: Path) -> list[str]:
        """The first lines that are not blank: one of them may be damaged."""
        return list(islice((line for line in self.head(file).split("\n") if line.strip()), SEVERAL))

    def peek(self, file: Path) -> Peek | None:
        """The first record of a JSON file, one below the other or in a list; None for what is no JSON."""
        if file not in self._peeks:
            self._peeks[file] = _peeked(self.head(file)) or _peeked(_beginning(file, LONG_HEAD))
        return self._peeks[file]

    def keys(self, file: Path) -> frozenset[str]:
        """The keys of the first record of a JSON file."""
        peek = self.peek(file)
        return frozenset(peek.first) if peek else frozenset()


def expanded(pattern: str) -> list[str]:
    """The names that a pattern with a range stands for; it alone where there is none.

    >>> expanded("a-{08..10}.tar"), expanded("audio__OP_0..1_CL_.tar"), expanded("a.tar")
    (['a-08.tar', 'a-09.tar', 'a-10.tar'], ['audio_0.tar', 'audio_1.tar'], ['a.tar'])
    """
    if not (match := BRACES.search(pattern)):
        return [pattern]
    first, last = (match[1], match[2]) if match[1] is not None else (match[3], match[4])
    if len(last) > 12 or int(last) - int(first) > MOST_SHARDS:
        raise DatasetError(f"{pattern}: a range of {match[0]} has more than {MOST_SHARDS:,} names")
    width = len(first) if first.startswith("0") else 1
    names = (
        f"{pattern[: match.start()]}{i:0{width}d}{pattern[match.end() :]}" for i in range(int(first), int(last) + 1)
    )
    return [expansion for name in names for expansion in expanded(name)]


def widely(folder: Path) -> Iterator[Path]:
    """The files below a folder, those at the top first, by name; without hidden ones and links to folders."""
    waiting = deque([folder])
    while waiting:
        files, folders = _inside(waiting.popleft())
        yield from files
        waiting.extend(folders)


def deeply(folder: Path) -> Iterator[Path]:
    """The files below a folder, folder by folder, by name; without hidden ones."""
    files, folders = _inside(folder)
    yield from files
    for subfolder in folders:
        yield from deeply(subfolder)


def _inside(folder: Path) -> tuple[list[Path], list[Path]]:
    try:
        entries = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
        folders = [entry for entry in entries if entry.is_dir() and not entry.is_symlink()]
        inside = set(folders)
        return [entry for entry in entries if entry not in inside and entry.is_file()], folders
    except OSError as fault:
        raise DatasetError(f"{folder}: it cannot be read ({fault.strerror or fault})") from None


def _beginning(file: Path, characters: int) -> str:
    try:
        with textfiles.opened(file) as lines:
            text = lines.read(characters)
    except (DatasetError, ValueError):
        return ""
    return "" if "\0" in text else text


def _peeked(head: str) -> Peek | None:
    return _whole_or_first(head) or _line(head)


def _line(head: str) -> Peek | None:
    """The first of some lines that is a record: those before it may be damaged."""
    records = (_decoded(line) for line in islice(head.split("\n"), SEVERAL) if line.startswith("{"))
    return next((Peek("lines", record) for record in records if isinstance(record, dict)), None)


def _whole_or_first(head: str) -> Peek | None:
    text = head.lstrip()
    decode = json.JSONDecoder().raw_decode
    try:
        if text.startswith("["):
            first = decode(text, _behind(text, 1))[0]
            return Peek("array", first) if isinstance(first, dict) else None
        if not text.startswith("{"):
            return None
        line, _, rest = text.partition("\n")
        whole = _decoded(line)
        if isinstance(whole, dict) and (not rest.strip() or rest.lstrip().startswith("{")):
            alone = _object(whole)
            return alone if alone.kind == "objects" and not rest.strip() else Peek("lines", whole)
        whole = _decoded(text)
        if isinstance(whole, dict):
            return _object(whole)
        _, at = decode(text, _behind(text, 1))  # a long file: its first key, its first value
        first = decode(text, _behind(text, text.index(":", at) + 1))[0]
        return Peek("objects", first) if isinstance(first, dict) else None
    except (ValueError, RecursionError):
        return None


def _object(whole: dict[str, Any]) -> Peek:
    values = list(whole.values())
    named = bool(values) and all(isinstance(value, dict) for value in values)
    return Peek("objects", values[0]) if named else Peek("object", whole)


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _behind(text: str, at: int) -> int:
    """Where the next thing begins that is no blank."""
    while at < len(text) and text[at].isspace():
        at += 1
    return at
