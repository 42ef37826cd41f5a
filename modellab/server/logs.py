"""What the server logs: warnings and worse, one form, and no secret in it, also not of a library or a traceback."""

from __future__ import annotations

import logging
from typing import Any

from modellab.system import escape
from modellab.system.masking import masked


class Masked(logging.Formatter):
    """A line, or a traceback, in which tokens and passwords are `***` and nothing takes effect in a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """The text of a record."""
        return escape.lines(masked(super().format(record)))


def config() -> dict[str, Any]:
    """For uvicorn, as `logging.config` reads it."""
    form = {"()": Masked, "fmt": "%(asctime)s %(levelname)s %(name)s: %(message)s"}
    handler = {"class": "logging.StreamHandler", "formatter": "masked", "stream": "ext://sys.stderr"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"masked": form},
        "handlers": {"stderr": handler},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }
