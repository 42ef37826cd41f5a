"""What went wrong between a server and its client, in words; and how long to wait before asking again."""

from __future__ import annotations

import json
import random
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from modellab.system import escape
from modellab.system.masking import masked

QUOTED = 200  # characters of what a server says
WAITS_S = (0.5, 8.0)  # before the second try, and at most; doubled from try to try


def server_message(body: bytes) -> str:
    """What a server says in the body of an answer, on one line: the message of an error in JSON, else its beginning.

    >>> server_message(b'{"error": {"message": "no such model", "type": "invalid"}}')
    'no such model'
    >>> server_message(b"<html>\\n<body>Oops"), server_message(b"")
    ('<html> <body>Oops', '')
    """
    text = body[:4096].decode("utf-8", "replace")
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    for key in ("error", "detail", "message", "err_msg"):
        if isinstance(value, dict) and value.get(key):
            value = value[key]
    if isinstance(value, dict | list):
        text = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, str):
        text = value
    short = " ".join(masked(text).split())
    return escape.visible(short if len(short) <= QUOTED else f"{short[:QUOTED]}...")


def retry_after_s(text: str, now: datetime | None = None) -> float | None:
    """What a Retry-After header asks to wait, in s; None for none or for one that is none.

    >>> retry_after_s("3"), retry_after_s("soon"), retry_after_s("-1")
    (3.0, None, None)
    """
    try:
        wait_s = float(text)
    except ValueError:
        try:
            then = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        wait_s = (then.replace(tzinfo=then.tzinfo or UTC) - (now or datetime.now(UTC))).total_seconds()
        return max(0.0, wait_s)
    return wait_s if 0 <= wait_s < float("inf") else None


def backoff_s(number: int) -> float:
    """How long to wait after so many tries: longer each time, and not all clients at once."""
    first_s, most_s = WAITS_S
    return min(most_s, first_s * 2.0 ** (number - 1)) * (1 - 0.25 * random.random())  # noqa: S311  (no secret)


def gave_up(fault: str, tries: int, took_s: float, wait_s: float) -> str:
    """That no further try is made, after which fault, tries and seconds."""
    again = f"; it asks to wait {wait_s:.0f} s" if wait_s > WAITS_S[1] else ""
    return f"{fault}; given up after {tries} {'try' if tries == 1 else 'tries'} in {took_s:.0f} s{again}"


def tls(url: str, fault: ssl.SSLError) -> str:
    """That nobody can be sure who is at the other end, and why."""
    told = getattr(fault, "verify_message", "") or getattr(fault, "reason", "") or kind(fault)
    return f"{url} has no TLS connection that can be trusted ({told}): is https right, and SSL_CERT_FILE?"


def cause(error: BaseException) -> BaseException:
    """What an error of the library was at first."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error


def kind(error: BaseException) -> str:
    """An error of the library in few words."""
    text = " ".join(masked(str(error)).split()) or type(error).__name__
    return escape.visible(text[:QUOTED])
