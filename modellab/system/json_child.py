"""A child process that is asked in JSON lines, one request and one reply at a time.

    parent                                           child
    JsonChild(command).ask(verb, order, timeout_s)   run(answer), with `answer` a function from an order to a reply

What the child prints goes to a log of bounded size, whose end is part of every failure. A hang is killed, a crash is
told with its signal, what is no reply is told as what it is, what `answer` raises is a reply that says so. The child
dies with its parent: on Linux at once, elsewhere when its pipe ends.
"""

from __future__ import annotations

import ctypes
import io
import json
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NoReturn

from modellab.errors import (
    MOST_CHARACTERS,
    CrashError,
    DatasetError,
    HangError,
    ModellabError,
    ProtocolError,
    ServerError,
    WorkerError,
    shortened,
    told,
    trace,
)
from modellab.system import descendants
from modellab.system.child_log import ChildLog
from modellab.system.json_lines import MOST_REPLY_BYTES, PROTOCOL, Pipes, too_long

PR_SET_PDEATHSIG = 1
END_S = 5.0  # how long a process that was killed may take to go
FORKED_S = 0.1  # how long an answer waits for a second process that the child has forked, which may answer too
KINDS = {DatasetError: "dataset", ServerError: "server"}  # of errors that are not the model's
MoreTime = Callable[[], float]  # the seconds that a call may take, found out when they are needed
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class JsonChild:
    """The parent's handle. Not safe for use by several threads, but for `kill`.

    The command gets the numbers of two pipes after its own arguments. `env` is None for this process's; `older`: the
    modellab there may be an older one; a reply may have `most_bytes`.
    """

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        *,
        older: bool = False,
        most_bytes: int = MOST_REPLY_BYTES,
        end_s: float = END_S,
    ) -> None:
        self.end_s = end_s
        with ExitStack() as undo:
            try:
                self.log = ChildLog()
                undo.callback(self.log.close)
                self.pipes = Pipes(self.is_alive, older=older, most_bytes=most_bytes)
                undo.callback(self.pipes.close)
            except (OSError, RuntimeError) as error:  # no file descriptors, no thread
                raise not_started(error) from error
            self._start(command, cwd, env)
            undo.pop_all()
        self.log.started()
        self.pipes.started()

    def _start(self, command: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None) -> None:
        self.mark, env = descendants.marked(os.environ if env is None else env)
        try:
            self.process = subprocess.Popen(
                [*command, *map(str, self.pipes.theirs)],
                stdin=subprocess.DEVNULL,
                stdout=self.log.end,
                stderr=subprocess.STDOUT,
                pass_fds=self.pipes.theirs,
                cwd=cwd,
                env=env,
                start_new_session=True,
            )
        except OSError as error:  # no memory, too many processes, no such Python
            raise WorkerError(f"no worker process could be started with {command[0]}: {error}") from error

    def is_alive(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def ask(
        self, verb: str, order: Mapping[str, Any], timeout_s: float, more_s: MoreTime | None = None
    ) -> dict[str, Any]:
        """One request, one reply. Raises what went wrong on the other side as a ModellabError.

        Where no reply has come within `timeout_s`, `more_s` is asked for a limit that takes longer to find out.
        """
        begun_s = time.monotonic()
        try:
            try:
                reply = self.pipes.ask({"verb": verb, **order}, begun_s + timeout_s)
            except TimeoutError:
                timeout_s = max(timeout_s, more_s() if more_s else 0.0)
                reply = self.pipes.answer(begun_s + timeout_s)
        except TimeoutError:
            self.kill()
            within = f"no answer to {verb!r} within {timeout_s:g} s"
            raise HangError(f"{within}: the worker was killed{self.log.tail()}") from None
        except EOFError:
            raise self._crash(verb) from None
        except ProtocolError as error:
            self.kill()
            raise ProtocolError(f"{error} (during {verb!r}; the worker was killed){self.log.tail()}") from error
        except BaseException:  # Ctrl-C: the reply would come when nobody waits for it
            self.kill()
            raise
        if "error" in reply:
            self.fail(verb, reply)
        return reply

    def fail(self, verb: str, reply: Mapping[str, Any]) -> NoReturn:
        """Raise the error that a reply carries."""
        raise WorkerError(f"{reply['error']} (during {verb!r})")

    def _crash(self, verb: str) -> CrashError:
        try:
            code = self.process.wait(timeout=self.end_s)
        except subprocess.TimeoutExpired:
            self.kill()
            closed = f"the worker closed its pipe during {verb!r} and went on running: killed"
            return CrashError(closed + self.log.tail())
        return CrashError(f"the worker died during {verb!r}: {exit_reason(code)}{self.log.tail()}")

    def kill(self) -> None:
        """End the process and whatever it started, at once, also what has a session of its own."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        descendants.end(self.mark)
        try:
            self.process.wait(timeout=self.end_s)
        except subprocess.TimeoutExpired:  # a busy machine, a driver that holds it: it goes later, beside what goes on
            with suppress(RuntimeError):  # no thread is to be had, or Python ends
                threading.Thread(target=self.process.wait, name="reaper", daemon=True).start()

    def close(self) -> None:
        """Ask it to go, insist after a second, and let go of its log."""
        self.pipes.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        self.kill()
        self.log.close()


def not_started(error: Exception) -> WorkerError:
    """There is no room, no file descriptor, no thread for a child."""
    return WorkerError(f"no worker could be started: {error}: is the disk full, or `ulimit -n` small?")


def exit_reason(code: int) -> str:
    """A process's exit code in words.

    >>> exit_reason(-11)
    'killed by SIGSEGV (segmentation fault)'
    >>> exit_reason(3)
    'it exited with status 3'
    """
    if code >= 0:
        return f"it exited with status {code}"
    number = -code
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    known = {"SIGSEGV": "segmentation fault", "SIGKILL": "out of memory, or killed by hand", "SIGABRT": "abort"}
    return f"killed by {name}" + (f" ({known[name]})" if name in known else "")


# ---------------------------------------------------------------------------- the child's side


def run(
    answer: Answer,
    idle_s: float = math.inf,
    most_bytes: int = MOST_REPLY_BYTES,
    meanwhile: Callable[[], None] = lambda: None,
) -> NoReturn:
    """Answer on the pipes whose numbers end the command line, until their other ends close or nobody asks any more.

    `meanwhile` is called after each reply; it raises nothing.
    """
    die_with_parent()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # what is printed is in the log before the process can die
    serve(int(sys.argv[-2]), int(sys.argv[-1]), answer, idle_s, most_bytes, meanwhile)
    sys.stdout.flush()
    os._exit(0)  # its libraries take up to half a second to be taken down; what it wrote its parent removes


def die_with_parent() -> None:
    """Linux: get SIGKILL when the parent ends (the thread of it that started this process), however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(
    requests: int,
    replies: int,
    answer: Answer,
    idle_s: float = math.inf,
    most_bytes: int = MOST_REPLY_BYTES,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """A line in, a line out, until the parent is gone or has not asked for `idle_s`."""
    own = os.getpid()
    forks: list[bool] = []
    os.register_at_fork(after_in_parent=lambda: forks.append(True))
    with os.fdopen(requests, "rb") as lines, os.fdopen(replies, "wb") as out:

        def only_one(order: Mapping[str, Any]) -> None:
            if os.getpid() != own:
                forked = _fault(f"the model forked during {order['verb']!r}, and both processes answer")
                out.write(_line(order, forked, most_bytes))
                out.flush()
                os._exit(1)

        while (math.isinf(idle_s) or select.select([lines], [], [], idle_s)[0]) and (line := lines.readline()):
            order = json.loads(line)
            reply = _answer(answer, order)
            only_one(order)
            if forks:
                time.sleep(FORKED_S)
                forks.clear()
            out.write(_line(order, reply, most_bytes))
            out.flush()
            meanwhile()
            only_one(order)


def _line(order: Mapping[str, Any], reply: Mapping[str, Any], most_bytes: int) -> bytes:
    """An answer as the line of a reply; an answer that is none is an error."""
    number = {"id": order["id"]} if "id" in order else {}  # an older parent sends none
    try:
        line = json.dumps({**number, **reply}).encode()
    except Exception as error:  # noqa: BLE001 - the process boundary, as below
        line = json.dumps({**number, **_raised(error)}).encode()
    if len(line) > most_bytes:
        line = json.dumps({**number, **_fault(too_long(len(line), most_bytes))}).encode()
    return line + b"\n"


def _answer(answer: Answer, order: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return answer(order)
    except Exception as error:  # noqa: BLE001 - the process boundary: whatever a model's code raises becomes one failed utterance
        return _raised(error)


def _raised(error: Exception) -> dict[str, Any]:
    """The reply about what was raised."""
    try:
        text = shortened(str(error), MOST_CHARACTERS) if isinstance(error, ModellabError) else told(error)
        str(error)
    except Exception:  # noqa: BLE001 - its own code is broken, so nothing it says of the utterance can be believed
        return _fault(f"the model raised {told(error)}\n{trace(error)}")
    kind = next((kind for of, kind in KINDS.items() if isinstance(error, of)), "model")
    return {"error": text, "kind": kind, "trace": trace(error)}


def _fault(text: str) -> dict[str, Any]:
    """The reply that says that this process cannot be trusted any more."""
    return {"error": text, "kind": PROTOCOL, "trace": ""}
