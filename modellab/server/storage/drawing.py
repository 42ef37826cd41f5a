"""The frozen page of a share: of a result, which the reader's process draws, or of a sound."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modellab.server.errors import ApiError
from modellab.server.results.index import Index
from modellab.server.storage.blobs import Blob, Blobs

CLIPS = 20  # of a result's page
POLICY = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"]*)"')
FRAMED = "; frame-ancestors 'none'"
SOUND_POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
SOUND_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ font-family: system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }}
audio {{ width: 100% }}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<audio controls preload="metadata" src="{sound}"></audio>
<p>{facts}</p>
</main>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page in a file, what it is called and what it may do."""

    path: Path
    title: str
    policy: str


class Drawing:
    """Draws pages."""

    def __init__(self, index: Index, blobs: Blobs) -> None:
        self.index, self.blobs = index, blobs

    @contextmanager
    def entry(self, project: str, id: str) -> Iterator[Drawn]:
        """The page of a stored result."""
        with self._file() as path:
            said = self.index.whole("page", project, id, output=str(path), clips=CLIPS)
            yield Drawn(path, str(said["title"]), _policy(path))

    @contextmanager
    def sound(self, blob: Blob, title: str, address: str) -> Iterator[Drawn]:
        """A player of a blob."""
        if not blob.content_type.startswith("audio/"):
            raise ApiError(400, "unsupported_target", f"{blob.id} is {blob.content_type}, expected sound", "blob")
        facts = f"{blob.duration_s or 0:.1f} s, {blob.content_type}, SHA-256 {blob.sha256}"
        page = SOUND_PAGE.format(title=html.escape(title), sound=html.escape(address), facts=html.escape(facts))
        with self._file() as path:
            path.write_text(page, encoding="utf-8")
            yield Drawn(path, title, SOUND_POLICY + FRAMED)

    @contextmanager
    def _file(self) -> Iterator[Path]:
        path = self.blobs.spool.path()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


def _policy(path: Path) -> str:
    """What a page of ours says that it may do, and that nobody frames it."""
    with path.open("rb") as file:
        found = POLICY.search(file.read(65_536))
    assert found, "a page of ours has a policy"
    return html.unescape(found[1].decode()) + FRAMED
