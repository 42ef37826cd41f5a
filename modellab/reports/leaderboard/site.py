"""A folder of all reports, latest on top, that any web server can show: what the nightly workflow publishes.

    index.html               every session: when, which commit, how many cases, what was red
    badge.json               of the newest session, in the form that shields.io reads
    sessions.json            what index.html is made from
    reports/<session>.html   the report of a session

Adding a session changes its own report and the three files above; what is there already stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.reports.html import page
from modellab.results.entry import Entry
from modellab.results.headline import Headline

FORMAT = 1
NAME = re.compile(r"[\w.-]+")
COLOURS: Mapping[str, str] = {"green": "brightgreen", "yellowgreen": "yellowgreen", "yellow": "yellow", "red": "red"}
MOST_NAMED = 20  # cases without a measurement


@dataclass(frozen=True, slots=True)
class Session:
    """One session of the suite, counted. `cases` are all of its cases, `red` and `broken` those that failed.

    `headline`, `light` and `short` say how it went and what was judged; sessions that an older modellab put on the site
    have none of them.
    """

    name: str
    at: str  # ISO 8601, UTC
    commit: str
    branch: str
    machines: str
    cases: int
    red: int  # regressions
    broken: int  # no measurement
    improved: int
    models: int
    headline: str = ""
    light: str = ""  # a `headline.Colour`
    short: str = ""  # the headline for a badge
    failed: Sequence[str] = ()  # the first names of those that are broken

    @property
    def colour(self) -> str:
        """Of what an older modellab counted nobody knows what was judged: never green."""
        return self.light or ("red" if self.red else "yellow")

    @property
    def message(self) -> str:
        """How it went, in a few words."""
        bad = [f"{self.red} red" if self.red else "", f"{self.broken} broken" if self.broken else ""]
        old = f"{', '.join(filter(None, bad)) or 'none red'} of {self.cases}, unknown what was judged"
        return self.short or old

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Session:
        """The session of these entries, one for each case, at least one."""
        last = max(entries, key=lambda entry: entry.finished_at)
        headline = Headline.of(entries)
        return cls(
            name=last.session,
            at=last.finished_at,
            commit=last.commit.hash + ("+" if last.commit.dirty else ""),
            branch=last.commit.branch,
            machines=", ".join(sorted({entry.result.machine for entry in entries if entry.result})),
            cases=headline.cases,
            red=headline.regressions,
            broken=headline.errors,
            improved=headline.improved,
            models=len({(entry.key.model, entry.key.variant) for entry in entries}),
            headline=headline.text,
            light=headline.colour,
            short=headline.short,
            failed=headline.failed[:MOST_NAMED],
        )


def badge(session: Session) -> dict[str, Any]:
    """The session as an endpoint badge: https://shields.io/badges/endpoint-badge."""
    return {"schemaVersion": 1, "label": "modellab", "message": session.message,
            "color": COLOURS.get(session.colour, "yellow")}  # fmt: skip


def sessions(folder: Path) -> list[Session]:
    """The sessions that the site has, latest first; none without one; ConfigError for a file of something else."""
    file = folder / "sessions.json"
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["format"] != FORMAT:
            raise ValueError(f"format {stored['format']!r}, expected {FORMAT}")
        known = {field.name for field in fields(Session)}
        listed = [
            Session(**{name: value for name, value in record.items() if name in known}) for record in stored["sessions"]
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{file} is no list of sessions ({error}): remove it, and the site begins anew") from error
    return sorted(listed, key=lambda session: (session.at, session.name), reverse=True)


def add(folder: Path, reports: Mapping[str, str], new: Iterable[Session], title: str) -> Path:
    """Put sessions with their reports (HTML by session) on the site; its index. ConfigError where that fails."""
    made = {session.name: session for session in [*sessions(folder), *new]}
    ordered = sorted(made.values(), key=lambda session: (session.at, session.name), reverse=True)
    there = {session.name for session in ordered if (folder / _report(session.name)).is_file()} | reports.keys()
    files = {_report(name): html for name, html in reports.items()}
    files["sessions.json"] = _json({"format": FORMAT, "sessions": [asdict(session) for session in ordered]})
    files["badge.json"] = _json(badge(ordered[0]))
    files["index.html"] = page(
        "site.html.j2",
        title=title,
        facts=[("reports", str(len(ordered))), ("latest", ordered[0].at[:16].replace("T", " ") + " UTC")],
        sessions=[(session, _report(session.name) if session.name in there else "") for session in ordered],
    )
    for name, text in files.items():
        _write(folder / name, text)
    return folder / "index.html"


def _report(session: str) -> str:
    """Where a session's report lies; ConfigError for a name that is no file's."""
    if not NAME.fullmatch(session) or session.startswith("."):
        raise ConfigError(f"{session!r} cannot be a file's name: is the ledger damaged?")
    return f"reports/{session}.html"


def _json(data: Any) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    """Beside it, then in its place: a reader sees the old file or the new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(text.encode("utf-8", "backslashreplace"))
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written ({error.strerror or error})") from error
