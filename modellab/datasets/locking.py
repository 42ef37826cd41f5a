"""Write what a dataset holds now into it: hashes of the audio into rows in Parquet, the digest into the header."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from modellab import datasets
from modellab.audio import stretch
from modellab.datasets import manifest, parquet_rows
from modellab.datasets.audio_hashes import AudioHashes
from modellab.errors import DatasetError
from modellab.types import Row


def lock(folder: Path) -> str:
    """The digest that was written. DatasetError where audio is missing, and for rows that are not sound."""
    raw = manifest.whole(folder)
    if raw.get("rows") is not None:
        rows = manifest.parquet(folder, raw["rows"])
        draft = rows.file.with_name(f".{rows.file.name}.{os.getpid()}")
        try:
            with AudioHashes() as known:
                parquet_rows.write(draft, _hashed(folder, rows, known))
            os.replace(draft, rows.file)
        finally:
            draft.unlink(missing_ok=True)
    return datasets.write_digest(folder)


def _hashed(folder: Path, rows: parquet_rows.ParquetRows, known: AudioHashes) -> Iterator[Row]:
    """The rows with hash and size of their audio as it is now."""
    last, held = Path(), {}
    for row in rows:
        if "audio" not in row:
            yield row
            continue
        file = stretch.parsed(manifest.absolute(folder, row)["audio"]).file
        if file != last:
            try:
                last, held = file, {"sha256": known.of(file), "size_bytes": file.stat().st_size}
            except OSError as error:
                raise DatasetError(f"case {row['id']}: {file} cannot be read ({error.strerror or error})") from None
        yield {**row, **held}
