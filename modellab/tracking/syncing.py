"""From the ledger to MLflow: send what the store lacks, or make the store again."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modellab.results import ledger, serialization
from modellab.results.entry import NEWEST, Entry
from modellab.tracking import readback, runs, sqlite, store
from modellab.tracking.case_pages import Pages
from modellab.tracking.sender import Report, Sender

SENT = ".sent.json"  # ledger file -> its size and the experiments that have all of it: saves reading old files again


def sync(
    folder: Path,
    uri: str | None = None,
    reached: Callable[[str], None] = lambda _: None,
    root: Path | None = None,
    pages: Pages | None = None,
) -> Report:
    """Send to MLflow whatever the ledger of the mlruns `folder` holds and the store lacks, each result once.

    Safe to kill at any moment and to call again. `uri` overrides MLFLOW_TRACKING_URI and the project's own database;
    `reached` is called with the name of each run as it is sent; `root` is the project, from which the cases' pages
    are made: without it there are none. `pages` is a maker of them that has been started already; it ends here.
    Raises TrackingError, with a sentence, when MLflow is missing, unreachable, slow or damaged.
    """
    started, uri = time.monotonic(), store.address(folder, uri)
    store.check(uri)
    with store.explained(uri), store.locked(folder):
        sender = Sender(store.connect(folder, uri), folder, uri)
        sender.pages = pages or (Pages(root) if root else None)
        if sender.pages:
            sender.pages.warn = sender.report.warnings.append
        try:
            _send_all(sender, folder, reached)
        finally:
            if sender.pages:
                sender.pages.close()
    sender.report.seconds = round(time.monotonic() - started, 2)
    return sender.report


def rebuild(folder: Path, root: Path | None = None) -> Report:
    """Move the project's own database and artifacts aside and write them anew from the ledger."""
    store.check_installed()
    with store.explained(store.own(folder)), store.locked(folder):
        aside = sqlite.move_aside(folder)
    report = sync(folder, store.own(folder), root=root)
    if aside:
        report.warnings.append(f"the former database and artifacts lie in {aside}")
    return report


def _send_all(sender: Sender, folder: Path, reached: Callable[[str], None]) -> None:
    """Sessions whose ledger files the store is known to have are passed over without reading them."""
    sent = _Sent(folder / "ledger" / SENT)
    entries: dict[str, Entry] = {}
    files: dict[Path, tuple[int, list[Entry]]] = {}
    for paths in _sessions(ledger.files(folder)):
        if all(sent.covers(path, sender) for path in paths):
            sender.report.skipped += sum(sent.count(path) for path in paths)
            continue
        for path in paths:
            size = path.stat().st_size  # before reading: what is appended meanwhile is looked at next time
            members, warnings = ledger.read_file(path, folder)
            sender.report.warnings += warnings
            files[path] = size, members
            entries |= {entry.id: entry for entry in members if entry.id not in entries}
    wanted = runs.group(entries.values())
    unsent: set[str] = set()
    new = []
    for run, result in sender.send(wanted):
        if not result.whole:
            unsent.update(entry.id for entry in run.entries)
        new += [run] if result.new else []
        reached(run.name)
    for run in readback.dropped(sender, new):
        unsent.update(entry.id for entry in run.entries)
    if sender.uri.startswith("sqlite:///"):
        sqlite.settle(store.path(sender.uri))
    for path, (size, members) in files.items():
        if not unsent.intersection(entry.id for entry in members):
            sent.add(path, size, members, sender)
    sent.save()


def _sessions(paths: list[Path]) -> list[list[Path]]:
    """The files by session: pytest-xdist's workers write one each, and a run may have entries in several."""
    members: dict[str, list[Path]] = {}
    for path in paths:
        members.setdefault(re.sub(r"-gw\d+$", "", path.stem), []).append(path)
    return list(members.values())


class _Sent:
    """Which ledger files are known to be in which experiments. Only a shortcut: losing it costs time, not results."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            stored = json.loads(path.read_bytes())
        except (OSError, ValueError):
            stored = {}
        self.files: dict[str, Any] = stored if isinstance(stored, dict) else {}

    def covers(self, path: Path, sender: Sender) -> bool:
        """All of the file is in the store that `sender` writes to."""
        try:
            known = self.files[str(path.absolute())]
            experiments = dict(known["experiments"])
            if known["size"] != path.stat().st_size or known["format"] != NEWEST or not experiments:
                return False
            return all(sender.experiments.get(name).token in tokens for name, tokens in experiments.items())
        except (KeyError, TypeError, ValueError, AttributeError, OSError):
            return False

    def count(self, path: Path) -> int:
        """How many entries the file has."""
        return int(self.files[str(path.absolute())].get("entries", 0))

    def add(self, path: Path, size: int, members: list[Entry], sender: Sender) -> None:
        """Note that the store has all of the file up to `size`."""
        known = self.files.get(str(path.absolute()), {})
        before = known.get("experiments", {}) if known.get("size") == size else {}
        names = {run.experiment for run in runs.group(members)}
        tokens = {name: sorted({*before.get(name, []), sender.experiments.get(name).token}) for name in names}
        self.files[str(path.absolute())] = {
            "size": size,
            "format": NEWEST,  # a newer modellab may read lines that this one left out
            "entries": len(members),
            "experiments": tokens,
        }

    def save(self) -> None:
        """Replace the file at once; without room for it the next sync reads more, and that is all."""
        draft = self.path.with_name(f"{SENT}.{os.getpid()}")
        try:
            draft.write_text(serialization.dumps(self.files), encoding="utf-8")
            os.replace(draft, self.path)
        except OSError:
            draft.unlink(missing_ok=True)
