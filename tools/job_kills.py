"""Kill what does jobs, again and again, then see that no job is lost and none was begun more often than it was killed.

    python -m tools.job_kills [--kills 200] [--stops 5] [--jobs 1000] [--seed 1] [--database URL]

Processes take jobs with the threads that a server has (`modellab/server/jobs/workers.py`), another one asks for more of
them, each with an idempotency key. All are killed with SIGKILL at random moments while at least `--jobs` wait; a few
are stopped until they are thought lost, and go on then. What is left is done by processes that nobody kills. Then the
table is held, row by row, against what each process wrote to a file of its own: what it had asked for, what it began,
what it ended. Exit status 1 on any difference. SQLite in a temporary folder, unless a database is named: an empty one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modellab.plan.serve_settings import JobSettings
from modellab.server.database import Database
from modellab.server.jobs.files import Files
from modellab.server.jobs.store import Jobs, Wanted
from modellab.server.jobs.tables import EVENT, JOB, QUEUED, RUNNING
from modellab.server.jobs.workers import Task, Workers

LEASE_S = 2.0
WORKERS, OWNERS = 3, ("ada", "bob", "cy")
PAUSE_S = (0.02, 0.4)  # between two kills
MOST_TRIES = 1000
LOG = "did.jsonl"


@dataclass(slots=True)
class Tally:
    """What was done to the processes."""

    kills: Counter[str] = field(default_factory=Counter)
    stops: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process finds the queue, and where it writes what it does."""

    folder: Path
    url: str

    @contextlib.contextmanager
    def queue(self) -> Any:
        """The queue, on a database that is opened for this."""
        database = Database(self.url, self.folder)
        try:
            yield Jobs(database)
        finally:
            database.close()

    def note(self, what: str, **facts: object) -> None:
        """One line, on the disk when this returns."""
        file = os.open(self.folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(file, (json.dumps({"what": what, **facts}) + "\n").encode())
        os.fsync(file)
        os.close(file)


# ---------------------------------------------------------------------------- processes that get killed


def ask(place: Place, first: int, last: int) -> None:
    """Ask for jobs with these numbers; some may be there already, from a process that was killed."""
    with place.queue() as jobs:
        for number in range(first, last):
            owner = OWNERS[number % len(OWNERS)]
            wanted = Wanted(
                "default", owner, "square", "inference", {"number": number}, str(number), MOST_TRIES,
                idempotency_key=f"key {number}",
            )  # fmt: skip
            row, _ = jobs.put(wanted, 10**9)
            place.note("asked", number=number, id=row.id)


def work(place: Place) -> None:
    """Do jobs as a server does, until the end of the process or a SIGTERM."""
    is_over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: is_over.set())
    draw = random.Random(os.getpid())

    def square(task: Task) -> Mapping[str, Any]:
        number, attempt = task.claim.body["number"], task.claim.attempt
        place.note("begun", id=task.claim.id, attempt=attempt)
        time.sleep(draw.uniform(0.0, 0.03))
        task.check()
        task.progress({"done": 1, "of": 2})
        time.sleep(draw.uniform(0.0, 0.03))
        return {"square": number**2, "attempt": attempt}

    with place.queue() as jobs:
        settings = JobSettings(lease_s=LEASE_S)
        workers = Workers(jobs, Files(place.folder / "files"), settings, {"inference": square}, {"inference": 1})
        workers.start()
        while not is_over.wait(0.2):
            pass
        workers.stop(10)


def forked(do: Callable[[], None]) -> int:
    """A process that does this; its number."""
    sys.stdout.flush()
    if child := os.fork():
        return child
    status = 1
    try:
        do()
        status = 0
    finally:
        os._exit(status)


def kill(child: int) -> bool:
    """Kill a process; whether it still lived. SystemExit for one that failed by itself."""
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a process failed by itself: there is more amiss than kills")
    return os.WIFSIGNALED(status)


def rounds(place: Place, given: argparse.Namespace, draw: random.Random, tally: Tally) -> int:
    """Kill and stop processes until there were enough of both; how many jobs were asked for."""
    asked, until = 0, given.jobs
    asker = forked(lambda: ask(place, 0, until))
    workers = [forked(lambda: work(place)) for _ in range(WORKERS)]
    stopped: list[tuple[int, float]] = []  # number, when it goes on
    while tally.kills.total() < given.kills or stopped:
        time.sleep(draw.uniform(*PAUSE_S))
        for pair in [pair for pair in stopped if time.monotonic() >= pair[1]]:
            os.kill(pair[0], signal.SIGCONT)
            stopped.remove(pair)
            workers.append(pair[0])
        if tally.kills.total() >= given.kills or not workers:
            continue
        if draw.random() < 0.1 and asked < until:
            tally.kills["an asker"] += kill(asker)
            asker = forked(lambda: ask(place, asked, until))  # noqa: B023 - it is called at once, in the child
            continue
        if os.waitid(os.P_PID, asker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            kill(asker)
            asked = until
            if waiting(place) < given.jobs:
                until += given.jobs // 4
            asker = forked(lambda: ask(place, asked, until))  # noqa: B023
        hit = draw.choice(workers)
        workers.remove(hit)
        if tally.stops < given.stops and draw.random() < 3 * given.stops / given.kills:
            os.kill(hit, signal.SIGSTOP)
            stopped.append((hit, time.monotonic() + 3 * LEASE_S))
            tally.stops += 1
        else:
            tally.kills["a worker"] += kill(hit)
        if len(workers) + len(stopped) < WORKERS + tally.stops:
            workers.append(forked(lambda: work(place)))
    for child in workers:
        tally.kills["a worker"] += kill(child)
    os.waitpid(asker, 0)
    return int(until)


def waiting(place: Place) -> int:
    """How many jobs wait."""
    with place.queue() as jobs, jobs.database.begin() as connection:
        asked = sa.select(sa.func.count()).where(JOB.c.state == QUEUED)
        return int(connection.execute(asked).scalar_one())


def finish(place: Place) -> None:
    """Let all that is left be done, by processes that are told to end and do."""
    workers = [forked(lambda: work(place)) for _ in range(WORKERS)]
    while True:
        with place.queue() as jobs, jobs.database.begin() as connection:
            left = sa.select(sa.func.count()).where(JOB.c.state.in_((QUEUED, RUNNING)))
            if not connection.execute(left).scalar_one():
                break
        time.sleep(0.5)
    for child in workers:
        os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)


# ---------------------------------------------------------------------------- the table against the files


def differences(place: Place, asked: int, tally: Tally) -> tuple[list[str], Counter[str]]:
    """All in which the table is not what the processes wrote, and what there was of each."""
    lines = [json.loads(line) for line in (place.folder / LOG).read_text().splitlines()]
    begun = Counter(line["id"] for line in lines if line["what"] == "begun")
    acknowledged = {line["id"]: line["number"] for line in lines if line["what"] == "asked"}
    with place.queue() as jobs, jobs.database.begin() as connection:
        rows = list(connection.execute(sa.select(JOB)))
        told = Counter(tuple(row) for row in connection.execute(sa.select(EVENT.c.job, EVENT.c.kind)))
    faults = []
    numbers = Counter(row.body["number"] for row in rows)
    if numbers != Counter(range(asked)):
        faults.append(f"{asked} jobs were asked for, {numbers.total()} are there, of {len(numbers)} numbers")
    if lost := acknowledged.keys() - {row.id for row in rows}:
        faults.append(f"{len(lost)} jobs that were acknowledged are lost")
    for row in rows:
        right = {"square": row.body["number"] ** 2, "attempt": row.tries}
        facts = {
            "its state": (row.state, "done"),
            "its result": (row.result, right),
            "times that it ended": (told[row.n, "done"], 1),
            "times that it was taken": (told[row.n, RUNNING], row.tries),
            "times that it was asked for": (told[row.n, QUEUED], row.tries),
        }
        faults += [f"{row.id}: {name} is {got}, expected {want}" for name, (got, want) in facts.items() if got != want]
        if begun[row.id] > row.tries:
            faults.append(f"{row.id} was begun {begun[row.id]} times in {row.tries} attempts")
    repeated = sum(count - 1 for count in begun.values() if count > 1)
    most = tally.kills["a worker"] + tally.stops
    if repeated > most:
        faults.append(f"{repeated} jobs were begun again, expected at most {most}: one for each kill and stop")
    again = sum(row.tries - 1 for row in rows)
    return faults, Counter({"jobs": len(rows), "begun again": repeated, "taken again": again})


def main(arguments: list[str] | None = None) -> int:
    """Kill, finish, compare, print. 0 if the table is what the processes wrote."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="")
    given = parser.parse_args(arguments)
    began, tally = time.monotonic(), Tally()
    with tempfile.TemporaryDirectory(prefix="modellab-job-kills-") as folder:
        place = Place(Path(folder), given.database)
        waiting(place)  # the tables are made before anything is killed
        asked = rounds(place, given, random.Random(given.seed), tally)
        killed_s = time.monotonic() - began
        finish(place)
        faults, counts = differences(place, asked, tally)
    print(
        f"{tally.kills.total()} kills (seed {given.seed}) in {killed_s:.0f} s, all in {time.monotonic() - began:.0f} s"
    )
    for what, count in sorted(tally.kills.items()):
        print(f"  {count:4} of {what}")
    print(f"  {tally.stops:4} workers were stopped for {3 * LEASE_S:g} s and went on")
    print(f"{counts['jobs']} jobs, {counts['taken again']} taken again, {counts['begun again']} begun again")
    print(
        "\n".join(faults[:20]) if faults else "the table is what the processes wrote: nothing lost, nothing done twice"
    )
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
