"""The frozen page of a share: of a result or a run, which a reader's process draws, or of a sound."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from modellab.server.errors import ApiError
from modellab.server.results import sessions
from modellab.server.results.index import Index
from modellab.server.storage.blobs import Blob, Blobs

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"')
TITLE = re.compile(r"<title>([^<]*)</title>")
FRAMED = "; frame-ancestors 'none'"
SOUND_POLICY = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
COPY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
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
        with self._written(self.index.whole("page", project, id, frame=None, links=[])["page"]) as drawn:
            yield drawn

    @contextmanager
    def run(self, project: str, session: str) -> Iterator[Drawn]:
        """The report of a session, without its utterances."""
        self.index.one(lambda connection: sessions.run(connection, project, session))  # or there is none of that name
        answer = self.index.analyst.ask("run_page", url=self.index.url, owner=project, session=session)
        with self._written(answer["page"]) as drawn:
            yield drawn

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
    def copy(self, page: str) -> Iterator[Drawn]:
        """A page of the server that was drawn to stand alone."""
        title = TITLE.search(page)
        with self._file() as path:
            path.write_text(page, encoding="utf-8")
            yield Drawn(path, html.unescape(title[1]) if title else "", COPY_POLICY + FRAMED)

    @contextmanager
    def _written(self, page: str) -> Iterator[Drawn]:
        """A page of ours, with what it says that it may do, and that nobody frames it."""
        policy, title = POLICY.search(page), TITLE.search(page)
        assert policy, "a page of ours has a policy"
        with self._file() as path:
            path.write_text(page, encoding="utf-8")
            yield Drawn(path, html.unescape(title[1]) if title else "", html.unescape(policy[1]) + FRAMED)

    @contextmanager
    def _file(self) -> Iterator[Path]:
        path = self.blobs.spool.path()
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)
