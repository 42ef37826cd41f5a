"""The rows of a dataset in a Parquet file beside `dataset.yaml`, for more of them than a person reads.

A column for each key of COLUMNS; `texts`, `references` and `group` are JSON, and so is `more` with whatever else a row
has. Rows stand in the order of their ids, ROWS to a group, and are written with fixed settings: the same rows are the
same bytes. They are read a block at a time, so a set of any size takes the memory of one group.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from modellab.errors import DatasetError
from modellab.system import extras
from modellab.types import Row
from modellab.types.rows import FILES, PARTS
from modellab.types.spooled import Lazy

NAME = "rows.parquet"
ROWS = 10_000  # in a group
BLOCK = 250  # rows made at once
TEXT, NUMBER, WHOLE, JSON = "string", "float64", "int64", "JSON"
COLUMNS = {
    "id": TEXT, "audio": TEXT, "start_s": NUMBER, "end_s": NUMBER, "channel": WHOLE, "duration_s": NUMBER,
    "size_bytes": WHOLE, "sha256": TEXT, "text": TEXT, "texts": JSON, "references": JSON, "language": TEXT,
    "speaker": TEXT, "recording": TEXT, "session": TEXT, "condition": TEXT, "group": JSON, "more": JSON,
}  # fmt: skip
MORE = "more"
UNHASHED = ("audio", "size_bytes")  # where the audio lies is no part of what is measured
OF: dict[str, tuple[type, ...]] = {TEXT: (str,), NUMBER: (float, int), WHOLE: (int,), JSON: (dict, list)}
TYPES = {name: OF[kind] for name, kind in COLUMNS.items() if name != MORE}
JSONS = {name for name, kind in COLUMNS.items() if kind == JSON}


def need(what: str) -> None:
    """ExtraError where Parquet cannot be read or written."""
    extras.need("parquet", what)


# ---------------------------------------------------------------------------------------------------- writing


def fault(row: Row) -> str:
    """Why a row cannot stand in a Parquet file; '' if it can."""
    held = [key for key in (*FILES, *PARTS) if key in row and key != "audio"]
    return f"{held[0]} names a file, which rows in Parquet do not: only their audio is one" if held else ""


def write(file: Path, rows: Iterable[Row]) -> int:
    """Write rows, which come by id; how many there were."""
    need(file.name)
    from pyarrow import parquet

    count = 0
    settings = {"compression": "zstd", "compression_level": 3, "version": "2.6", "data_page_version": "1.0"}
    with parquet.ParquetWriter(file, _schema(), use_dictionary=True, write_statistics=True, **settings) as writer:
        for some in itertools.batched(rows, ROWS):
            writer.write_table(_table(some), row_group_size=ROWS)
            count += len(some)
    return count


def _schema() -> Any:
    import pyarrow as pa

    kinds = {TEXT: pa.string(), NUMBER: pa.float64(), WHOLE: pa.int64(), JSON: pa.string()}
    return pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])


def _table(rows: Iterable[Row]) -> Any:
    import pyarrow as pa

    cells = [_cells(row) for row in rows]
    return pa.table({name: [row_cells.get(name) for row_cells in cells] for name in COLUMNS}, schema=_schema())


def _cells(row: Row) -> dict[str, Any]:
    """A row by columns: what has no column, or another type than its column, is in `more`."""
    cells, rest = {}, {}
    for key, value in row.items():
        if type(value) not in TYPES.get(key, ()):
            rest[key] = value
        else:
            cells[key] = _json(value) if key in JSONS else value
    return {**cells, MORE: _json(rest)} if rest else cells


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


# ---------------------------------------------------------------------------------------------------- reading


class ParquetRows(Lazy[Row]):
    """The rows of a file, made when they are asked for; `change` is made of each. DatasetError for what is none."""

    def __init__(self, file: Path, change: Callable[[Row], Row], hidden: bool = False) -> None:
        need(file.name)
        self.file, self.change, self.hidden = file, change, hidden
        with _opened(file) as source:
            _check(file, source.schema_arrow)
            counts = [source.metadata.row_group(i).num_rows for i in range(source.num_row_groups)]
        self._starts: list[int] = list(itertools.accumulate(counts, initial=0))
        self._group: tuple[int, Any] = (-1, None)
        self._block: tuple[int, list[Row]] = (0, [])

    def changed(self, change: Callable[[Row], Row], *, hidden: bool = False) -> ParquetRows:
        """The same rows with a further change; `hidden`: what stands in the columns is for nobody."""
        own = self.change
        return ParquetRows(self.file, lambda row: change(own(row)), self.hidden or hidden)

    def __len__(self) -> int:
        return self._starts[-1]

    def item(self, i: int) -> Row:
        """Row i: those around it are read with it."""
        first, rows = self._block
        if not first <= i < first + len(rows):
            group = bisect.bisect_right(self._starts, i) - 1
            within = i - self._starts[group]
            start = within - within % BLOCK
            rows = list(self._made(self._table(group).slice(start, BLOCK)))
            first = self._starts[group] + start
            self._block = first, rows
        return dict(rows[i - first])

    def __iter__(self) -> Iterator[Row]:
        with _opened(self.file) as source:
            for group in range(source.num_row_groups):
                table = _group(self.file, source, group)
                for start in range(0, table.num_rows, BLOCK):
                    yield from self._made(table.slice(start, BLOCK))

    def cells(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """What stands in these columns, row by row; None where nothing does, or no such column is there."""
        with _opened(self.file) as source:
            known = [name for name in names if name in source.schema_arrow.names]
            for group in range(source.num_row_groups):
                table = source.read_row_group(group, columns=known, use_threads=False)
                columns = [table[name].to_pylist() if name in known else [None] * table.num_rows for name in names]
                yield from zip(*columns, strict=True)

    def _table(self, group: int) -> Any:
        if self._group[0] != group:
            with _opened(self.file) as source:
                self._group = group, _group(self.file, source, group)
        return self._group[1]

    def _made(self, table: Any) -> Iterator[Row]:
        columns = [(name, name in JSONS, table[name].to_pylist()) for name in table.column_names]
        for i in range(table.num_rows):
            row: dict[str, Any] = {}
            for name, is_json, values in columns:
                if (value := values[i]) is None:
                    continue
                if is_json:
                    row |= self._parsed(name, value)
                else:
                    row[name] = value
            yield self.change(row)

    def _parsed(self, name: str, value: Any) -> dict[str, Any]:
        """The keys of a cell with JSON."""
        try:
            held = json.loads(value)
        except ValueError:
            raise DatasetError(f"{self.file}: its column {name} has {value[:60]!r}, expected JSON") from None
        if name == MORE and not isinstance(held, dict):
            raise DatasetError(f"{self.file}: its column {MORE} has {value[:60]!r}, expected a mapping in JSON")
        return held if name == MORE else {name: held}

    def __repr__(self) -> str:
        return f"ParquetRows({self.file.name}, {len(self)} rows)"


def _opened(file: Path) -> Any:
    """The file, to be used in a `with`."""
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(file)
    except FileNotFoundError:
        raise DatasetError(f"{file}: no such file; the header's `rows:` names it") from None
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from None


def _check(file: Path, schema: Any) -> None:
    if "id" not in schema.names:
        raise DatasetError(f"{file}: its columns are {', '.join(schema.names[:20])}, expected id, audio, duration_s")


def _unreadable(file: Path, error: Exception) -> DatasetError:
    first = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return DatasetError(f"{file}: it is no whole Parquet file ({first}); was the copy or the checkout interrupted?")


def _group(file: Path, source: Any, group: int, without: tuple[str, ...] = ()) -> Any:
    """A group of rows as a table, its columns of the types that they have here."""
    import pyarrow as pa

    names = [name for name in source.schema_arrow.names if name not in without]
    try:
        table = source.read_row_group(group, columns=names, use_threads=False)
        schema = _schema()
        for i, name in enumerate(names):
            if name in COLUMNS and table.schema.field(i).type != schema.field(name).type:
                table = table.set_column(i, name, table[name].cast(schema.field(name).type))
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(file, error) from None
    return table


# ---------------------------------------------------------------------------------------------------- the digest


def content(file: Path) -> str:
    """SHA-256 of what the rows say, in their order, wherever their audio lies: over the columns, as Arrow has them."""
    import pyarrow as pa

    by_name: dict[str, _Column] = {}
    with _opened(file) as source:
        for group in range(source.num_row_groups):
            table = _group(file, source, group, UNHASHED)
            for name in table.column_names:
                by_name.setdefault(name, _Column()).add(table[name])
            del table
            pa.default_memory_pool().release_unused()  # else it keeps ten times what a group takes
    columns = {name: column.digests() for name, column in by_name.items() if column.has_any}
    return hashlib.sha256(json.dumps(columns, sort_keys=True).encode()).hexdigest()


class _Column:
    """Three hashes of a column: which cells there are, how long texts are, what they hold."""

    def __init__(self) -> None:
        self.parts = [hashlib.sha256() for _ in range(3)]
        self.has_any = False

    def add(self, column: Any) -> None:
        """The next cells."""
        import pyarrow as pa

        there, lengths, values = self.parts
        for chunk in column.chunks:
            is_there = _validity(chunk)
            there.update(is_there)
            if not is_there.any():
                continue
            self.has_any = True
            if pa.types.is_float64(chunk.type) or pa.types.is_int64(chunk.type):
                values.update(_numbers(chunk, is_there))
                continue
            if not pa.types.is_string(chunk.type):  # a column of somebody's own
                chunk = pa.array([None if cell is None else _json(cell) for cell in chunk.to_pylist()], pa.string())
            ends = _buffer(chunk, 1, "<i4", 1)
            if (ends[1:] - ends[:-1])[~is_there].any():  # there is something below a cell that is none
                chunk = pa.array(chunk.to_pylist(), pa.string())
                ends = _buffer(chunk, 1, "<i4", 1)
            lengths.update(ends[1:] - ends[:-1])
            values.update(memoryview(chunk.buffers()[2])[ends[0] : ends[-1]] if ends[-1] > ends[0] else b"")

    def digests(self) -> list[str]:
        """The hashes."""
        return [part.hexdigest() for part in self.parts]


def _buffer(array: Any, which: int, kind: str, more: int = 0) -> npt.NDArray[Any]:
    """Numbers of an Arrow array as they lie in memory, `more` than it has cells."""
    numbers = np.frombuffer(array.buffers()[which], kind, count=array.offset + len(array) + more)
    return numbers[array.offset :]


def _validity(array: Any) -> npt.NDArray[np.bool_]:
    """Which cells there are."""
    if not array.null_count:
        return np.ones(len(array), bool)
    if (bits := array.buffers()[0]) is None:  # a column of the type null
        return np.zeros(len(array), bool)
    flags = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")[array.offset :]
    return flags[: len(array)].astype(bool)


def _numbers(array: Any, is_there: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The numbers of a column, 0 where there is none."""
    import pyarrow as pa

    numbers = _buffer(array, 1, "<f8" if pa.types.is_float64(array.type) else "<i8")
    return np.where(is_there, numbers, 0)
