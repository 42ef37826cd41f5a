"""Places elsewhere by their scheme: a file on a web server, what pyarrow and fsspec reach, Hugging Face."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from modellab.datasets.importers import package_index
from modellab.errors import DatasetError, NotThereError
from modellab.system.masking import masked

TIMEOUT_S = 60.0
ARROW = ("s3", "gs", "gcs")  # which pyarrow reads without another package
ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>)]+", re.IGNORECASE)
LOCKED = (401, 403)  # what servers say to who may not have something


class Remote(Protocol):
    """A place elsewhere. `files` are names below it with size and tag, None for a place that is one file."""

    @property
    def revision(self) -> str: ...
    @property
    def name(self) -> str:
        """The name of the file, or of the tree."""

    @property
    def files(self) -> Mapping[str, tuple[int | None, str]] | None: ...

    @property
    def page(self) -> str:
        """Where a person asks for access; '' for nowhere."""

    def open(self, name: str) -> tuple[IO[bytes], int | None]:
        """A file below the place, or beside it where it is one file, and its size; DatasetError."""


def plain(address: str) -> str:
    """An address without query, fragment, user and password.

    >>> plain("https://me:pass@host.org/a.json?signature=1#x")
    'https://host.org/a.json'
    """
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def opened(address: str, revision: str) -> Remote:
    """The place that an address names; DatasetError for none."""
    scheme = urlsplit(address).scheme.lower()
    if scheme in ("http", "https"):
        return Web(address)
    if scheme == package_index.SCHEME:
        return Web(package_index.address(address, _page))
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
        raise DatasetError(f"{plain(address)} cannot be opened ({_first_line(fault)})") from None


def _page(address: str) -> str:
    """The text of a page of a package index; '' for one that is not there."""
    web = Web(address, look=False)
    try:
        answer, _ = web.open(web.name)
        with answer:
            return answer.read().decode("utf-8", "replace")
    except NotThereError:
        return ""


class Web:
    """A file on a web server, and those beside it."""

    files = None
    page = ""

    def __init__(self, address: str, *, look: bool = True) -> None:
        self.address, self.revision = address, ""
        self.name = Path(unquote(urlsplit(address).path)).name or "index"
        named, is_login, _ = urlsplit(address).netloc.rpartition("@")
        self._login = base64.b64encode(unquote(named).encode()).decode() if is_login else ""
        if not look:
            return
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

        parts = urlsplit(address)
        bare = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        request = Request(bare, method=method)  # noqa: S310 - http and https alone
        if self._login:  # for this server, not for where it redirects to
            request.add_unredirected_header("Authorization", f"Basic {self._login}")
        try:
            answer = urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
        except HTTPError as fault:
            if method == "HEAD" and fault.code in (403, 405, 501):  # a signed address may be for GET alone
                return self._answer(address, "GET")
            hint = "; it is for those alone who were given access" if fault.code in LOCKED else ""
            kind = NotThereError if fault.code == HTTPStatus.NOT_FOUND else DatasetError
            raise kind(f"{plain(address)}: the server says {fault.code} {fault.reason}{hint}") from None
        except (URLError, HTTPException, OSError) as fault:
            raise DatasetError(f"{plain(address)} cannot be reached ({getattr(fault, 'reason', fault)})") from None
        length = answer.headers.get("Content-Length")
        return answer, int(length) if length and length.isdigit() else None


class Tree:
    """A file or folder of one of fsspec's file systems."""

    def __init__(self, system: Any, root: str, revision: str = "", page: str = "") -> None:
        self.system, self.root, self.page = system, root.rstrip("/"), page
        self.name = PurePosixPath(self.root).name
        self.files: dict[str, tuple[int | None, str]] | None = None
        if not system.exists(self.root):
            raise DatasetError(f"{root}: there is nothing of this name")
        if not system.isfile(self.root):
            listing = system.find(self.root, detail=True)
            below = len(system._strip_protocol(self.root)) + 1
            self.files = {name[below:]: (facts.get("size"), _tag(facts)) for name, facts in sorted(listing.items())}
        facts = self.files if self.files is not None else _tag(system.info(self.root))
        self.revision = revision or f"listing:{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]}"

    def open(self, name: str) -> tuple[IO[bytes], int | None]:
        """A file below the folder, or beside the file."""
        base = self.root if self.files is not None else self.root.rpartition("/")[0]
        path = f"{base}/{name}"
        try:
            return self.system.open(path, "rb"), self.system.info(path).get("size")
        except (OSError, ValueError) as fault:
            raise unread(name, self, fault) from None


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
        return Tree(huggingface_hub.HfFileSystem(), root, str(commit), page)
    except GatedRepoError:
        raise DatasetError(gated(page)) from None
    except RevisionNotFoundError:
        raise DatasetError(f"{repository} has no revision {revision or branch!r}") from None
    except RepositoryNotFoundError:
        raise DatasetError(f"there is no data set {repository} at Hugging Face, or HF_TOKEN may not see it") from None
    except (HfHubHTTPError, huggingface_hub.errors.OfflineModeIsEnabled, OSError) as fault:
        raise DatasetError(f"{page} cannot be reached ({_first_line(fault)})") from None


def gated(page: str) -> str:
    """What to do about a data set of Hugging Face that is not for everybody."""
    return f"{page} is gated: accept its terms there, make a token at huggingface.co/settings/tokens and set HF_TOKEN"


def unread(name: str, remote: Remote, fault: Exception) -> DatasetError:
    """The sentence for a file that could not be fetched."""
    status = getattr(getattr(fault, "response", None), "status_code", 0)
    if status in LOCKED and remote.page:
        return DatasetError(f"{name}: {gated(remote.page)}")
    return DatasetError(f"{name} could not be fetched ({_first_line(fault)}); try again")


def _first_line(fault: Exception) -> str:
    """The first line of what a library says, without the signatures and passwords of addresses in it."""
    first = (str(fault).splitlines() or [""])[0] or type(fault).__name__
    return masked(ADDRESS.sub(lambda match: plain(match[0]), first))[:200]
