"""Source packages of a Python package index: `sdist://NAME==VERSION`, fetched as a file and nothing else.

pip cannot download a source package without running its build. So the index is asked as pip would ask it: the links,
the index and the further indexes of the user's own settings (pip's, and uv's variables), one after the other; the
first that has the file of this version gives its address. What is fetched is an archive of files to read.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit
from urllib.request import url2pathname

from modellab.errors import DatasetError
from modellab.system import pip
from modellab.system.masking import masked

SCHEME = "sdist"
WANTED = re.compile(r"sdist://(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.!+-]+)")
SUFFIXES = (".tar.gz", ".zip", ".tar.bz2")
OWN_INDEX = re.compile(r"Python Package Index \(default (\S+)\)")  # in what pip says of --index-url
WIDE = {"COLUMNS": "1000"}  # so that pip breaks no line of it
TIMEOUT_S = 60.0

Read = Callable[
    [str], str
]  # the text of a page by its address, '' where there is none; DatasetError where nobody answers


def address(wanted: str, read: Read) -> str:
    """Where the archive of `sdist://NAME==VERSION` lies, by the user's settings; DatasetError where nowhere."""
    match = WANTED.fullmatch(wanted)
    if match is None:
        raise DatasetError(f"{wanted}: expected sdist://NAME==VERSION")
    asked = settings()
    silent = []
    for page in pages(asked, match["name"]):
        try:
            links = list(_links(page, read))
        except DatasetError as fault:
            silent.append(str(fault))
            continue
        for link in links:
            if is_of(Path(unquote(urlsplit(link).path)).name, match["name"], match["version"]):
                return link
    places = masked(", ".join(dict.fromkeys(pages(asked, "")))) or "no index"
    why = f" ({'; '.join(silent)})" if silent else ""
    raise DatasetError(f"{match['name']} {match['version']}: no source package was found at {places}{why}")


def settings() -> Mapping[str, str]:
    """What pip was told, by the last part of each setting's name; a variable counts more than a file.

    Where nobody names an index it is pip's own, as its help says.
    """
    if not (started := pip.command()):
        raise DatasetError("source packages are looked for with pip's settings, which this Python has not: install pip")
    options = parsed(_told(started, "config", "list"))
    if "index-url" not in options and (own := OWN_INDEX.search(_told(started, "download", "--help"))):
        options["index-url"] = own[1]
    return options


def _told(started: Sequence[str], *asked: str) -> str:
    """What pip prints; DatasetError where it takes too long."""
    command = [*started, *asked, "--disable-pip-version-check"]
    environment = {**pip.environment(os.environ), **WIDE}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_S, env=environment)
    except subprocess.TimeoutExpired as fault:
        raise DatasetError(f"pip did not tell its settings within {TIMEOUT_S:g} s") from fault
    return done.stdout


def parsed(listed: str) -> dict[str, str]:
    """The lines of `pip config list`: those for all commands, then those of `download`, then variables count.

    >>> parsed("global.index-url='https://a/simple'\\n:env:.index-url='https://b/simple'\\ninstall.pre='1'")
    {'index-url': 'https://b/simple'}
    """
    options: dict[str, str] = {}
    lines = [line.partition("=") for line in listed.splitlines()]
    for group in ("global.", "download.", ":env:."):
        for name, _, value in lines:
            if name.startswith(group):
                try:
                    options[name.removeprefix(group)] = str(ast.literal_eval(value))
                except (ValueError, SyntaxError):
                    options[name.removeprefix(group)] = value
    return options


def pages(asked: Mapping[str, str], name: str) -> Iterator[str]:
    """The pages and folders that may link to a project's files, the links first; '' is no project: the indexes."""
    yield from (_as_address(link) for link in asked.get("find-links", "").split())
    if asked.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        return
    own = [asked["index-url"]] if "index-url" in asked else []
    for index in (*own, *asked.get("extra-index-url", "").split()):
        yield f"{index.rstrip('/')}/{normal(name)}/" if name else index


def normal(name: str) -> str:
    """A project's name as indexes write it.

    >>> normal("Some.Thing_Else")
    'some-thing-else'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def is_of(file: str, name: str, version: str) -> bool:
    """Whether a file's name is that of the source package of a version.

    >>> is_of("Some_Thing-1.0.tar.gz", "some-thing", "1.0"), is_of("some_thing-1.0-py3-none.whl", "some-thing", "1.0")
    (True, False)
    """
    suffix = next((ending for ending in SUFFIXES if file.endswith(ending)), "")
    project, _, its_version = file.removesuffix(suffix).rpartition("-")
    return bool(suffix) and normal(project) == normal(name) and its_version == version


def _as_address(place: str) -> str:
    return place if "://" in place else Path(place).expanduser().absolute().as_uri()


def _links(page: str, read: Read) -> Iterator[str]:
    """The addresses that a page links to, or of the files in a folder, with the page's login on its own server."""
    parts = urlsplit(page)
    if parts.scheme == "file":
        folder = Path(url2pathname(parts.path))
        if (folder / "index.html").is_file():
            page, text = (folder / "index.html").as_uri(), (folder / "index.html").read_text("utf-8", "replace")
        elif folder.is_dir():
            yield from (file.as_uri() for file in sorted(folder.iterdir()))
            return
        else:
            text = folder.read_text("utf-8", "replace") if folder.is_file() else ""
    else:
        text = read(page)
    login, at, host = parts.netloc.rpartition("@")
    anchors = _Anchors()
    anchors.feed(text)
    for href in anchors.hrefs:
        link = urlsplit(urljoin(page, href))
        own = f"{login}{at}{host}" if link.netloc == host else link.netloc
        yield urlunsplit(link._replace(netloc=own, fragment=""))


class _Anchors(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.hrefs += [value for name, value in attrs if tag == "a" and name == "href" and value]
