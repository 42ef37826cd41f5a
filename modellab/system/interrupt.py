"""Ctrl-C while a program starts or ends: it ends at once, by the signal itself, and prints nothing.

A run that SIGTERM or SIGHUP ends while it begins says so in a sentence: nobody typed these, and whoever reads the log
of a scheduler looks for the reason.

Python raises KeyboardInterrupt wherever it is at that moment. While modules are imported that is within other people's
code, where it becomes a traceback, an error of their own, or nothing at all.

`python -m modellab.system.interrupt MODULE ARGUMENTS` is `python -m MODULE ARGUMENTS` with that beginning. Where its
work begins, the module takes the signal back (`raises`) or has a handler of its own; for pytest a hook here does it.
"""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # all that `signal` is made of, without its enums: 5 ms less
import os
import sys

TYPE_CHECKING = False  # as in `modellab/__init__.py`
if TYPE_CHECKING:  # pragma: no cover
    from collections.abc import Mapping

ENDED = 130  # as a shell has it of whoever was ended by Ctrl-C
TOLD = {getattr(signal, name): name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)}


def ends_at_once() -> None:
    """From now on Ctrl-C ends this process; who ignores it (`nohup`, `&` in a script) or has a handler keeps that."""
    _hand_over(signal.default_int_handler, signal.SIG_DFL)


def raises() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt, as Python has it by itself."""
    _hand_over(signal.SIG_DFL, signal.default_int_handler)


def tells_of_it() -> None:
    """From now on SIGTERM and SIGHUP end this process with a sentence, until somebody listens to them."""
    owner, output = os.getpid(), _second_output()

    def ended_early(number: int, _: object) -> None:
        if os.getpid() == owner:  # and no copy of it, which somebody made and ends
            try:  # noqa: SIM105 - contextlib takes as long to import as all else here
                os.write(output, f"modellab: stopped by {TOLD[number]} before anything was run\n".encode())
            except OSError:  # nobody can be told
                pass
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    for number in TOLD:
        _hand_over(signal.SIG_DFL, ended_early, number)


def is_early(handler: object) -> bool:
    """Whether a signal's handler is that of `tells_of_it`, which anybody may replace."""
    # By name: this module may be there twice, once as __main__.
    return getattr(handler, "__name__", "") == "ended_early"


def _second_output() -> int:
    """The standard error as it is now: pytest puts a file of its own in its place."""
    try:
        return os.dup(2)
    except OSError:  # it is closed
        return 2


def command(module: str) -> list[str]:
    """`python -m MODULE` as a list; Ctrl-C while it starts ends it, and nothing is printed."""
    return [sys.executable, "-m", __name__, module, *(["-p", __name__] if module == "pytest" else [])]


def become(program: list[str], environment: Mapping[str, str] | None = None) -> None:
    """Become that program; signals wait until its Python has started."""
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, *TOLD})
    try:
        os.execve(program[0], program, os.environ if environment is None else environment)  # noqa: S606 - no shell
    finally:  # it could not be started
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, *TOLD})


def pytest_sessionstart() -> None:
    """pytest, which has imported what it needs: it tells of an interruption itself from here on."""
    raises()
    for number in TOLD:
        if is_early(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)


def is_cause(error: BaseException | None) -> bool:
    """Whether an error came of KeyboardInterrupt, which extension modules turn into one of their own."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__cause__ or error.__context__
    return False


def _hand_over(present: object, new: object, number: int = signal.SIGINT) -> None:
    if signal.getsignal(number) is present:
        signal.signal(number, new)


if __name__ == "__main__":
    ends_at_once()
    if sys.argv[1] == "pytest":
        tells_of_it()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, *TOLD})  # see `become`
    import runpy

    for name in ("modellab", "modellab.system"):  # pytest wants to import what it rewrites itself
        del sys.modules[name]
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
