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
    TooLongError,
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


class NothingNewError(Exception):
    """Whoever follows something has seen all of it, and no more will come: a 204, at which no client asks again."""


def of(error: Exception, *, path: str = "", name: str = "the upload") -> ApiError:
    """What an error of ours means to a client: one line, without places of this machine."""
    message = sentence(error)
    message = masked(message.replace(path, name) if path else message)  # a secret may be a part of the path
    if isinstance(error, OSError) and error.errno in FULL:
        return ApiError(507, "disk_full", "the server has no room on its disk for this", headers=SOON)
    for kinds, (status, code, wording, param, headers) in MEANINGS.items():
        if isinstance(error, kinds):
            return ApiError(status, code, wording or message, param, dict(headers))
    return ApiError(500, "internal_error", "something here failed; the server's log says what")


AT_ONCE, SOON = {"Retry-After": "1"}, {"Retry-After": "5"}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
HUNG = "the model gave no answer in the time that so much audio may take"
LOST = "the model's process was lost twice over this request"
NOT_KEPT = "a text or a number of this request cannot be kept"
NO_DATABASE = "the server's database does not answer"
Meaning = tuple[int, str, str, str | None, dict[str, str]]  # status, code, message or its own, param, headers
MEANINGS: dict[tuple[type[Exception], ...], Meaning] = {  # the first that fits
    (TooLongError,): (413, "audio_too_long", "", "file", {}),
    (AudioError, DatasetError): (400, "invalid_audio", "", "file", {}),
    (HangError,): (504, "model_timeout", HUNG, None, {}),
    (CrashError,): (503, "worker_lost", LOST, None, AT_ONCE),
    (LoadError, WeightsError): (503, "model_unavailable", "", "model", {}),
    (ModelError,): (422, "model_failed", "", None, {}),
    (WorkerError, ModellabError): (503, "worker_lost", "", None, AT_ONCE),
    (DataError,): (400, "invalid_value", NOT_KEPT, None, {}),
    (SQLAlchemyError,): (503, "database_unavailable", NO_DATABASE, None, SOON),
}
