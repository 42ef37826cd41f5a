"""How fast stored results are found: `python -m tools.serve_benchmark.index_figures --results 100000`.

A ledger of so many synthetic results, in sessions of 40, each as long as those of the suite's own smoke run are (7 KB),
is indexed from nothing; then pages are asked for, results are appended and followed, and whole ones are read.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from modellab.results import ledger
from modellab.results.entry import Entry, encode, pooled
from modellab.server.database import FILE, Database
from modellab.server.results import follow, line, query, sessions
from modellab.types import CaseId, Result, Status, Utterance

LINE_BYTES = 7_000
OF_A_SESSION = 40
ROUNDS = 40
MODELS, DATASETS = 60, 12
ASKED: Mapping[str, Mapping[str, Any]] = {
    "newest 50": {},
    "one model": {"model": ["m7"]},
    "red ones of a dataset": {"dataset": ["d3"], "red": True},
    "lowest value of a task": {"task": ["asr"], "sort": "value"},
    "by two filters that few have": {"status": ["REGRESSED"], "machine": ["machine-3"]},
    "a commit": {"commit": f"{1:07x}"},
}


def lines(count: int) -> Any:
    """Lines of a ledger as bytes, session after session."""
    draws = random.Random(1)
    text = "the quick brown fox " * 8
    utterances = tuple(
        Utterance(f"u{n}", {"wer": (1.0, 9.0), "cer": (1.0, 30.0)}, {"text": text}, 0.1, 0.1, 2.0) for n in range(24)
    )
    key = CaseId("asr", "d0", "m0", "one", "cpu", "float32")
    result = Result(key, utterances, {"rtf": 0.1}, "machine-0", {"normaliser": "basic@1#0", "weights": "w"})
    whole = encode(Entry(key, Status.PASS, "s", result=result, values=pooled(result)))
    for number in range(count):
        moment = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(1_700_000_000 + 60 * number))
        model = draws.randrange(MODELS)
        place = {"task": "asr", "dataset": f"d{draws.randrange(DATASETS)}", "model": f"m{model}"}
        key_json = {**whole["key"], **place}
        is_red = draws.random() < 0.02
        yield {
            **whole,
            "id": f"{number:032x}",
            "session": f"s{number // OF_A_SESSION:06}",
            "key": key_json,
            "started_at": moment,
            "finished_at": moment,
            "status": "REGRESSED" if is_red else "PASS",
            "values": {"wer": draws.random()},
            "commit": {**whole["commit"], "hash": f"{number // 4000:07x}".ljust(40, "0")},
            "result": {**whole["result"], "key": key_json, "machine": f"machine-{model % 5}"},
        }


def write(folder: Path, count: int) -> tuple[int, int]:
    """The ledger of a project; how many bytes and files it has."""
    (folder / "ledger").mkdir(parents=True)
    size, file, path = 0, None, Path()
    for number, entry in enumerate(lines(count)):
        if number % OF_A_SESSION == 0:
            if file is not None:
                file.close()
            path = folder / "ledger" / f"{entry['session']}.jsonl"
            file = path.open("w", encoding="utf-8")
        assert file is not None
        size += file.write(json.dumps(entry, separators=(",", ":")) + "\n")
    if file is not None:
        file.close()
    return size, len(list((folder / "ledger").iterdir()))


def timed_ms(work: Callable[[], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Median and 95th percentile of some rounds, in ms."""
    spent = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - begun))
    return {"p50_ms": round(statistics.median(spent), 2), "p95_ms": round(sorted(spent)[int(0.95 * rounds)], 2)}


def measured(count: int, folder: Path) -> dict[str, Any]:
    """Every figure, of a ledger of so many results in this folder."""
    mlruns = folder / "mlruns"
    size, files = write(mlruns, count)
    database = Database("", mlruns / "server")
    try:
        begun = time.perf_counter()
        follow.follow(database.engine, mlruns, line.estimated)
        build_s = time.perf_counter() - begun
        figures: dict[str, Any] = {"results": count, "files": files, "ledger_mb": round(size / 1e6, 1)}
        figures["build_s_per_1000"] = round(1000 * build_s / count, 3)
        figures["database_mb"] = round((mlruns / "server" / FILE).stat().st_size / 1e6, 1)
        figures["pages"] = {name: timed_ms(partial(_page, database, asked)) for name, asked in ASKED.items()}
        figures["page 100 of the newest"] = timed_ms(lambda: _far(database), 3)
        figures["runs"] = timed_ms(lambda: _runs(database))
        figures["nothing new"] = timed_ms(lambda: follow.follow(database.engine, mlruns))
        figures["follow one result"] = timed_ms(partial(_grow, database, mlruns, ledger.files(mlruns)[-1]))
        figures["one whole result"] = timed_ms(lambda: _whole(database, mlruns, count))
        return figures
    finally:
        database.close()


def _page(database: Database, asked: Mapping[str, Any]) -> Any:
    with database.begin() as connection:
        return query.results(connection, "default", query.Filters(**asked))


def _runs(database: Database) -> Any:
    with database.begin() as connection:
        return sessions.runs(connection, "default", sessions.Runs())


def _far(database: Database) -> None:
    cursor = ""
    for _ in range(100):
        cursor = _page(database, {"cursor": cursor})["next_cursor"] or ""


def _grow(database: Database, mlruns: Path, path: Path) -> None:
    last = path.read_bytes().splitlines()[-1]
    data = json.loads(last)
    with path.open("ab") as file:
        file.write(json.dumps({**data, "id": f"{int(data['id'], 16) + 1:032x}"}).encode() + b"\n")
    assert follow.follow(database.engine, mlruns) == 1


def _whole(database: Database, mlruns: Path, count: int) -> Entry:
    with database.begin() as connection:
        row = query.one(connection, "default", f"{random.randrange(count):032x}")
    return ledger.read_at(Path(row["path"]), row["offset"], row["length"], mlruns)


def main() -> None:
    """Measure and print as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--results", type=int, default=100_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measured(given.results, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
