"""Kill what writes results, again and again, then see that nothing is lost and nothing came twice.

    python -m tools.tracking_kills [--kills 200] [--seed 1]

Processes append results to a ledger and send them to MLflow (SQLite), and are killed with SIGKILL at random moments:
while they append, while the database is made, while runs are written. Then one sync runs to its end, and the store is
held against the ledger: runs, metrics, params, datasets, marks of entries, and the entries themselves read back.
Exit status 1 on any difference. Each process is forked from one that has imported MLflow, so a kill costs a second.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from modellab import tracking
from modellab.results import ledger
from modellab.results.entry import Entry, pieces
from modellab.results.ledger import Ledger
from modellab.system.machine import Commit
from modellab.tracking import runs, store, syncing
from modellab.types import CaseId, Result, Status, Utterance, Verdict

ROOT = Path(__file__).parents[1]
VARIANTS, DATASETS = ("lab", "tiny"), ("asr_smoke_v1", "asr_lab_v1", "asr_long_v1")
LATE = 0.7  # the fraction of syncs that are killed when the database is open
BEGIN_S = 3.0  # a first guess of how long a sync takes; then what the last one took


@dataclass(slots=True)
class Tally:
    """What was done: kills by what they hit, and the entries whose append had returned."""

    kills: Counter[str] = field(default_factory=Counter)
    finished: int = 0
    acknowledged: set[str] = field(default_factory=set)
    sync_s: float = BEGIN_S


def entry(session: str, number: int) -> Entry:
    """A result; its numbers are random but the same for the same session and number."""
    draw = random.Random(f"{session} {number}")
    key = CaseId("asr", DATASETS[number % 3], "model", VARIANTS[number // 3 % 2], "cpu", "int8")
    utterances = tuple(
        Utterance(f"u{n}", {"wer": (float(draw.randrange(5)), 9.0)}, {"text": "x" * draw.randrange(200)}, 0.1, 0.1, 2.0)
        for n in range(draw.randrange(1, 30))
    )
    facts = {"dataset_digest": f"sha256:{draw.randbytes(32).hex()}", "normaliser": "n@1"}
    result = Result(key, utterances, {"rtf": draw.random(), "load_s": draw.random()}, "test-1t", facts)
    verdict = Verdict("wer", "ratio", "quality", Status.PASS, draw.random(), draw.random(), 0.0, (-0.1, 0.1))
    return Entry(
        key, Status.PASS, session, result, (verdict,), values={"wer": draw.random(), "cer": draw.random()},
        commit=Commit("1a2b3c4d" * 5, 7, "main"), settings={"beam_size": draw.randrange(9)},
    )  # fmt: skip


# ---------------------------------------------------------------------------- processes that get killed


def killed(
    work: Callable[[Callable[[str], None]], object], delay_s: float, after: bytes = b""
) -> tuple[bool, list[str]]:
    """Run `work` in a process of its own and kill it `delay_s` after it has told `after`, or after its start.

    Returns whether it still lived, and what it had told.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    if (child := os.fork()) == 0:
        status = 1
        with contextlib.suppress(BaseException):
            work(lambda line: _tell(writing, line))
            status = 0
        os._exit(status)
    os.close(writing)
    output = b""
    while after not in output and (chunk := os.read(reading, 1 << 16)):
        output += chunk
    end = time.monotonic() + delay_s
    while time.monotonic() < end and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = (output.decode() + pipe.read()).splitlines()
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise SystemExit("a process failed by itself: there is more amiss than kills")
    return os.WIFSIGNALED(status), told


def _tell(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())


def append(folder: Path, session: str, tell: Callable[[str], None]) -> None:
    """Append results until the end of the process, and tell each whose append has returned; turn one now and then."""
    book = Ledger(folder, session)
    for number in range(10_000):
        made = entry(session, number)
        book.append(made)
        tell(made.id)
        if number % 4 == 3:
            ledger.amend(folder, session, {made.key: (Status.REGRESSED, made.verdicts)})


def send(folder: Path, tell: Callable[[str], None]) -> None:
    """Sync, and tell what has been reached."""
    real = store.connect

    def connect(*args: object) -> object:
        client = real(*args)  # type: ignore[arg-type]
        tell("connected")
        return client

    store.connect = connect  # type: ignore[assignment]
    syncing.sync(folder, store.own(folder), lambda _: tell("sending"))


def rounds(folder: Path, kills: int, draw: random.Random, tally: Tally) -> None:
    """Kill `kills` times, by turns while results are appended and while they are sent."""
    number = 0
    while (left := kills - tally.kills.total()) > 0:
        number += 1
        session = f"s{number}"
        hit, told = killed(partial(append, folder, session), draw.uniform(0.0, 0.06))
        tally.kills["results were appended"] += hit
        tally.acknowledged.update(told)
        if left < 2:
            continue
        began = time.monotonic()
        there = store.database(folder).is_file()
        after = b"connected" if there and draw.random() < LATE else b""
        hit, told = killed(partial(send, folder), draw.uniform(0.0, tally.sync_s), after)
        if hit:
            where = "runs were written" if "connected" in told else "the store was opened"
            tally.kills[where if there else "the database was made"] += 1
            tally.sync_s *= 1.1
        else:
            tally.finished += 1
            tally.sync_s = time.monotonic() - began


# ---------------------------------------------------------------------------- the store against the ledger


def _line(entry: Entry) -> bytes:
    """As it lies in the ledger: on Python 3.13 an entry that holds a NaN does not equal itself."""
    return b"".join(pieces(entry))


def differences(folder: Path, acknowledged: set[str]) -> list[str]:
    """What the ledger lost, and all in which the store is not what the ledger says."""
    entries, _ = ledger.read(folder)
    wanted = runs.group(entries)
    faults = [
        f"{len(lost)} results lost by the ledger" for lost in [acknowledged - {entry.id for entry in entries}] if lost
    ]
    with contextlib.closing(sqlite3.connect(store.database(folder))) as db:
        for what, expected, query in (
            ("runs", _runs(wanted), _RUNS),
            ("metrics", _metrics(wanted), _METRICS),
            ("params", _params(wanted), _PARAMS),
            ("datasets", _datasets(wanted), _DATASETS),
            ("marks of entries", _marks(wanted), _MARKS),
        ):
            stored = Counter(db.execute(query).fetchall())
            faults += [f"{what}: {(expected - stored).total()} lost, {(stored - expected).total()} too many"] * (
                stored != expected
            )
    told: list[str] = []
    back = tracking.entries(store.own(folder), warn=told.append)
    if [*map(_line, back)] != [*map(_line, entries)] or told:
        faults.append(f"entries read back are not the ledger's: {told[:3]}")
    return faults


ID = "JOIN tags t ON t.run_uuid = r.run_uuid AND t.key = 'modellab.run_id'"
_RUNS = f"SELECT t.value, r.status, r.start_time, r.end_time, r.lifecycle_stage FROM runs r {ID}"  # noqa: S608
_METRICS = f"SELECT t.value, m.key, m.value, m.timestamp, m.step FROM metrics m JOIN runs r USING (run_uuid) {ID}"  # noqa: S608
_PARAMS = f"SELECT t.value, p.key, p.value FROM params p JOIN runs r USING (run_uuid) {ID}"  # noqa: S608
_MARKS = f"SELECT t.value, g.key FROM tags g JOIN runs r USING (run_uuid) {ID} WHERE g.key LIKE 'modellab.entry.%'"  # noqa: S608
_DATASETS = (
    "SELECT t.value, d.name, d.digest FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id"  # noqa: S608
    f" JOIN runs r ON r.run_uuid = i.destination_id {ID}"
)


def _runs(wanted: list[runs.Run]) -> Counter[tuple[object, ...]]:
    return Counter((run.id, "FAILED" if run.red else "FINISHED", run.start_ms, run.end_ms, "active") for run in wanted)


def _metrics(wanted: list[runs.Run]) -> Counter[tuple[object, ...]]:
    return Counter(
        (run.id, key, value, runs.milliseconds(entry.finished_at), run.step)
        for run in wanted
        for entry in run.entries
        for key, value in runs.metrics(entry).items()
    )


def _params(wanted: list[runs.Run]) -> Counter[tuple[object, ...]]:
    """The oldest entry's: a run's params are written once."""
    first = [
        (run.id, {k: v for entry in reversed(run.entries) for k, v in runs.params(entry).items()}) for run in wanted
    ]
    return Counter((id, key, value) for id, params in first for key, value in params.items())


def _datasets(wanted: list[runs.Run]) -> Counter[tuple[object, ...]]:
    rows = set()
    for run in wanted:
        for entry in run.entries:
            assert entry.result
            digest = entry.result.provenance["dataset_digest"].removeprefix("sha256:")[:12]
            rows.add((run.id, entry.key.dataset, digest))
    return Counter(rows)


def _marks(wanted: list[runs.Run]) -> Counter[tuple[object, ...]]:
    return Counter((run.id, f"modellab.entry.{entry.id}") for run in wanted for entry in run.entries)


def main(arguments: list[str] | None = None) -> int:
    """Kill, sync once, compare, print a table. 0 if the store equals the ledger."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    store.import_mlflow()
    import mlflow.store.tracking.sqlalchemy_store

    assert mlflow.store.tracking.sqlalchemy_store
    warnings.filterwarnings("ignore", "This process .* is multi-threaded")  # who is killed may as well hang
    began, tally = time.monotonic(), Tally()
    with tempfile.TemporaryDirectory(prefix="modellab-kills-") as place:
        folder = Path(place) / "mlruns"
        rounds(folder, given.kills, random.Random(given.seed), tally)
        report = syncing.sync(folder, store.own(folder))
        faults = differences(folder, tally.acknowledged)
    print(f"{tally.kills.total()} kills (seed {given.seed}), {time.monotonic() - began:.0f} s")
    for what, count in sorted(tally.kills.items()):
        print(f"  {count:4} while {what}")
    print(f"  {tally.finished:4} syncs ended before their kill; the last one had {report.new} results to send")
    print(f"{len(tally.acknowledged)} results whose append had returned")
    print("\n".join(faults) if faults else "the store equals the ledger: nothing lost, nothing twice")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
