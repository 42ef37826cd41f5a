"""Names that accounts, tokens and projects may have, and how a secret is kept."""

from __future__ import annotations

import hashlib
import re

from modellab.server.errors import ApiError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
PROJECT = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def checked(name: object, param: str = "name") -> str:
    """A name that an account or a token may have; ApiError for others."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        message = f"{param} is {str(name)[:60]!r}, expected up to 64 letters, digits and . _ @ + -"
        raise ApiError(400, "invalid_value", message, param)
    return name


def digest(secret: str) -> str:
    """How a secret of 256 random bits is kept."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
