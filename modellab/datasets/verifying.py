"""Whether a dataset's audio is what its rows say: size by size, or (`deep`) every byte and every sample."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import batched, groupby
from pathlib import Path

from modellab import audio
from modellab.audio import stretch
from modellab.datasets import Dataset
from modellab.datasets.audio_hashes import AudioHashes
from modellab.datasets.decoded_length import DURATION_TOLERANCE_S
from modellab.errors import AudioError
from modellab.types import Row
from modellab.types.rows import sounding

TOGETHER = 2_000  # rows that are looked at before the next ones are read


def faults(data: Dataset, *, deep: bool = False, jobs: int = 1) -> Iterator[str]:
    """A sentence for each row whose audio is not the row's.

    Without `deep` a file has to be there with the size of its row; where its time is not the one that it had when it
    was hashed, it is hashed again. With `deep` each is hashed and decoded, `jobs` files at a time.
    """
    with AudioHashes() as known, ThreadPoolExecutor(jobs) as pool:
        for some in batched(data.rows, TOGETHER):
            parts = [(str(row["id"]), part) for row in some for _, part in sounding(row)]
            files = [(file, list(rows)) for file, rows in groupby(parts, lambda part: _file(part[1]))]
            if not deep:
                for file, rows in files:
                    yield from _changed(file, rows, known)
                continue
            for sentences in pool.map(lambda file_rows: list(_unsound(*file_rows)), files):
                yield from sentences


def _file(row: Row) -> Path:
    return stretch.parsed(row["audio"]).file


def _changed(file: Path, rows: list[tuple[str, Row]], known: AudioHashes) -> Iterator[str]:
    """What is wrong with a file by its size, and by its hash where that is not known of it as it is."""
    try:
        size, digest = file.stat().st_size, ""
        for id, row in rows:
            if "size_bytes" in row and row["size_bytes"] != size:
                yield f"{id}: {file} has {size:,} bytes, the row says {row['size_bytes']:,}: was it replaced or cut?"
            elif "sha256" in row:
                digest = digest or known.of(file)
                if digest != row["sha256"]:
                    yield f"{id}: {file} holds other bytes than the row says: was it replaced?"
    except OSError as error:
        yield from (f"{id}: {file} cannot be read ({error.strerror or error})" for id, _ in rows)


def _unsound(file: Path, rows: list[tuple[str, Row]]) -> Iterator[str]:
    """What is wrong with a file that is hashed and decoded to its end."""
    try:
        samples, rate_hz = audio.read_channels(file)
        with file.open("rb") as data:
            digest = hashlib.file_digest(data, "sha256").hexdigest()
    except (AudioError, OSError) as fault:
        yield from (f"{id}: {fault}" for id, _ in rows)
        return
    for id, row in rows:
        if row.get("sha256", digest) != digest:
            yield f"{id}: {file} holds other bytes than the row says: was it replaced?"
            continue
        try:
            first, last = stretch.parsed(row["audio"]).frames(rate_hz, len(samples))
        except AudioError as fault:
            yield f"{id}: {fault}"
            continue
        if abs((last - first) / rate_hz - row["duration_s"]) > DURATION_TOLERANCE_S:
            lasts = (last - first) / rate_hz
            yield f"{id}: {file.name} lasts {lasts:.3f} s there, the row says {row['duration_s']} s; was it cut?"
