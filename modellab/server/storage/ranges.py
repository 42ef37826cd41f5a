"""Which bytes of a file a request asks for: the header `Range`."""

from __future__ import annotations

import re

from modellab.server.errors import ApiError

ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def asked(header: str, size: int) -> tuple[int, int] | None:
    """(first, after the last) byte; None for all of them, which several ranges at once get, too. ApiError 416.

    >>> asked("bytes=0-4", 10), asked("bytes=7-", 10), asked("bytes=-2", 10), asked("lines=1-2", 10)
    ((0, 5), (7, 10), (8, 10), None)
    """
    match = ONE.fullmatch(header.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start, end = int(match[1]), min(size, int(match[2]) + 1 if match[2] else size)
        if match[2] and int(match[2]) < start:
            return None  # it makes no sense, and is ignored as the standard says
    if start >= size:
        message = f"Range is {header[:60]!r}, the file has {size:,} bytes"
        raise ApiError(416, "range_not_satisfiable", message, "Range", {"Content-Range": f"bytes */{size}"})
    return start, end
