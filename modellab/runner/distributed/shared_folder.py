"""The executor whose workers pull from a shared folder: any scheduler that can start `modellab worker` starts them.

    FOLDER/key                             the runs' key, for their owner alone (or MODELLAB_QUEUE_KEY)
    FOLDER/<run>/plan                      what to load, signed; a run is one case of a session
    FOLDER/<run>/alive                     touched by the controller
    FOLDER/<run>/workers/<worker>/alive    touched by the worker, in lease
    FOLDER/<run>/workers/<worker>/hello    what loading told, or why it cannot be used; signed
    FOLDER/<run>/workers/<worker>/in/N     a shard for it, signed
    FOLDER/<run>/workers/<worker>/out/N    its answer, signed
    FOLDER/<run>/workers/<worker>/gone     it has left as it was told to
    FOLDER/<run>/workers/<worker>/lost     it was given up; if it lives, it comes again

Files are written beside their place and renamed, so nobody reads half of one. A lease is renewed by touching a file,
and whoever watches sees the change by a clock of its own: no two machines' clocks are compared.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.runner.distributed import plan as plans
from modellab.runner.distributed.controller import DEPTH, Attempt
from modellab.runner.distributed.executor import (
    Done,
    Early,
    Event,
    Failed,
    Gone,
    Loading,
    Lost,
    Plan,
    Refused,
    Up,
    order_of,
)
from modellab.runner.distributed.shard_process import answer_of

KEY = "MODELLAB_QUEUE_KEY"
KEY_BYTES = 32
KEPT_S = 7 * 24 * 3600.0  # what a killed run has left, for its workers' answers when somebody goes on with it
LEASE_S = 30.0  # without a sign of life, after which a worker is given up; and a controller by its workers
TOUCH_S = 2.0
POLL_S = 0.05
SOON_S = 0.005  # between looks where a worker has one shard or none, and is idle until its answer is seen
SHARE = 20  # times as long as a look takes is waited at least: a slow file system is not asked all the time
OF_CASES = ("DatasetError", "AudioError", "ServerError", "UnexpectedError")  # and no fault of the worker


class Watched:
    """A file that somebody touches: how long it has not been, by this process's own clock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = -1
        self._since_s = time.monotonic()

    @property
    def silent_s(self) -> float:
        """Seconds since the last change that was seen."""
        try:
            now = self.path.stat().st_mtime_ns
        except OSError:
            now = -2
        if now != self._seen:
            self._seen, self._since_s = now, time.monotonic()
        return time.monotonic() - self._since_s


@dataclass(slots=True)
class _Member:
    """A worker as its folder shows it."""

    folder: Path
    watched: Watched
    is_loading: bool = False
    is_up: bool = False
    is_over: bool = False  # lost, gone or refused: its answers still count
    asked: set[int] = field(default_factory=set)  # what it has not answered


class SharedFolder:
    """An executor over a folder. It starts nobody: workers come by themselves, whenever they like."""

    def __init__(self, folder: Path) -> None:
        """ConfigError for a folder that cannot be used."""
        self.folder, self.lease_s, self.touch_s = folder, LEASE_S, TOUCH_S
        self.run: Path | None = None
        self.key, self.number = b"", ""
        self.members: dict[str, _Member] = {}
        self.touched_s = self.written_s = 0.0

    def start(self, plan: Plan) -> None:
        """Put up the plan of a case. Answers that are there already, of a run that was stopped, are told as early."""
        self.stop()
        try:
            self.folder.mkdir(exist_ok=True)  # not those above: a share that is not mounted is no empty folder
            self.key = own_key(self.folder)
            self.run = self.folder / run_name(plan)
            (self.run / "workers").mkdir(parents=True, exist_ok=True)
            self.number = secrets.token_hex(8)
            write(self.run / "plan", plans.signed({**plan, "number": self.number}, self.key))
        except FileNotFoundError as error:
            above = f"there is no folder {self.folder.parent}: is the share mounted here?"
            raise ConfigError(f"the shared folder {self.folder} cannot be used: {above}") from error
        except OSError as error:
            raise ConfigError(f"the shared folder {self.folder} cannot be used: {error.strerror or error}") from error
        self.members, self.touched_s, self.written_s = {}, 0.0, time.monotonic()
        self._touch()
        self._sweep(self.run)

    def _sweep(self, own: Path) -> None:
        """Remove what runs have left that were killed a week ago, and that nobody has gone on with."""
        for path in self.folder.glob("*/alive"):
            if path.parent != own and age_s(path, own / "now") > KEPT_S:
                shutil.rmtree(path.parent, ignore_errors=True)

    def submit(self, worker: str, attempt: Attempt) -> None:
        """Give a worker a shard."""
        member = self.members[worker]
        member.asked.add(attempt.number)
        write(member.folder / "in" / f"{attempt.number:09d}", plans.signed(order_of(attempt), self.key))

    def events(self, timeout_s: float) -> Iterator[Event]:
        """What has happened; waits so long for a first event."""
        end_s = time.monotonic() + timeout_s
        while True:
            self._touch()
            began_s = time.monotonic()
            yield from (events := list(self._found()))
            if events or (now_s := time.monotonic()) > end_s:
                return
            working = (member for member in self.members.values() if member.is_up and not member.is_over)
            is_short = any(len(member.asked) < DEPTH for member in working)
            time.sleep(min(POLL_S, max(SOON_S, SHARE * (now_s - began_s)) if is_short else POLL_S))

    def stop(self) -> None:
        """Take the plan away: workers look for another one."""
        if self.run is not None:
            shutil.rmtree(self.run, ignore_errors=True)
            shutil.rmtree(self.run, ignore_errors=True)  # a worker may have written meanwhile
            self.run = None

    def _touch(self) -> None:
        """Give a sign of life. OSError where there was no writing for a lease: no worker can answer either."""
        now_s = time.monotonic()
        if self.run is None or now_s - self.touched_s < self.touch_s:
            return
        self.touched_s = now_s
        try:
            (self.run / "alive").write_bytes(b"\n")  # some bytes, so that a full disk is met
            self.written_s = now_s
        except OSError:
            if now_s - self.written_s > self.lease_s:
                raise

    def _found(self) -> Iterator[Event]:
        assert self.run is not None, "start comes before events"
        for folder in sorted((self.run / "workers").iterdir()):
            if folder.name not in self.members:
                self.members[folder.name] = _Member(folder, Watched(folder / "alive"))
            yield from self._of(folder.name, self.members[folder.name])
        for name, member in self.members.items():
            if not member.is_over and not member.folder.exists():
                member.is_over = True
                yield Lost(name, "it went before it was up: can it write to the folder, and is there room in it?")

    def _of(self, worker: str, member: _Member) -> Iterator[Event]:
        if not member.is_up and not member.is_over:
            yield from self._comes(worker, member)
        for path in sorted((member.folder / "out").glob("[0-9]*")) if (member.folder / "out").is_dir() else ():
            yield from self._answered(worker, member, path)
        if member.is_over or not (member.is_up or member.is_loading):
            return
        if (member.folder / "gone").exists():
            member.is_over = True
            yield Gone(worker)
        elif member.watched.silent_s > self.lease_s:
            loading = "" if member.is_up else " while it loaded the model"
            yield self._lost(worker, member, f"no sign of life for {self.lease_s:.0f} s{loading}")

    def _lost(self, worker: str, member: _Member, why: str) -> Lost:
        """Give a worker up; should it live, it sees that, and comes again under another name."""
        member.is_over = True
        touch(member.folder / "lost")
        return Lost(worker, why)

    def _comes(self, worker: str, member: _Member) -> Iterator[Event]:
        """What a worker says when it begins."""
        hello = self._read(member.folder / "hello")
        if hello is None:
            if not member.is_loading and (member.folder / "alive").exists():
                member.is_loading = True
                yield Loading(worker)
        elif hello["number"] != self.number:  # of a controller that is gone: only its answers count
            member.is_over = True
        elif hello.get("refused"):
            member.is_over = True
            yield Refused(worker, str(hello["refused"]))
        else:
            member.is_up = True
            yield Up(worker, hello)

    def _answered(self, worker: str, member: _Member, path: Path) -> Iterator[Event]:
        """What the file of an answer says. A worker whose answer cannot be read is given up: it sends no other one."""
        try:
            reply = plans.verified(path.read_bytes(), self.key)
        except OSError:  # a file system that is away for a moment: it is looked at again
            return
        except ConfigError as error:
            reply = None
            if path.name.isdecimal() and int(path.name) in member.asked and not member.is_over:
                yield self._lost(worker, member, f"its answer {path.name} cannot be read: {error}")
        path.unlink(missing_ok=True)
        if reply:
            yield from self._answer(worker, member, reply)

    def _answer(self, worker: str, member: _Member, reply: dict[str, Any]) -> Iterator[Event]:
        if "failed" in reply:
            member.is_over = True
            of_case = reply["failed"] in OF_CASES
            why = f"{reply['failed']}: {reply['text']}"
            yield Failed(worker, reply["failed"], reply["text"]) if of_case else Lost(worker, why)
            return
        answer, attempt = answer_of(reply), int(reply["attempt"])
        if attempt in member.asked and not member.is_over:
            member.asked.discard(attempt)
            yield Done(worker, attempt, answer, reply["audio"])
        else:
            yield Early(worker, int(reply["start"]), answer)

    def _read(self, path: Path) -> dict[str, Any] | None:
        """A signed message; None where there is none, or one that is not signed with the run's key."""
        try:
            return plans.verified(path.read_bytes(), self.key)
        except (OSError, ConfigError):
            return None


def run_name(plan: Plan) -> str:
    """The folder of a run: the same for a session that is gone on with."""
    return re.sub(r"[^\w.-]", "_", f"{plan['session']}-{plan['case']}")


def own_key(folder: Path, *, make: bool = True) -> bytes:
    """The key that messages are signed with. ConfigError for one that others could read."""
    if given := os.environ.get(KEY):
        return given.encode()
    path = folder / "key"
    if not (make or path.exists()):
        raise ConfigError(f"there is no {path}: the run's key is in its environment; give it to this worker as {KEY}")
    if make and not path.exists():
        made = path.with_name(f"key.{secrets.token_hex(4)}")
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, secrets.token_hex(KEY_BYTES).encode())
        os.close(descriptor)
        with suppress(FileExistsError):  # the first one counts
            os.link(made, path)
        made.unlink()
    about = path.stat()
    if about.st_uid != os.getuid() or about.st_mode & 0o077:
        seen = f"{path} is not this user's alone (owner {about.st_uid}, mode {about.st_mode & 0o777:o})"
        raise ConfigError(f"{seen}: whoever has it decides what workers run; give it mode 600, or the key as {KEY}")
    return path.read_bytes()


def write(path: Path, data: bytes) -> None:
    """A file that is there whole, or not at all."""
    path.parent.mkdir(exist_ok=True)  # not those above: they are gone when a run is over
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    made.write_bytes(data)
    os.replace(made, path)


def age_s(path: Path, beside: Path) -> float:
    """Seconds since a file was touched, by the clock of its file system: `beside` is made for that, and gone again."""
    try:
        beside.touch()
        now_ns = beside.stat().st_mtime_ns
        beside.unlink()
        return (now_ns - path.stat().st_mtime_ns) / 1e9
    except OSError:
        return 0.0  # nobody can tell, so nobody is taken for gone


def touch(path: Path) -> None:
    """Renew a sign of life, with the file system's own time."""
    with suppress(OSError):  # the run is over, or the folder is away: whoever watches sees no change
        path.touch()
