"""How fast pages come with many results, over HTTP: `python -m tools.serve_benchmark.page_figures --results 100000`.

The ledger of `index_figures.py` is served from an index that was built before; each page is asked for again and again,
one after the other, once whatever draws it runs. What the first one takes, when that starts, is told beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from modellab.server.database import Database
from modellab.server.results import follow, line
from tools.serve_benchmark import index_figures, served

ROUNDS = 40
PAGES = {
    "runs": "/runs",
    "a run": "/runs/s000001",
    "results": "/results",
    "results of a model, lowest value first": "/results?model=m7&task=asr&sort=value",
    "leaderboard": "/leaderboard",
    "leaderboard of a dataset": "/leaderboard?dataset=d3",
    "leaderboard as CSV": "/leaderboard.csv",
    "history of a case": "/results/{id}/history",
    "a result": "/results/{id}",
}


def measured(root: Path) -> dict[str, Any]:
    """Each page of a project that has its ledger and its index."""
    found = {}
    with served.serving(root, "") as server:
        data = server.get("/api/v1/results?limit=1&sort=finished_at")["data"]
        for name, path in PAGES.items():
            found[name] = _page(server.address + path.format(id=data[0]["id"]))
        rss_mib = server.rss_mib
    return {"pages": found, "mib": round(rss_mib, 1)}


def _page(address: str) -> dict[str, float]:
    spent, size = [], 0
    for _ in range(ROUNDS + 1):
        begun = time.perf_counter()
        with urllib.request.urlopen(address, timeout=120) as answer:  # noqa: S310 - ours
            size = len(answer.read())
        spent.append(1000 * (time.perf_counter() - begun))
    first, *rest = spent
    return {
        "p50_ms": round(statistics.median(rest), 1),
        "p95_ms": round(sorted(rest)[int(0.95 * len(rest))], 1),
        "first_ms": round(first, 1),
        "kb": round(size / 1000, 1),
    }


def main() -> None:
    """Measure and print as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--results", type=int, default=100_000)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.modellab]\n", encoding="utf-8")
        index_figures.write(root / "mlruns", given.results)
        database = Database("", root / "mlruns" / "server")
        follow.follow(database.engine, root / "mlruns", line.estimated)
        database.close()
        before = os.getloadavg()
        print(json.dumps({"results": given.results, "load": before, **measured(root)}, indent=1))


if __name__ == "__main__":
    main()
