"""Releases of measured libraries that were not measured yet, as an index of packages has them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlsplit

from modellab.errors import ConfigError
from modellab.reports.alerts.events import NOT_A_LIBRARY, Event
from modellab.results.entry import Entry
from modellab.types import CaseId

TIMEOUT_S = 20.0
MOST_BYTES = 50_000_000  # of what an index says of one package


def unmeasured(entries: Iterable[Entry], index: str, hosts: Sequence[str]) -> tuple[list[Event], list[str]]:
    """An event for each library whose newest release no case has measured, and a sentence for each that was not found.

    `index` answers `INDEX/NAME/json`, as the JSON interface of a Python package index does; over https, but for one of
    `hosts`.
    """
    parts = urlsplit(index)
    if parts.scheme != "https" and not (parts.scheme == "http" and (parts.hostname or "") in hosts):
        raise ConfigError(f"index is {index[:60]!r}, expected an address that begins with https://")
    newest = {entry.key: entry for entry in entries}
    measured: dict[str, dict[str, list[CaseId]]] = defaultdict(lambda: defaultdict(list))
    for entry in newest.values():
        for name, version in entry.versions.items():
            if name not in NOT_A_LIBRARY:
                measured[name][version].append(entry.key)
    released, missing = [], []
    for name in sorted(measured):
        try:
            version = _newest(f"{index.rstrip('/')}/{quote(name, safe='')}/json")
        except (OSError, ValueError, KeyError, TypeError) as error:
            missing.append(f"{name}: the index says nothing of its releases ({type(error).__name__})")
            continue
        if version not in measured[name]:
            here = ", ".join(sorted(measured[name]))
            cases = tuple(case for those in measured[name].values() for case in those)
            released.append(Event("release", f"{name} {version}", f"released; measured is {here}", cases))
    return released, missing


def _newest(url: str) -> str:
    """The version of the newest release that is no preview."""
    asked = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - its scheme was looked at
    with urllib.request.urlopen(asked, timeout=TIMEOUT_S) as answer:  # noqa: S310
        return str(json.loads(answer.read(MOST_BYTES))["info"]["version"])
