"""How fast pages come with many results, over HTTP: `python -m tools.serve_benchmark.page_figures --results 100000`.

The ledger of `index_figures.py` is served from an index that was built before; each page is asked for again and again,
one after the other, once whatever draws it runs. What the first one takes, when that starts, is told beside it, and
what one costs of a core, which a busy machine changes little.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from modellab.server.database import Database
from modellab.server.results import follow, line
from tools.serve_benchmark import index_figures, served

ROUNDS = 40
BIG_RUN, CASES = "big", 300  # a run of so many cases
LONG, RUNS = "m-long", 1_000  # a model whose case has so many results
VARIANTS = 12  # of the model that the project has, each with results
PAGES = {
    "start": "/",
    "runs": "/runs",
    "a run": "/runs/s000001",
    f"a run of {CASES} cases": f"/runs/{BIG_RUN}",
    "results": "/results",
    "results of a model, lowest value first": "/results?model=m7&task=asr&sort=value",
    "leaderboard": "/leaderboard",
    "leaderboard of a dataset": "/leaderboard?dataset=d3",
    "leaderboard as CSV": "/leaderboard.csv",
    "history of a case": "/results/{id}/history",
    f"history of a case with {RUNS:,} results": "/results/{long}/history",
    "a result": "/results/{id}",
    "two results side by side": "/compare?entry={long}&entry={longer}",
    "eight results ranked": "/compare?{eight}",
    "findings": "/findings",
    "findings on a dataset": "/findings?dataset=d3",
    "experiments": "/experiments",
    "an experiment of three": "/experiments/{experiment}",
    "candidates": "/candidates",
    "a candidate": "/candidates/ours/v1",
    "workbench": "/workbench?models=ours",
    "listening": "/listening",
    "shares": "/shares",
    "administration": "/admin",
    "audit": "/admin/audit",
}


def measured(root: Path) -> dict[str, Any]:
    """Each page of a project that has a ledger, with more in it that pages are about, and the index of all that."""
    add(root)
    database = Database("", root / "mlruns" / "server")
    follow.follow(database.engine, root / "mlruns", line.estimated)
    database.close()
    by_page = {}
    with served.serving(root, "") as server:
        names = _names(server)
        for name, path in PAGES.items():
            by_page[name] = _page(server, path.format(**names))
        rss_mib = server.rss_mib
    return {"pages": by_page, "mib": round(rss_mib, 1)}


def _names(server: served.Server) -> dict[str, str]:
    """What stands in addresses: some results, and an experiment that is made for it."""
    (oldest,) = server.get("/api/v1/results?limit=1&sort=finished_at")["data"]
    long = [result["id"] for result in server.get(f"/api/v1/results?model={LONG}&limit=2")["data"]]
    eight = [result["id"] for result in server.get("/api/v1/results?model=ours&limit=8")["data"]]
    asked = {"name": "three", "members": ["ours:v1", "ours:v2", "ours:v3"]}
    made = urllib.request.Request(  # noqa: S310 - ours
        f"{server.address}/api/v1/experiments", json.dumps(asked).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(made, timeout=120) as answer:  # noqa: S310 - ours
        experiment = json.load(answer)["id"]
    return {
        "id": oldest["id"], "long": long[0], "longer": long[1], "experiment": experiment,
        "eight": "&".join(f"entry={id}" for id in eight),
    }  # fmt: skip


def _page(server: served.Server, path: str) -> dict[str, float]:
    """Times of a page from the second on, what the first took, what one costs of a core, and how large it is."""
    spent, size, before = [], 0, 0.0
    for number in range(ROUNDS + 1):
        before = _cpu_s(server) if number == 1 else before
        begun = time.perf_counter()
        with urllib.request.urlopen(server.address + path, timeout=300) as answer:  # noqa: S310 - ours
            size = len(answer.read())
        spent.append(1000 * (time.perf_counter() - begun))
    first, *rest = spent
    return {
        "p50_ms": round(statistics.median(rest), 1),
        "p95_ms": round(sorted(rest)[int(0.95 * len(rest))], 1),
        "first_ms": round(first, 1),
        "cpu_ms": round(1000 * (_cpu_s(server) - before) / ROUNDS, 1),
        "kb": round(size / 1000, 1),
    }


def _cpu_s(server: served.Server) -> float:
    """What the server's processes have spent so far."""
    return sum(spent for kind, spent in server.cpu_s().items() if kind != "client")


# ---------------------------------------------------------------------------- what pages are about besides


def add(root: Path) -> None:
    """A model that the project has, with results; a run of many cases; and a case with many results."""
    folder = root / "models" / "ours"
    folder.mkdir(parents=True)
    (folder / "adapter.py").write_text("load = None\n", encoding="utf-8")
    variants = "".join(f"  v{number}: {{weights: package}}\n" for number in range(1, VARIANTS + 1))
    config = "summary: nobody's\ntasks: [asr]\nstatus: candidate\ndevices: {cpu: [float32]}\nvariants:\n" + variants
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n', encoding="utf-8")
    ledger = root / "mlruns" / "ledger"
    like = json.loads(next(ledger.glob("s000001.jsonl")).read_text(encoding="utf-8").splitlines()[0])
    kinds = {
        BIG_RUN: [{"model": f"m{n % 60}", "dataset": f"d{n % 12}", "precision": f"p{n // 60}"} for n in range(CASES)],
        "long": [{"model": LONG}] * RUNS,
        "ours": [{"model": "ours", "variant": f"v{1 + n}"} for n in range(VARIANTS)],
    }
    for session, keys in kinds.items():
        lines = (_like(like, session, number, key) for number, key in enumerate(keys))
        (ledger / f"{session}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in lines), encoding="utf-8")


def _like(line: dict[str, Any], session: str, number: int, key: dict[str, str]) -> dict[str, Any]:
    """A line like another one, of another case and moment."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(time.time() - 3600 + number))
    whole = {**line["key"], "task": "asr", "dataset": "d3", **key}
    own = session if session != "long" else f"long{number}"
    return {
        **line, "id": uuid.uuid5(uuid.NAMESPACE_URL, f"{session}{number}").hex, "session": own, "key": whole,
        "started_at": moment, "finished_at": moment, "result": {**line["result"], "key": whole},
    }  # fmt: skip


def main() -> None:
    """Measure and print as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--results", type=int, default=100_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        index_figures.write(root / "mlruns", given.results)
        before = os.getloadavg()
        print(json.dumps({"results": given.results, "load": before, **measured(root)}, indent=1))


if __name__ == "__main__":
    main()
