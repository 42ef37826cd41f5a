"""Text files of annotations, a line each: what RTTM, UEM and STM have in common."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from modellab.errors import DatasetError


def lines(path: Path, comment: str = ";") -> Iterator[tuple[int, str]]:
    """The number and the text of each line that says something; DatasetError for a file that cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file") from None
    except UnicodeDecodeError as fault:
        raise DatasetError(f"{path}: not UTF-8 text ({fault.reason} at byte {fault.start})") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith(comment):
            yield number, line
