"""Sources elsewhere: `https://`, `hf://datasets/...`, `s3://`, `gs://`, what fsspec knows; fetched into the cache.

    https://   one file, and the audio that it names relative to itself
    others     a file with the audio that it names, or a tree: all of it, or what `--only` names; of a Hugging Face
               data set with Parquet only the files of the configuration and split

A file gets its name when all of it is there: half a download is never seen. What was fetched stays in the cache under
the revision that it has: the commit of Hugging Face, else the tags and sizes of the listing. Credentials come from the
environment, as the libraries read them; queries and user names of an address are never written down.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple, Protocol
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from modellab.datasets import importers
from modellab.datasets.importers import splits
from modellab.datasets.importers.formats import huggingface
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Options, Record
from modellab.datasets.importers.wishes import Wish
from modellab.errors import DatasetError
from modellab.system import cache

SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
TIMEOUT_S = 60.0
ARROW = ("s3", "gs", "gcs")  # which pyarrow reads without another package
COLUMNAR = (".parquet", ".arrow")
UNTAGGED = "unknown"
NOTHING = Wish()


class Fetched(NamedTuple):
    """What was fetched: where it lies, its address without credentials, and which revision of it that is."""

    path: Path
    source: str
    revision: str


class Remote(Protocol):
    """A place elsewhere. `files` are names below it with size and tag, None for a place that is one file."""

    @property
    def revision(self) -> str: ...
    @property
    def name(self) -> str:
        """The name of the file, or of the tree."""

    @property
    def files(self) -> Mapping[str, tuple[int | None, str]] | None: ...

    def open(self, name: str) -> tuple[IO[bytes], int | None]:
        """A file below the place, or beside it where it is one file, and its size; DatasetError."""


def is_remote(place: str) -> bool:
    """Whether an address names its scheme.

    >>> is_remote("s3://bucket/a"), is_remote("C:/data"), is_remote("data")
    (True, False, False)
    """
    return bool(SCHEME.match(place))


def plain(address: str) -> str:
    """An address without query, fragment, user and password.

    >>> plain("https://me:pass@host.org/a.json?signature=1#x")
    'https://host.org/a.json'
    """
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def fetched(address: str, options: Options, wish: Wish = NOTHING) -> Fetched:
    """Fetch what an address names; DatasetError for what is not there or did not come whole."""
    remote = _opened(address, wish.revision)
    source = plain(address)
    tag = remote.revision or UNTAGGED
    home = cache.home() / "sources" / hashlib.sha256(json.dumps([source, tag]).encode()).hexdigest()[:24]
    if remote.revision == "":
        shutil.rmtree(home, ignore_errors=True)  # nobody knows whether it changed
    if remote.files is None:
        path = home / remote.name
        _get(remote, remote.name, path)
        for name in _named(path, home, beside(path, options), wish.form):
            _get(remote, name, home / name, optional=True)
        return Fetched(path, source, remote.revision)
    for name in _needed(remote, home, options, wish.only):
        _get(remote, name, home / name, size=remote.files[name][0])
    return Fetched(home, source, remote.revision)


def beside(file: Path, options: Options) -> Options:
    """The options for a fetched file: what it names relative to itself came with it, and lies in no folder above."""
    return replace(options, root=options.root or file.parent)


def cached_with(fetched: Path) -> Path:
    """The folder of the cache that holds everything that was fetched with a file or tree."""
    sources = cache.home() / "sources"
    return sources / fetched.relative_to(sources).parts[0]


def _get(remote: Remote, name: str, path: Path, *, size: int | None = None, optional: bool = False) -> None:
    """Fetch one file, unless it is there; an `optional` one that is not there is told where its row is read."""
    if path.is_file() and size in (None, path.stat().st_size):
        return
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        given, stated = remote.open(name)
    except DatasetError:
        if optional:
            return
        raise
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with given, part.open("wb") as out:
            shutil.copyfileobj(given, out, 1 << 20)
        came, wanted = part.stat().st_size, size if size is not None else stated
        if wanted is not None and came != wanted:
            raise DatasetError(f"{name}: {came:,} of {wanted:,} bytes came; the connection broke off, try again")
        part.replace(path)
    except OSError as fault:
        raise DatasetError(f"{name} could not be fetched ({fault}); try again") from None
    finally:
        part.unlink(missing_ok=True)


def _named(path: Path, home: Path, options: Options, form: str) -> Iterator[str]:
    """The audio that a manifest names below its own folder, and that is not there yet."""
    place = Place(path)
    names = dict.fromkeys(
        str(item.sound.file.relative_to(home))
        for item in importers.read(importers.chosen(place, form).format, place, options)
        if isinstance(item, Record) and item.sound and item.sound.data is None and _is_below(item.sound.file, home)
    )
    yield from (name for name in names if not (home / name).is_file())


def _is_below(file: Path, home: Path) -> bool:
    return Path(os.path.normpath(file)).is_relative_to(home) and ".." not in file.parts


def _needed(remote: Remote, home: Path, options: Options, only: Sequence[str]) -> list[str]:
    """The files of a tree that are wanted."""
    names = [name for name in remote.files or {} if not any(part.startswith(".") for part in PurePosixPath(name).parts)]
    if only:
        return [name for name in names if any(fnmatch(name, pattern) for pattern in (*only, "README.md"))]
    tables = [name for name in names if name.endswith(COLUMNAR)]
    if not tables:
        return names
    heads = [name for name in names if name == "README.md"]
    for name in heads:
        _get(remote, name, home / name)
    files = [home / name for name in tables]
    by_split = huggingface.declared(Place(home), files, options) or splits.by_name(home, files)
    split, _ = splits.chosen(by_split, options.split)
    return [*heads, *(file.relative_to(home).as_posix() for file in by_split[split])]


# ---------------------------------------------------------------------------- kinds of places


def _opened(address: str, revision: str) -> Remote:
    scheme = urlsplit(address).scheme.lower()
    if scheme in ("http", "https"):
        return Web(address)
    try:
        if scheme == "hf":
            return _hub(address, revision)
        if scheme in ARROW:
            return _arrow(address)
        from fsspec.core import url_to_fs

        return Tree(*url_to_fs(address))
    except ImportError as fault:
        raise DatasetError(f"{plain(address)} needs the package {fault.name}, which is not installed") from None
    except (OSError, ValueError) as fault:
        raise DatasetError(f"{plain(address)} cannot be opened ({fault})") from None


class Web:
    """A file on a web server, and those beside it."""

    files = None

    def __init__(self, address: str) -> None:
        self.address = address
        self.name = Path(unquote(urlsplit(address).path)).name or "index"
        answer, _ = self._answer(address, "HEAD")
        with answer:
            headers = getattr(answer, "headers", {})
            self.revision = str(headers.get("ETag") or headers.get("Last-Modified") or "").strip('"')

    def open(self, name: str) -> tuple[IO[bytes], int | None]:
        """The file itself, or one whose name counts from its folder; the query of the address is its own alone."""
        return self._answer(self.address if name == self.name else urljoin(plain(self.address), quote(name)), "GET")

    def _answer(self, address: str, method: str) -> tuple[IO[bytes], int | None]:
        from http.client import HTTPException
        from urllib.error import HTTPError, URLError
        from urllib.request import Request, urlopen

        try:
            answer = urlopen(Request(address, method=method), timeout=TIMEOUT_S)  # noqa: S310 - http and https alone
        except HTTPError as fault:
            if method == "HEAD" and fault.code in (403, 405, 501):  # a signed address may be for GET alone
                return self._answer(address, "GET")
            raise DatasetError(f"{plain(address)}: the server says {fault.code} {fault.reason}") from None
        except (URLError, HTTPException, OSError) as fault:
            raise DatasetError(f"{plain(address)} cannot be reached ({getattr(fault, 'reason', fault)})") from None
        length = answer.headers.get("Content-Length")
        return answer, int(length) if length and length.isdigit() else None


class Tree:
    """A file or folder of one of fsspec's file systems."""

    def __init__(self, system: Any, root: str, revision: str = "") -> None:
        self.system, self.root = system, root.rstrip("/")
        self.name = PurePosixPath(self.root).name
        self.files: dict[str, tuple[int | None, str]] | None = None
        if not system.exists(self.root):
            raise DatasetError(f"{root}: there is nothing of this name")
        if not system.isfile(self.root):
            found = system.find(self.root, detail=True)
            below = len(system._strip_protocol(self.root)) + 1
            self.files = {name[below:]: (facts.get("size"), _tag(facts)) for name, facts in sorted(found.items())}
        facts = self.files if self.files is not None else _tag(system.info(self.root))
        self.revision = revision or f"listing:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"

    def open(self, name: str) -> tuple[IO[bytes], int | None]:
        """A file below the folder, or beside the file."""
        base = self.root if self.files is not None else self.root.rpartition("/")[0]
        path = f"{base}/{name}"
        try:
            return self.system.open(path, "rb"), self.system.info(path).get("size")
        except (OSError, ValueError) as fault:
            raise DatasetError(f"{name} could not be opened ({fault or type(fault).__name__})") from None


def _tag(facts: Mapping[str, Any]) -> str:
    """What changes with the content of a file."""
    known = (facts.get(key) for key in ("etag", "ETag", "md5Hash", "mtime", "LastModified", "created", "size"))
    return next((str(value) for value in known if value is not None), "")


def _arrow(address: str) -> Tree:
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow.fs import FileSystem

    system, root = FileSystem.from_uri(address.replace("gcs://", "gs://", 1))
    return Tree(ArrowFSWrapper(system), root)


def _hub(address: str, revision: str) -> Tree:
    """A data set of Hugging Face at the commit that its branch has now."""
    import huggingface_hub
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    parts = address.removeprefix("hf://").removeprefix("datasets/").strip("/").split("/")
    if len(parts) < 2:
        raise DatasetError(f"{address}: expected hf://datasets/OWNER/NAME")
    name, _, branch = parts[1].partition("@")
    repository, below = f"{parts[0]}/{name}", "/".join(parts[2:])
    page = f"https://huggingface.co/datasets/{repository}"
    try:
        commit = huggingface_hub.HfApi().dataset_info(repository, revision=revision or unquote(branch) or None).sha
        root = f"datasets/{repository}@{commit}" + (f"/{below}" if below else "")
        return Tree(huggingface_hub.HfFileSystem(), root, str(commit))
    except GatedRepoError:
        raise DatasetError(f"{repository} is gated: accept its terms on {page} and set HF_TOKEN") from None
    except RevisionNotFoundError:
        raise DatasetError(f"{repository} has no revision {revision or branch!r}") from None
    except RepositoryNotFoundError:
        raise DatasetError(f"there is no data set {repository} at Hugging Face, or HF_TOKEN may not see it") from None
    except (HfHubHTTPError, huggingface_hub.errors.OfflineModeIsEnabled, OSError) as fault:
        raise DatasetError(f"{page} cannot be reached ({str(fault).splitlines()[0][:120]})") from None
