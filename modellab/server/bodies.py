"""The JSON of a request's body."""

from __future__ import annotations

import json
from typing import Any

from modellab.server.errors import ApiError


def json_object(body: bytes) -> dict[str, Any]:
    """The object of a body; ApiError 400 where it is none, or holds half a character (a lone surrogate)."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "invalid_json", "the body is no JSON: expected an object") from None
    if not isinstance(parsed, dict):
        raise ApiError(400, "invalid_json", "the body is no JSON object")
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ApiError(400, "invalid_json", "a text of the body has half a character: a lone surrogate") from None
    return parsed
