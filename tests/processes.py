"""Processes as tests look at them: one that ends in that moment is gone, and no error."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


def is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that nobody has waited for yet does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def alive(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that still run."""
    return [each for each in processes if is_alive(each)]


def workers_below(pid: int | None = None) -> list[psutil.Process]:
    """The processes below one, or below this one, that hold a model."""
    return [each for each in psutil.Process(pid).children(recursive=True) if "modellab.worker" in _command(each)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:  # a zombie is one, too
        return ""
