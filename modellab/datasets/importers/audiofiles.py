"""Which file a source means by the name of its audio."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from modellab.datasets.importers.places import deeply, is_audio

UP = 6  # folders above a manifest in which its relative paths may begin
PLACEHOLDER = re.compile(r"^(\{[^{}/]*\}|\$\{?\w+\}?)[/\\]+")  # {data_root}/a.wav, $data_folder/a.wav
DRIVE = re.compile(r"^[A-Za-z]:[\\/]")
LONGEST = 4096


class Finder:
    """Finds the files that one manifest names.

    A relative path begins at `root` where a person said so, else at the manifest's folder or one above it: manifests
    are often written from the folder that a recipe ran in.
    """

    def __init__(self, home: Path, root: Path | None = None) -> None:
        self.bases = [root.absolute()] if root else [home, *home.parents[:UP]]
        self._last = ("", home)  # the rows of one recording often come together

    def find(self, name: str) -> Path:
        """The file; where there is none, where it was looked for first."""
        if name != self._last[0]:
            self._last = (name, self._located(name))
        return self._last[1]

    def _located(self, name: str) -> Path:
        given = Path(plain(name))
        if given.is_absolute():
            return given
        for i, base in enumerate(self.bases):
            if is_there(base / given):
                if i:
                    self.bases.insert(0, self.bases.pop(i))  # the next one will be there, too
                return base / given
        return self.bases[0] / given


def plain(name: str) -> str:
    r"""A path as it is written here: without a placeholder, with the slashes of this system.

    >>> plain("{data_root}/a.wav"), plain(r"clips\a.wav"), plain("file:///data/a.wav"), plain("./a.wav")
    ('a.wav', 'clips/a.wav', '/data/a.wav', './a.wav')
    """
    name = PLACEHOLDER.sub("", name.strip()).removeprefix("file://")
    if "\\" in name and ("/" not in name or DRIVE.match(name)):
        name = name.replace("\\", "/")
    return name


def is_there(file: Path) -> bool:
    """Whether there is a file of this name, whatever the name is."""
    try:
        return len(str(file)) <= LONGEST and file.is_file()
    except (OSError, ValueError):
        return False


class ByName:
    """The audio files below a folder by the name without suffix; looked at once, when first asked."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self.folders = list(dict.fromkeys(folders))
        self._by_name: dict[str, Path] | None = None

    def find(self, *names: str) -> Path | None:
        """The file called by any of the names, with or without its suffix."""
        for name in names:
            if is_audio(name) and (file := self._all().get(Path(name).stem)):
                return file
            if file := self._all().get(name):
                return file
        return None

    def _all(self) -> dict[str, Path]:
        if self._by_name is None:
            self._by_name = {}
            for folder in self.folders:
                for file in deeply(folder):
                    if is_audio(file.name):
                        self._by_name.setdefault(file.stem, file)
        return self._by_name


def missing(names: str, folder: Path) -> str:
    """The sentence for a recording whose audio is not there."""
    return f"no audio file is called {names}.* below {folder}; say with --root where the recordings are"


Find = Callable[[str], Path | None]
