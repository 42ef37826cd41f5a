"""What a reader's process says of whole entries: all of one, its utterances, its sounds; and a first index."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab.audio import saved
from modellab.errors import ModellabError, NewerError
from modellab.plan.settings import Project
from modellab.reports.comparison.references import Library
from modellab.results import ledger, serialization, withheld
from modellab.results.entry import Entry, encode
from modellab.server.errors import ApiError
from modellab.server.results import estimates, follow, line
from modellab.server.results.reader import MOVED

Json = dict[str, Any]
Order = Mapping[str, Any]
CLIPS = 6  # utterances of a page that come with sound
KEPT = 4  # entries that were read last


@functools.cache
def project(root: Path) -> Project:
    """The project; its settings are read once in the life of a reader."""
    return Project.at(root)


@contextmanager
def opened(url: str) -> Iterator[sa.Engine]:
    """The database of the server, which has made its tables."""
    engine = sa.create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def ready(root: Path, _: Order) -> Json:
    """Read the settings and load what pages are drawn with, so that the first is as fast as the others."""
    from modellab.reports.case import page  # noqa: F401

    project(root)
    return {}


def build(root: Path, order: Order) -> Json:
    """Bring an index up to date; how many lines were read."""
    with opened(order["url"]) as engine:
        return {"lines": follow.follow(engine, project(root).mlruns, line.estimated)}


def estimate(root: Path, order: Order) -> Json:
    """Compute the intervals that rows of an index lack; of how many."""
    with opened(order["url"]) as engine:
        return {"rows": estimates.fill(engine, project(root).mlruns)}


def entry(root: Path, order: Order) -> Json:
    """An entry as the ledger has it, without its utterances."""
    stored = read(root, order)
    encoded = encode(stored)
    result = encoded["result"]
    if result is not None:
        encoded = {**encoded, "result": {**result, "utterances_count": len(result.pop("utterances"))}}
    return {"entry": {**encoded, "private": withheld.is_private(stored)}}


def utterances(root: Path, order: Order) -> Json:
    """Some utterances of an entry, with what was to be said where that is here and not private."""
    stored = read(root, order)
    every = stored.result.utterances if stored.result else ()
    some = every[order["start"] : order["start"] + order["count"]]
    library = Library(project(root).golden)
    book = library.book(stored) if stored.result and some else None
    shown = []
    for utterance in some:
        row = book.rows.get(utterance.id, {}) if book else {}
        encoded = serialization.encode_utterance(utterance)
        encoded["output"] = _without_places(encoded["output"], utterance.id)
        shown.append({**encoded, "reference": row["text"] if isinstance(row.get("text"), str) else None})
    return {"utterances": shown, "count": len(every), "why_no_reference": without_root(book.why, root) if book else ""}


def _without_places(output: Any, id: str) -> Any:
    """An output whose sounds are told without where they lie on this machine."""
    if isinstance(output, dict):
        if isinstance(output.get("audio"), str) and "rate_hz" in output:
            return {**output, "audio": Path(output["audio"]).name}
        return {key: _without_places(value, id) for key, value in output.items()}
    return [_without_places(value, id) for value in output] if isinstance(output, list) else output


def without_root(text: str, root: Path) -> str:
    """A sentence or a page without where the project lies on this machine."""
    return text.replace(f"{root}/", "").replace(f"{escape(str(root))}/", "")


def page(root: Path, order: Order) -> Json:
    """The page of an entry: in the frame of the server's pages, or alone."""
    from modellab.reports.case import page
    from modellab.reports.html import Frame

    stored, here = read(root, order), project(root)
    given = order["frame"]
    frame = Frame(Path(given["folder"]), given["layout"], given["context"]) if given else None
    links = [(name, address) for name, address in order["links"]]
    drawn = page.render(stored, here.golden, page.accepted(here, stored), CLIPS, frame, links)
    return {"page": without_root(drawn, root)}


def sounds(root: Path, order: Order) -> Json:
    """Where the sounds of an utterance lie: those of this project's saved audio, and whether they are still there."""
    stored = read(root, order)
    every = stored.result.utterances if stored.result else ()
    output = next((utterance.output for utterance in every if utterance.id == order["utterance"]), None)
    own = [path for path in saved.files(output) if not str(path).startswith(saved.ELSEWHERE)]
    return {"sounds": [{"path": str(path.resolve()), "is_there": path.is_file()} for path in own]}


def read(root: Path, order: Order) -> Entry:
    """The entry of a place; ApiError 409 where another line is there now."""
    try:
        stored = _read_at(root, order["path"], order["offset"], order["length"])
    except NewerError as error:
        raise ApiError(409, "newer_format", str(error)) from None
    except (OSError, *ledger.TOO_DEEP, ModellabError):
        stored = None
    if stored is None or stored.id != order["entry"]:
        raise ApiError(409, MOVED, "the ledger's file is another one now")
    return stored


@functools.lru_cache(KEPT)
def _read_at(root: Path, path: str, offset: int, length: int) -> Entry:
    return ledger.read_at(Path(path), offset, length, project(root).mlruns)
