"""A process that holds one model: `python -m modellab.worker`, JSON lines over two private pipes.

The parent's side is `Worker`, the child's is `serve`. Whatever the model's libraries print goes to a log of bounded
size, whose end is part of every failure. A hang is killed, a crash is told with its signal, what is no reply is told as
what it is, and the child dies with its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NoReturn

from modellab.audio.saved import SCRATCH
from modellab.errors import (
    MOST_CHARACTERS,
    CrashError,
    DatasetError,
    HangError,
    LoadError,
    ModelError,
    ModellabError,
    ProtocolError,
    WorkerError,
    shortened,
    told,
    trace,
)
from modellab.runner import worker_environment
from modellab.runner.engine import Engine, pin_threads
from modellab.runner.meters.process import thread_environment
from modellab.runner.worker_log import WorkerLog
from modellab.runner.worker_pipes import MOST_REPLY_BYTES, PROTOCOL, Pipes, too_long
from modellab.system import allocator, leftovers
from modellab.system.masking import masked

PR_SET_PDEATHSIG = 1
PICKLES = {"TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}  # a checkpoint is data: torch.load runs no code of it, whoever calls
MoreTime = Callable[[], float]  # the seconds that a call may take, found out when they are needed
END_S = 5.0  # how long a process that was killed may take to go
FORKED_S = 0.1  # how long an answer waits for a second process that the model has forked, which may answer too


class Worker:
    """The parent's handle on one worker process. Not safe for use by several threads.

    `python`, `cwd` and `env` (variables besides those that pass) choose another environment or another modellab;
    `further` names variables of this process that also pass; `older`: the modellab there may be an older one.
    """

    def __init__(
        self,
        threads: int,
        python: str = sys.executable,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        further: Iterable[str] = (),
        *,
        older: bool = False,
    ) -> None:
        with ExitStack() as undo:
            try:
                self.scratch = leftovers.Folder("worker")
                undo.callback(self.scratch.close)
                self.log = WorkerLog()
                undo.callback(self.log.close)
                self.pipes = Pipes(self._is_alive, older=older)
                undo.callback(self.pipes.close)
            except (OSError, RuntimeError) as error:  # no room, no file descriptors, no thread
                what = f"no worker could be started: {error}"
                raise WorkerError(f"{what}: is the disk full, or `ulimit -n` small?") from error
            given = {**worker_environment.passed(further), **self._environment(threads), **(env or {})}
            self._start([python, "-m", "modellab.worker"], cwd, given)
            undo.pop_all()
        self.log.started()
        self.pipes.started()

    def _start(self, command: list[str], cwd: Path | None, env: Mapping[str, str]) -> None:
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

    def _environment(self, threads: int) -> dict[str, str]:
        scratch = str(self.scratch.path)  # also of temporary files that a killed process cannot remove
        return {
            **thread_environment(threads),
            **allocator.ENVIRONMENT,
            **PICKLES,
            "PYTHONUNBUFFERED": "1",
            SCRATCH: scratch,
            "TMPDIR": scratch,
        }

    def _is_alive(self) -> bool:
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
            raise_reply(verb, reply, self.log.tail())
        return reply

    def _crash(self, verb: str) -> CrashError:
        try:
            code = self.process.wait(timeout=END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            closed = f"the worker closed its pipe during {verb!r} and went on running: killed"
            return CrashError(closed + self.log.tail())
        return CrashError(f"the worker died during {verb!r}: {exit_reason(code)}{self.log.tail()}")

    def kill(self) -> None:
        """End the worker and whatever it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=END_S)

    def close(self) -> None:
        """Ask the worker to go, insist after a second, and remove its log and what it wrote."""
        self.pipes.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        self.kill()
        self.log.close()
        self.scratch.close()


class InProcess:
    """The same handle without a process, for a debugger: no timeout, no crash barrier, no separate memory."""

    def __init__(self, threads: int) -> None:
        pin_threads(threads)
        os.environ.update(PICKLES)
        self.engine = Engine()

    def ask(
        self,
        verb: str,
        order: Mapping[str, Any],
        timeout_s: float,  # noqa: ARG002
        more_s: MoreTime | None = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        """Call the engine at once."""
        reply: dict[str, Any] = getattr(self.engine, verb)(order)
        return reply

    def close(self) -> None:
        self.engine.close()


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


def raise_reply(verb: str, reply: Mapping[str, Any], tail: str) -> NoReturn:
    """Raise the error that a reply carries, as what it means to the parent."""
    text, where = masked(str(reply["error"])), masked(str(reply.get("trace", "")))
    if reply.get("kind") == "dataset":
        raise DatasetError(text)
    if verb == "load":
        raise LoadError(f"the model could not be loaded: {text}\n{where}{tail}")
    raise ModelError(f"{text}\n{where}")


def serve(requests: int, replies: int) -> None:
    """The child's loop: a line in, a line out, until the parent is gone."""
    engine, own = Engine(), os.getpid()
    forks: list[bool] = []
    os.register_at_fork(after_in_parent=lambda: forks.append(True))
    with os.fdopen(requests, "rb") as lines, os.fdopen(replies, "wb") as out:
        for line in lines:
            order = json.loads(line)
            answer = _answer(engine, order)
            if os.getpid() != own:
                out.write(_line(order, _fault(f"the model forked during {order['verb']!r}, and both processes answer")))
                out.flush()
                os._exit(1)
            if forks:
                time.sleep(FORKED_S)
                forks.clear()
            out.write(_line(order, answer))
            out.flush()


def _line(order: Mapping[str, Any], answer: Mapping[str, Any]) -> bytes:
    """An answer as the line of a reply; an answer that is none is an error."""
    number = {"id": order["id"]} if "id" in order else {}  # an older parent sends none
    try:
        line = json.dumps({**number, **answer}).encode()
    except Exception as error:  # noqa: BLE001 - the process boundary, as below
        line = json.dumps({**number, **_raised(error)}).encode()
    if len(line) > MOST_REPLY_BYTES:
        line = json.dumps({**number, **_fault(too_long(len(line)))}).encode()
    return line + b"\n"


def _answer(engine: Engine, order: Mapping[str, Any]) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = getattr(engine, order["verb"])(order)
        return answer
    except Exception as error:  # noqa: BLE001 - the process boundary: whatever a model's code raises becomes one failed utterance
        return _raised(error)


def _raised(error: Exception) -> dict[str, Any]:
    """The reply about what was raised."""
    try:
        text = shortened(str(error), MOST_CHARACTERS) if isinstance(error, ModellabError) else told(error)
        str(error)
    except Exception:  # noqa: BLE001 - its own code is broken, so nothing it says of the utterance can be believed
        return _fault(f"the model raised {told(error)}\n{trace(error)}")
    return {"error": text, "kind": "dataset" if isinstance(error, DatasetError) else "model", "trace": trace(error)}


def _fault(text: str) -> dict[str, Any]:
    """The reply that says that this process cannot be trusted any more."""
    return {"error": text, "kind": PROTOCOL, "trace": ""}


def _die_with_parent() -> None:
    """Linux: get SIGKILL when the parent ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> NoReturn:
    """Serve the pipes whose numbers are on the command line, until their other ends close."""
    _die_with_parent()
    serve(int(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.flush()
    os._exit(0)  # its engine's libraries take up to half a second to be taken down; what it wrote its parent removes
