"""A worker that pulls shards from a shared folder, for whatever run puts up its plan there (`shared_folder.py`)."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.runner.distributed import plan as plans
from modellab.runner.distributed.shard_process import answered
from modellab.runner.distributed.shard_worker import ShardWorker
from modellab.runner.distributed.shared_folder import LEASE_S, POLL_S, TOUCH_S, Watched, own_key, touch, write
from modellab.system.machine import hostname

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
        self.count = itertools.count(1)

    def work(self, idle_s: float) -> None:
        """Until it is told to go, or there was nothing to do for so long."""
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:  # as below nohup
                signal.signal(number, self._told_to_go)
        busy_s = time.monotonic()
        try:
            while not self.is_going() and time.monotonic() - busy_s < idle_s:
                if run := self._run():
                    self._serve(*run)
                    busy_s = time.monotonic()
                else:
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
        """A run with a plan for this worker."""
        for path in sorted(self.folder.glob("*/plan")):
            try:
                key = own_key(self.folder, make=False)
                plan = plans.verified(path.read_bytes(), key)
            except ConfigError as error:
                if str(path) not in self.left:
                    self.left.add(str(path))
                    self.say(f"{path.parent.name} is left alone: {error}")
                continue
            except OSError:  # it has just ended
                continue
            if plan["number"] not in self.left:
                return path.parent, plan, key
        return None

    def _serve(self, run: Path, plan: Mapping[str, Any], key: bytes) -> None:
        own = run / "workers" / f"{hostname()}-{os.getpid()}-{next(self.count)}"
        self.say(f"{plan['case']}: loading")
        try:
            own.mkdir(parents=True)
            with _signs_of_life(own / "alive"):
                reply = answered(self.worker, {"verb": "open", "plan": plan})
                opened = reply.get("opened", {"refused": f"{hostname()}: {reply.get('text')}"})
                write(own / "hello", plans.signed({**opened, "number": plan["number"]}, key))
                if "refused" in opened:
                    self.left.add(plan["number"])
                    self.say(f"{plan['case']}: refused: {reply['text']}")
                    return
                for order in self._orders(run, own, plan["number"], key):
                    reply = answered(self.worker, {"verb": "shard", **order})
                    write(
                        own / "out" / f"{order['attempt']:09d}",
                        plans.signed({**reply, "attempt": order["attempt"]}, key),
                    )
                    if "failed" in reply:
                        self.say(f"{plan['case']}: {reply['text']}")
                        return
                if self.is_going():
                    touch(own / "gone")
        except OSError as error:
            if (run / "plan").exists():
                self.say(f"{own}: {error.strerror or error}")
                self.left.add(plan["number"])
        finally:
            self.say(f"{plan['case']}: left")

    def _orders(self, run: Path, own: Path, number: str, key: bytes) -> Iterator[Mapping[str, Any]]:
        """The shards for this worker, as long as the run goes on."""
        controller = Watched(run / "alive")
        while not self.is_going():
            path = min((own / "in").glob("[0-9]*"), default=None) if (own / "in").is_dir() else None
            if path is not None:
                order = plans.verified(path.read_bytes(), key)
                yield order
                path.unlink(missing_ok=True)
                continue
            if controller.silent_s > self.lease_s:
                self.left.add(number)
                self.say(f"{run.name}: its controller has given no sign of life for {self.lease_s:.0f} s")
                return
            if not _goes_on(run / "plan", number, key):
                return
            time.sleep(POLL_S)


def _goes_on(path: Path, number: str, key: bytes) -> bool:
    try:
        return bool(plans.verified(path.read_bytes(), key)["number"] == number)
    except (OSError, ConfigError):
        return False


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
