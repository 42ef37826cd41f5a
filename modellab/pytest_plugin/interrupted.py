"""pytest glue: SIGTERM and SIGHUP end a session as Ctrl-C does: with its scorecard, and with each case in the ledger.

What schedulers, service managers and closed terminals send would end the process silently.
"""

from __future__ import annotations

import pytest

from modellab.runner import stopping


class Interrupted:
    """Listens as long as the controlling process lives. What is written at the end of a session is not interrupted."""

    def __init__(self) -> None:
        self.signals = stopping.AsCtrlC()
        self.signals.listen()
        self.session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Let cases whose turn does not come say why."""
        self.signals.is_ending = True
        if self.session and isinstance(excinfo.value, stopping.Stopped):
            self.session.shouldstop = stopping.why(excinfo.value)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.signals.is_ending = True

    def pytest_unconfigure(self) -> None:
        self.signals.close()
