"""Files of the repository on the site: those outside `docs/` that pages link to become pages, links follow."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"(^ *```.*?^ *```\s*?$)", re.MULTILINE | re.DOTALL)
INFORMED = re.compile(r"^( *```\w+) [^\n]+$", re.MULTILINE)  # "```console no-run": Python-Markdown wants one word
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
ITEM = re.compile(r"(?:[-*]|\d+\.) ")


def outside() -> Iterator[str]:
    """Markdown files outside `docs/` that are pages of the site: at the root, and beside what they are about."""
    for pattern in ("*.md", "golden/README.md", "tools/*/README.md", "modellab/models/**/README.md"):
        yield from sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern))


def page_of(path: str) -> str:
    """Where a file of the repository is on the site, '' where it is not: `docs/gate.md` is `gate.md`."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/") if (ROOT / path).is_file() else ""
    return f"repository/{path}" if path in set(outside()) else ""


def source_of(page: str) -> str:
    """The file of the repository that a page of the site is made from."""
    return page.removeprefix("repository/") if page.startswith("repository/") else f"docs/{page}"


def relinked(text: str, page: str) -> str:
    """A page's Markdown with links that hold on the site; one to a file that is no page is its text alone."""

    def link(match: re.Match[str]) -> str:
        mark, words, target = match.groups()
        place, hash_, anchor = target.partition("#")
        if not place or "://" in target or target.startswith("mailto:"):
            return match[0]
        path = os.path.normpath(PurePosixPath(source_of(page)).parent / place)
        there = page_of(path) or page_of(f"{path}/README.md")
        if not there:
            if (ROOT / path).exists() and not mark:
                return words
            return match[0]  # wrong: mkdocs says so
        return f"{mark}[{words}]({os.path.relpath(there, PurePosixPath(page).parent)}{hash_}{anchor})"

    parts = FENCED.split(INFORMED.sub(r"\1", text))
    return "".join(part if i % 2 else LINK.sub(link, _lists_apart(part)) for i, part in enumerate(parts))


def _lists_apart(text: str) -> str:
    """A blank line before a list that follows a paragraph: GitHub sees a list without, Python-Markdown does not."""
    lines: list[str] = []
    for line in text.split("\n"):
        before = lines[-1] if lines else ""
        apart = before.strip() and not before.startswith((" ", "#", "|")) and not ITEM.match(before)
        if ITEM.match(line) and apart and not any(ITEM.match(above) for above in _paragraph(lines)):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)


def _paragraph(lines: list[str]) -> Iterator[str]:
    """The lines since the last blank one, newest first."""
    for line in reversed(lines):
        if not line.strip():
            return
        yield line
