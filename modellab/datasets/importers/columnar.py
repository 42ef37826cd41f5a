"""Parquet and Arrow files, some rows at a time; pyarrow is imported when there is one to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modellab.datasets.importers.records import LeftOut
from modellab.errors import DatasetError
from modellab.system import extras

ROWS = 16  # held at a time: each may have the audio of a minute in it
HELD_BYTES = 64 << 20  # or of an hour: then fewer
PAGE_BYTES = 1 << 20  # of a column that are read ahead
PLAIN = ("audio", "wav", "flac")  # what a column of bytes is called that holds sound
ARROW = (".arrow", ".feather")


def _schema(file: Path) -> Any:
    """The schema of a file, None for what is none; ExtraError where nothing is there to read it with."""
    extras.need("parquet", file.name)
    import pyarrow as pa
    from pyarrow import ipc, parquet

    try:
        if file.suffix.lower() in ARROW:
            with pa.OSFile(str(file)) as source:
                return ipc.open_stream(source).schema
        return parquet.read_schema(file)
    except (pa.ArrowException, OSError, ValueError):
        return None


def columns(file: Path) -> list[str]:
    """The names of the columns; none for what is no such file."""
    schema = _schema(file)
    return [] if schema is None else [str(name) for name in schema.names]


def embedded(file: Path) -> list[str]:
    """The columns that hold audio itself: records of `bytes` and `path`, or plain bytes called audio."""
    import pyarrow as pa

    schema = _schema(file)
    if schema is None:
        return []
    structs = [
        field.name
        for field in schema
        if pa.types.is_struct(field.type) and {"bytes", "path"} <= {part.name for part in field.type.fields}
    ]
    plain = [
        field.name for field in schema if _is_binary(field.type) and field.name.lower() in ("audio", "wav", "flac")
    ]
    return structs or plain


def _is_binary(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def rows(file: Path) -> Iterator[tuple[str, dict[str, Any]] | LeftOut]:
    """Place and cells of each row; what is damaged ends with a sentence."""
    import pyarrow as pa

    number = 0
    try:
        for batch in _batches(file):
            for row in batch.to_pylist():
                number += 1
                yield f"{file}, row {number}", row
    except (pa.ArrowException, OSError, ValueError) as fault:
        first = str(fault).splitlines()[0][:120] if str(fault) else type(fault).__name__
        if not number:
            raise DatasetError(f"{file}: it cannot be read ({first})") from None
        yield LeftOut(f"{file}, row {number + 1}", f"it and what follows cannot be read ({first})")


def _batches(file: Path) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import ipc, parquet

    if file.suffix.lower() in ARROW:
        with pa.memory_map(str(file)) as source:
            for batch in ipc.open_stream(source):
                yield from (batch.slice(at, ROWS) for at in range(0, batch.num_rows, ROWS))
    else:
        with parquet.ParquetFile(file, pre_buffer=False, buffer_size=PAGE_BYTES) as table:
            row_bytes = file.stat().st_size // max(1, table.metadata.num_rows)
            yield from table.iter_batches(batch_size=max(1, min(ROWS, HELD_BYTES // max(1, row_bytes))))
