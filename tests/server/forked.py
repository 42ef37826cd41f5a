"""Servers as forks of one process that has imported theirs: to import is four fifths of what the start of one costs.

A fork is a process of its own, with the environment, the folder and the standard error that it is given, as
`python -m modellab.server` is. The tests of `modellab serve` start real ones.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
from collections.abc import Mapping
from functools import cache
from multiprocessing.context import ForkServerContext
from typing import TextIO

# Runs in the fork. What the process registered for its end belongs to it, as multiprocessing leaves it out.
CODE = """
import atexit, os, sys
os.dup2(error.fileno(), 2)
error.close()
os.environ.clear()
os.environ.update(environment)
sys.stderr = open(2, "w", closefd=False)
from modellab.server import serving
try:
    sys.exit(serving.main(*arguments))
finally:
    atexit._run_exitfuncs()
"""
IMPORTED = ["modellab.server.serving", "sqlalchemy.dialects.sqlite"]


@cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(IMPORTED)
    return context


class Forked:
    """A server's process, with what tests ask of a `subprocess.Popen`. `stderr` is what it says."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        reader, writer = _context().Pipe(duplex=False)
        given = {"arguments": arguments, "environment": dict(environment), "error": writer}
        self._process = _context().Process(target=exec, args=(CODE, given))
        with reader, writer:
            self.stderr: TextIO = os.fdopen(os.dup(reader.fileno()), "r")
            self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, once it has ended."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("modellab.server", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send one, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
