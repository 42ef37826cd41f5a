"""Errors in OpenAI's shape: `{"error": {"message", "type", "param", "code"}}` with a status that its clients know."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import DataError, SQLAlchemyError

from modellab.errors import (
    AudioError,
    CrashError,
    DatasetError,
    HangError,
    LoadError,
    ModelError,
    ModellabError,
    WeightsError,
    WorkerError,
    sentence,
)
from modellab.system.masking import masked

INVALID, SERVER, RATE = "invalid_request_error", "server_error", "rate_limit_error"


@dataclass
class ApiError(Exception):
    """An answer that is an error; `param` is the field of the request that it is about."""

    status: int
    code: str
    message: str
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.message

    def body(self) -> dict[str, Any]:
        """What the client gets."""
        kind = RATE if self.status == 429 else INVALID if self.status < 500 else SERVER
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def of(error: Exception, *, path: str = "", name: str = "the upload") -> ApiError:
    """What an error of ours means to a client: one line, without places of this machine."""
    said = sentence(error)
    said = masked(said.replace(path, name) if path else said)  # a secret may be a part of the path
    if isinstance(error, AudioError | DatasetError):
        return ApiError(400, "invalid_audio", said, "file")
    if isinstance(error, HangError):
        return ApiError(504, "model_timeout", "the model gave no answer in the time that so much audio may take")
    if isinstance(error, CrashError):
        return ApiError(503, "worker_lost", "the model's process was lost twice over this request", headers=AT_ONCE)
    if isinstance(error, LoadError | WeightsError):
        return ApiError(503, "model_unavailable", said, "model")
    if isinstance(error, ModelError):
        return ApiError(422, "model_failed", said)
    if isinstance(error, WorkerError | ModellabError):
        return ApiError(503, "worker_lost", said, headers=AT_ONCE)
    if isinstance(error, DataError):
        return ApiError(400, "invalid_value", "a text or a number of this request cannot be kept")
    if isinstance(error, SQLAlchemyError):
        return ApiError(503, "database_unavailable", "the server's database does not answer", headers=SOON)
    if isinstance(error, OSError) and error.errno in FULL:
        return ApiError(507, "disk_full", "the server has no room on its disk for this", headers=SOON)
    return ApiError(500, "internal_error", "something here failed; the server's log says what")


AT_ONCE, SOON = {"Retry-After": "1"}, {"Retry-After": "5"}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
