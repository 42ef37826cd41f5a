"""The files that go to MLflow with a run, written to a folder first. No MLflow here.

utterances/<dataset>.json              a table of every utterance, worst first; of a large result the worst alone
pages/<dataset>.html                   the case's page: differences, players, pictures
entries/<dataset>-<entry>.json.gz      the ledger's line, from which `fetch` makes the entry again; none of so many
audio/<dataset>/<id>.flac              what the model said, of the worst utterances
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from modellab.results import serialization, withheld
from modellab.results.entry import Entry, encode
from modellab.system.masking import masked_settings, masked_texts
from modellab.tracking import runs
from modellab.types.utterances import LARGE, Large

TABLES, PAGES, ENTRIES, SOUNDS = "utterances", "pages", "entries", "audio"
LEVEL = 5  # of gzip: half the time of its default, 2 % more bytes
Page = Callable[[Entry], str]  # an entry's HTML page; "" where there is none


def write(folder: Path, entries: Iterable[Entry], page: Page | None = None, large: Large = LARGE) -> None:
    """Every artifact of these entries, laid out as they shall lie in MLflow. `page` makes a case's page."""
    for entry in entries:
        name = slug(entry)
        if entry.result is None or len(entry.result.utterances) <= large.more_than:
            _put(folder / ENTRIES / f"{name}-{entry.id[:8]}.json.gz", gzip.compress(line(entry), LEVEL, mtime=0))
        if entry.result is None or withheld.is_private(entry):
            continue
        _put(folder / table(entry), json.dumps(runs.table(entry, large), ensure_ascii=False).encode())
        if page and (text := page(entry)):
            _put(folder / PAGES / f"{name}.html", text.encode("utf-8", "backslashreplace"))
        for sound in runs.sounds(entry):
            place = folder / SOUNDS / name / sound.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(sound, place)


def table(entry: Entry) -> str:
    """Where the table of utterances lies."""
    return f"{TABLES}/{slug(entry)}.json"


def slug(entry: Entry) -> str:
    """The dataset as a name that every artifact store takes."""
    return runs.kept_apart(re.sub(r"[^A-Za-z0-9_-]", "_", entry.key.dataset)[:100], entry.key.dataset)


def line(entry: Entry) -> bytes:
    """The entry as the ledger has it, without the line's end, its secrets masked: a server is read by many."""
    data = encode(entry)
    result = data["result"]
    kept = None if result is None else {**result, "utterances": masked_texts(result["utterances"])}
    return serialization.dumps({**data, "settings": masked_settings(data["settings"]), "result": kept}).encode()


def digest(entry: Entry) -> str:
    """Eight hexadecimal digits of what may change of an entry: the suite's test turns verdicts at a session's end."""
    verdicts = [serialization.encode_verdict(verdict) for verdict in entry.verdicts]
    return hashlib.sha256(serialization.dumps([str(entry.status), verdicts]).encode()).hexdigest()[:8]


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
