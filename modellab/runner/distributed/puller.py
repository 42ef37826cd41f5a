"""A worker that pulls shards from a shared folder, for whatever run puts up its plan there (`shared_folder.py`)."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.runner.distributed import plan as plans
from modellab.runner.distributed.shard_process import answered
from modellab.runner.distributed.shard_worker import ShardWorker
from modellab.runner.distributed.shared_folder import (
    LEASE_S,
    POLL_S,
    SOON_S,
    TOUCH_S,
    Watched,
    age_s,
    own_key,
    touch,
    write,
)
from modellab.system.machine import hostname

EAGER_S = 1.0  # after a shard, that the next one is looked for more often: it is expected
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)  # the last: Slurm, before it takes a node away
Say = Callable[[str], None]


class Puller:
    """One worker on one folder."""

    def __init__(self, folder: Path, root: Path, say: Say) -> None:
        """`root` is the project here; `say` tells a person what goes on. ConfigError for a folder without its key."""
        self.folder, self.say, self.lease_s = folder, say, LEASE_S
        self.worker = ShardWorker(root)
        self.left_by = 0  # the signal that told it to go
        self.worker.told_to_go = self.is_going
        self.left: set[str] = set()  # plans that are not for this worker, or whose controller is gone
        self.said: set[str] = set()  # what was told once
        self.seen_ns: dict[str, int] = {}  # by plan, its controller's sign of life at the first look
        self.name = f"{hostname()}-{os.getpid()}-{secrets.token_hex(2)}"  # containers may share host's and process's
        self.count = itertools.count(1)

    def work(self, idle_s: float) -> None:
        """Until it is told to go, or there was nothing to do for so long."""
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as below nohup
                signal.signal(number, self._told_to_go)
        busy_s = time.monotonic()
        try:
            while not self.is_going() and time.monotonic() - busy_s < idle_s:
                if (run := self._run()) and self._serve(*run):
                    busy_s = time.monotonic()
                elif run is None:
                    time.sleep(POLL_S * 10)
        finally:
            self.worker.close()

    def is_going(self) -> bool:
        """Whether it was told to go."""
        return bool(self.left_by)

    def _told_to_go(self, number: int, _: object) -> None:
        if self.left_by and number == signal.SIGINT:  # a second Ctrl-C: its model ends with it, and its lease runs out
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.left_by = number  # nothing but this: a lock may be held at the moment

    def _run(self) -> tuple[Path, Mapping[str, Any], bytes] | None:
        """A run with a plan for this worker: of several, one of those with the fewest workers."""
        for path in sorted(self.folder.glob("*/plan"), key=lambda path: (_workers(path.parent), path)):
            try:
                key = own_key(self.folder, make=False)
                plan = plans.verified(path.read_bytes(), key)
            except ConfigError as error:
                self._say_once(str(path), f"{path.parent.name} is left alone: {error}")
                continue
            except OSError:  # it has just ended
                continue
            if plan["number"] not in self.left and self._has_controller(path.parent, plan["number"]):
                return path.parent, plan, key
        return None

    def _has_controller(self, run: Path, number: str) -> bool:
        """Whether a run goes on: of one that was killed nothing is loaded, until somebody goes on with it.

        Where the clocks of those who touch files differ, a file that changes under this worker's eyes says so.
        """
        alive = run / "alive"
        if age_s(alive, run / f".now-{self.name}") < self.lease_s:
            return True
        with suppress(OSError):
            changed_ns = alive.stat().st_mtime_ns
            if self.seen_ns.setdefault(number, changed_ns) != changed_ns:
                return True
            self._say_once(number, f"{run.name} is left alone: its controller gives no sign of life")
        return False

    def _say_once(self, about: str, line: str) -> None:
        if about not in self.said:
            self.said.add(about)
            self.say(line)

    def _serve(self, run: Path, plan: Mapping[str, Any], key: bytes) -> bool:
        """Work for a run; whether it could be used."""
        own, number = run / "workers" / f"{self.name}-{next(self.count)}", plan["number"]
        self.say(f"{plan['case']}: loading")
        is_up = False
        try:
            own.mkdir()  # not those above: they are gone when the run is over
            with _signs_of_life(own / "alive"):
                reply = answered(self.worker, {"verb": "open", "plan": plan})
                opened = reply.get("opened", {"refused": f"{hostname()}: {reply.get('text')}"})
                write(own / "hello", plans.signed({**opened, "number": number}, key))
                if "refused" in opened:
                    self.left.add(number)
                    self.say(f"{plan['case']}: refused: {reply['text']}")
                    return False
                is_up = True
                self._compute(run, own, plan, key)
        except OSError as error:
            if (run / "plan").exists():  # a full disk, a share that is away for a moment
                self._say_once(f"{number} {error.strerror}", f"{own}: {error.strerror or error}: it is tried again")
                if not is_up:
                    shutil.rmtree(own, ignore_errors=True)
                self._wait(self.lease_s / 3)
        finally:
            self.say(f"{plan['case']}: left")
        return is_up

    def _wait(self, wait_s: float) -> None:
        """Nothing for so long, or until it is told to go."""
        end_s = time.monotonic() + wait_s
        while not self.is_going() and time.monotonic() < end_s:
            time.sleep(POLL_S)

    def _compute(self, run: Path, own: Path, plan: Mapping[str, Any], key: bytes) -> None:
        """Answer shard after shard, until the run is over or this worker is told to go."""
        for attempt, order in self._orders(run, own, plan["number"], key):
            unsigned = {"failed": "ConfigError", "text": f"{own / 'in' / attempt} is not signed with the run's key"}
            reply = answered(self.worker, {"verb": "shard", **order}) if order else unsigned
            write(own / "out" / attempt, plans.signed({**reply, "attempt": int(attempt)}, key))
            if "failed" in reply:
                self.say(f"{plan['case']}: {reply['text']}")
                return
        if self.is_going():
            touch(own / "gone")

    def _orders(self, run: Path, own: Path, number: str, key: bytes) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
        """The shards for this worker, as long as the run goes on: their numbers, and None for what nobody signed."""
        controller, idle_since_s = Watched(run / "alive"), time.monotonic()
        while not self.is_going():
            waiting = (own / "in").iterdir() if (own / "in").is_dir() else ()
            if path := min((path for path in waiting if path.name.isdecimal()), default=None):
                yield path.name, _signed(path, key)
                path.unlink(missing_ok=True)
                idle_since_s = time.monotonic()
                continue
            if (own / "lost").exists():
                self.say(f"{run.name}: it was given up, as it gave no sign of life: it comes again")
                return
            if controller.silent_s > self.lease_s:
                self.left.add(number)
                self.say(f"{run.name}: its controller has given no sign of life for {self.lease_s:.0f} s")
                return
            if not _goes_on(run / "plan", number, key):
                return
            is_new = time.monotonic() - idle_since_s < EAGER_S
            time.sleep(SOON_S if is_new else POLL_S)


def _signed(path: Path, key: bytes) -> dict[str, Any] | None:
    """A message; None where it is not signed with the key."""
    try:
        return plans.verified(path.read_bytes(), key)
    except ConfigError:
        return None


def _workers(run: Path) -> int:
    """How many workers a run has."""
    try:
        return sum(not (folder / "gone").exists() for folder in (run / "workers").iterdir())
    except OSError:
        return 0


def _goes_on(path: Path, number: str, key: bytes) -> bool:
    """Whether a plan is still there; where the folder is away for a moment, too: the controller's lease decides."""
    try:
        plan = _signed(path, key)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return bool(plan and plan["number"] == number)


@contextmanager
def _signs_of_life(path: Path) -> Iterator[None]:
    """Touch a file for as long as this process is at it."""
    over = threading.Event()

    def beat() -> None:
        while not over.is_set():
            touch(path)
            over.wait(TOUCH_S)

    thread = threading.Thread(target=beat, name="signs of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
