"""Passwords: kept as argon2id, checked in a thread, one at a time (19 MiB each), and not tried for ever."""

from __future__ import annotations

import functools
import secrets

import anyio
import anyio.to_thread
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from modellab.server.errors import ApiError

SHORTEST, LONGEST = 12, 1024  # characters

_hashing = PasswordHash([Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)])  # OWASP's, 19 MiB each
_one = anyio.CapacityLimiter(1)


def kept(password: object) -> str:
    """A password as the database has it; ApiError for one that is too short."""
    if not isinstance(password, str) or not SHORTEST <= len(password) <= LONGEST:
        raise ApiError(400, "invalid_value", f"a password has {SHORTEST} to {LONGEST:,} characters", "password")
    return _hashing.hash(password)


@functools.cache
def _nobodys() -> str:
    """Checked where there is no such account, so that it takes as long."""
    return _hashing.hash(secrets.token_urlsafe(16))


async def is_right(password: str, known: str | None) -> bool:
    """Whether a password is the one of an account; None for an account that has none."""
    if len(password) > LONGEST:
        return False
    is_same = await anyio.to_thread.run_sync(_hashing.verify, password, known or _nobodys(), limiter=_one)
    return bool(known) and is_same
