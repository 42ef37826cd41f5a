"""Text files of other people, line by line: UTF-8 or UTF-16, any line ends, packed or not.

A row is a value, or a sentence about what is wrong with it: then the next one is read.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from modellab.datasets.importers.records import LeftOut
from modellab.errors import DatasetError

GZIP = b"\x1f\x8b"
NOT_TEXT = re.compile("[\udc80-\udcff]")  # bytes that are no UTF-8, as `surrogateescape` has them
CHUNK = 1 << 16  # characters of a JSON document read at a time
MOST_CHARACTERS = 64 << 20  # of one JSON record
BLANKS = " \t\r\n"
MOST_FIELD = 1 << 24  # characters of a cell


def where(path: Path, line: int) -> str:
    """A place in a file, as messages name it."""
    return f"{path}, line {line}"


@contextmanager
def opened(path: Path, *, keep_line_ends: bool = False) -> Iterator[TextIO]:
    """A text file, unpacked; DatasetError for what cannot be read. Bytes that are no UTF-8 are surrogates."""
    try:
        if path.exists() and not path.is_file():
            raise DatasetError(f"{path}: it is a {'folder' if path.is_dir() else 'device or pipe'}, expected a file")
        with path.open("rb") as raw:
            data = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if raw.peek(2)[:2] == GZIP else raw
            buffered = io.BufferedReader(cast("io.RawIOBase", data)) if data is not raw else raw
            first = buffered.peek(4)[:4]
            encoding = "utf-16" if first[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
            errors = "replace" if encoding == "utf-16" else "surrogateescape"
            yield io.TextIOWrapper(buffered, encoding, errors, newline="" if keep_line_ends else None)
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except (OSError, EOFError, zlib.error, UnicodeError) as fault:
        raise DatasetError(f"{path}: it cannot be read to its end ({fault}); was the copy interrupted?") from None


def lines(path: Path, *comments: str) -> Iterator[tuple[int, str] | LeftOut]:
    """Number and text of each line that is neither blank nor a comment; what is no UTF-8 is left out."""
    with opened(path) as text:
        for number, line in enumerate(text, start=1):
            if not line.strip() or (comments and line.lstrip().startswith(comments)):
                continue
            if NOT_TEXT.search(line):
                yield LeftOut(where(path, number), "not UTF-8 text; save the file as UTF-8")
            else:
                yield number, line.rstrip("\r\n")


def fields(path: Path, *comments: str) -> Iterator[tuple[str, list[str], str] | LeftOut]:
    """Place, fields between blanks and text of each line that `lines` gives."""
    for item in lines(path, *comments):
        yield item if isinstance(item, LeftOut) else (where(path, item[0]), item[1].split(), item[1])


def whole(path: Path) -> str:
    """All of a short text file; DatasetError for what is no text."""
    with opened(path) as file:
        text = file.read(MOST_CHARACTERS + 1)
    if len(text) > MOST_CHARACTERS:
        raise DatasetError(f"{path}: it has more than {MOST_CHARACTERS:,} characters: is it really a text?")
    if NOT_TEXT.search(text) or "\0" in text:
        raise DatasetError(f"{path}: not UTF-8 text; save the file as UTF-8")
    return text


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]] | LeftOut]:
    """Place and record of each line of a JSONL file."""
    for item in lines(path):
        if isinstance(item, LeftOut):
            yield item
            continue
        number, line = item
        yield _record(where(path, number), line)


def json_records(path: Path, chunk: int = CHUNK) -> Iterator[tuple[str, dict[str, Any]] | LeftOut]:
    """Place and record of each record of a JSON file: a list, records one below the other, or one record alone.

    A list of any length takes the memory of one of its records; `chunk` characters are read at a time.
    """
    with opened(path) as text:
        document = _Document(path, text, chunk)
        if not document.starts_list():
            is_lines = document.is_lines()
        else:
            yield from document.items()
            return
    yield from json_lines(path) if is_lines else iter([_record(str(path), whole(path))])


def table(path: Path, delimiter: str = "", *, quoted: bool = True) -> Iterator[tuple[str, dict[str, str]] | LeftOut]:
    """Place and cells of each row of a table with a header: CSV, TSV or any other delimiter, found if it is not given.

    Without `quoted` a quotation mark is a letter like any other.
    """
    csv.field_size_limit(MOST_FIELD)
    with opened(path, keep_line_ends=True) as text:
        head = text.readline()
        chosen = delimiter or delimiter_of(head)
        rows = csv.reader(
            _with_first(head, text), delimiter=chosen, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        )
        try:
            names = _unique([name.strip() for name in next(rows, [])])
            yield from _rows(path, rows, names)
        except csv.Error as fault:
            yield LeftOut(where(path, rows.line_num), f"not a row of a table ({fault}); nothing after it is read")


def columns(path: Path, delimiter: str = "") -> list[str]:
    """The names in the header of a table."""
    with opened(path, keep_line_ends=True) as text:
        head = text.readline(MOST_FIELD)
    try:
        return [name.strip() for name in next(csv.reader([head], delimiter=delimiter or delimiter_of(head)), [])]
    except csv.Error:
        return []


def delimiter_of(head: str) -> str:
    r"""What parts the cells of a header.

    >>> delimiter_of("path\ttext, plain"), delimiter_of("path;text"), delimiter_of("path,text"), delimiter_of("a|b|c")
    ('\t', ';', ',', '|')
    """
    counts = {mark: head.count(mark) for mark in "\t;|,"}
    return "\t" if counts["\t"] else max(counts, key=lambda mark: (counts[mark], mark == ","))


def _rows(path: Path, rows: Any, names: list[str]) -> Iterator[tuple[str, dict[str, str]] | LeftOut]:
    before = rows.line_num
    for row in rows:
        at, before = where(path, before + 1), rows.line_num
        if not any(cell.strip() for cell in row):
            continue
        if any(NOT_TEXT.search(cell) for cell in row):
            yield LeftOut(at, "not UTF-8 text; save the file as UTF-8")
        elif len(row) != len(names):
            yield LeftOut(
                at, f"{len(row)} cells, expected {len(names)} as in the header; is a quote or delimiter stray?"
            )
        else:
            yield at, dict(zip(names, row, strict=True))


def _unique(names: list[str]) -> list[str]:
    """Column names, a second one of a name with its number."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


def _with_first(first: str, rest: TextIO) -> Iterator[str]:
    yield first
    for line in rest:
        yield line.replace("\0", "\ufffd")


def _record(place: str, text: str) -> tuple[str, dict[str, Any]] | LeftOut:
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as fault:
        return LeftOut(place, f"not JSON ({str(fault)[:80]})")
    if not isinstance(record, dict):
        return LeftOut(place, f"expected a record ({{...}}), got {text[:40]!r}")
    return place, record


class _Document:
    """A JSON document of which a piece is in memory."""

    def __init__(self, path: Path, text: TextIO, chunk: int) -> None:
        self.path, self.text, self.chunk = path, text, chunk
        self.held, self.line = "", 1
        self.decode = json.JSONDecoder().raw_decode

    def more(self) -> bool:
        """Read on; False at the end, and where one record is longer than any."""
        piece = self.text.read(max(self.chunk, len(self.held))) if len(self.held) <= MOST_CHARACTERS else ""
        self.held += piece
        return bool(piece)

    def drop(self, characters: int) -> None:
        self.line += self.held.count("\n", 0, characters)
        self.held = self.held[characters:]

    def skip(self, marks: str = "") -> str:
        """The next character that is neither blank nor one of the marks; '' at the end."""
        while True:
            at = next(
                (i for i, mark in enumerate(self.held) if not mark.isspace() and mark not in marks), len(self.held)
            )
            self.drop(at)
            if self.held or not self.more():
                return self.held[:1]

    def starts_list(self) -> bool:
        return self.skip() == "["

    def is_lines(self) -> bool:
        """Whether the first line is a record of its own."""
        while "\n" not in self.held and self.more():
            pass
        return isinstance(_record("", self.held.partition("\n")[0]), tuple)

    def items(self) -> Iterator[tuple[str, dict[str, Any]] | LeftOut]:
        """The records of a list."""
        self.drop(1)
        while (mark := self.skip(",")) and mark != "]":
            place = where(self.path, self.line)
            try:
                record, end = self.decode(self.held)
                if end == len(self.held) and self.more():  # a number may go on
                    continue
            except (ValueError, RecursionError) as fault:
                if self.more():
                    continue
                yield LeftOut(place, f"not JSON ({str(fault)[:80]}); nothing after it is read")
                return
            good = isinstance(record, dict)
            yield (
                (place, record)
                if good
                else LeftOut(place, f"expected a record ({{...}}), got {self.held[:end][:40]!r}")
            )
            self.drop(end)
        if not mark:
            yield LeftOut(where(self.path, self.line), "the list is not closed; was the copy interrupted?")
