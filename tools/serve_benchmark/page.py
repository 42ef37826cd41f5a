"""The page of the benchmark: each figure beside what it was to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from tools.serve_benchmark.recordings import ORDINARY, SHORT

Figures = Mapping[str, Any]
CLIENTS = ("4", "16", "64")


def targets(figures: Figures) -> list[tuple[str, str, str, bool]]:
    """Name, what was measured, what was asked for, and whether it was met."""
    mem, over, index = figures["memory"], figures["overload"], figures["index"]
    pages = figures["pages"]["pages"].values()
    clients, kills, gone, live = (figures[name] for name in ("default_clients", "kills", "gone", "streams"))
    rows: list[tuple[str, float, str, float, str]] = [
        *beside_bare(ORDINARY, figures),
        *beside_bare(SHORT, figures),
        ("process of the API", mem["mib"], "<=", 150, "MiB"),
        ("for each idle connection", mem["mib_per_connection"], "<=", 0.2, "MiB"),
        ("until 429 under 3 x overload, 99th percentile", over["refused_p99_s"], "<=", 0.5, "s"),
        ("OpenAI's client, 48 at once on a queue of 8: answered", clients["answered"], ">=", 48, ""),
        ("kill -9 of a worker: requests lost", kills["lost"], "<=", 0, f"of {kills['asked']}"),
        ("computed for nobody after 30 clients left", gone["computed_for_nobody"], "<=", 3, ""),
        ("last words of a live stream, 2 of each replica, median", live["2"]["final_median_s"], "<=", 0.4, "s"),
        ("last words of a live stream, 8 of each replica, median", live["8"]["final_median_s"], "<=", 1.2, "s"),
        ("slowest page, 95th percentile", max(page["p95_ms"] for page in pages), "<=", 150, "ms"),
        ("largest page", max(page["kb"] for page in pages), "<=", 300, "kB"),
        ("index: one more result, 95th percentile", index["follow one result"]["p95_ms"], "<=", 100, "ms"),
        ("index: first build, for 1,000 results", index["build_s_per_1000"], "<=", 2, "s"),
    ]
    return [
        (name, f"{value:g} {unit}".strip(), f"{way} {limit:g}", value <= limit if way == "<=" else value >= limit)
        for name, value, way, limit, unit in rows
    ]


def beside_bare(name: str, figures: Figures) -> list[tuple[str, float, str, float, str]]:
    """The ratios beside bare calls, of one recording."""
    lat, through, of = figures["latency"][name], figures["throughput"][name], f"{name} recording:"
    worst = min(through[clients]["ratio"] for clients in CLIENTS)
    return [
        (f"{of} HTTP over a bare call, median", lat["http_over_bare"], "<=", 1.05, ""),
        (f"{of} OpenAI's client over a bare call, median", lat["openai_over_bare"], "<=", 1.08, ""),
        (f"{of} outside the model, HTTP less bare, median", lat["http_minus_bare_ms"], "<=", 4, "ms"),
        (f"{of} throughput of two replicas over two bare loops, mean", through["mean_ratio"], ">=", 0.95, ""),
        (f"{of} the same at the worst number of clients", worst, ">=", 0.90, ""),
        (f"{of} 95th percentile at 2 clients over that of bare calls", through["p95_over_bare_at_2"], "<=", 1.15, ""),
    ]


def text(figures: Figures) -> str:
    """The page."""
    held = [[name, value, asked, "yes" if is_met else "no"] for name, value, asked, is_met in targets(figures)]
    heads = ["figure", "measured", "asked for", "met"]
    before, after = (", ".join(f"{load:.1f}" for load in figures[name]) for name in ("load_before", "load_after"))
    return f"""# Serving, beside the bare models

Written by `make serve-benchmark`; do not edit.

{tabulate(held, heads, "github", disable_numparse=True)}

Ratios are of one run, in turns: `{figures["machine"]}`, {figures["cores"]} cores that the clients share with the \
models, {figures["date"]}, {figures["took_s"]} s. The
load of the machine (1, 5, 15 minutes) was {before} before and {after} after: above the number of
cores something else was at work, and what is no ratio is too slow by as much.
{_requests(figures)}{_index(figures["index"])}{_pages(figures["pages"])}{_streams(figures["streams"])}{_batches(figures["batches"])}"""


def _requests(figures: Figures) -> str:
    """One at a time, and many at once."""
    over, bare_ms = figures["overload"], {name: recording["bare_ms"] for name, recording in figures["latency"].items()}
    told = ["clip_s", "kb", "wer", "pairs", "bare_ms", "http_over_bare", "openai_over_bare", "http_minus_bare_ms"]
    one = [[name, *(recording[column] for column in told)] for name, recording in figures["latency"].items()]
    heads = ["recording", "s", "kB", "WER", "pairs", "bare call ms", "HTTP/bare", "openai/bare", "HTTP - bare ms"]
    counted = ["bare_per_s", "http_per_s", "ratio", "p95_s", "failed"]
    loads = [
        [kind, clients, *(of_kind[clients][column] for column in counted), *_spent(of_kind[clients])]
        for kind, of_kind in figures["throughput"].items()
        for clients in CLIENTS
    ]
    columns = ["recording", "clients", "bare /s", "HTTP /s", "ratio", "p95 s", "failed"]
    return f"""
## Which row the aims are about

What a request costs beside the model is nearly the same for each, so a ratio says as much of how long the call is as of
how quick the server is. The aims are those of a prototype whose bare calls took 60 to 190 ms, with 5.2 ms outside the
model: the **ordinary** recording is the one to hold to them, whose bare call takes {bare_ms[ORDINARY]:.0f} ms here. The
short one, of {bare_ms[SHORT]:.0f} ms, stays in the table as the worst case. What is outside the model is no ratio and
counts for both.

## One call at a time

`{figures["model"]}`: the first clip of `asr_smoke_v1`, and its first ten one behind the other, in turns. A bare call is
one of a worker process that decodes the file and runs the model.

{tabulate(one, heads, "github")}

## Many at once

{tabulate(loads, [*columns, "model ms", "server ms", "client ms"], "github")}

The last three are what a request costs of a core: in the models' processes, in the server's and its probe's, in the
clients'.

Under three times of what it can do (short recordings), {over["refused"]} of {over["asked"]} requests were refused, half
of them within {over["refused_p50_s"]} s; 95 % of those taken were answered within {over["admitted_p95_s"]} s. The
slowest answer while workers were killed took {figures["kills"]["slowest_s"]} s.
"""


def _spent(figures: Figures) -> tuple[float, float, float]:
    """Milliseconds of a core for a request: models, server with its probe, clients."""
    spent = figures["cpu_ms"]
    return spent["model"], round(spent["api"] + spent["probe"], 2), spent["client"]


def _index(index: Figures) -> str:
    asked = [[name, page["p50_ms"], page["p95_ms"]] for name, page in index["pages"].items()]
    names = ("runs", "page 100 of the newest", "nothing new", "follow one result", "one whole result")
    asked += [[name, index[name]["p50_ms"], index[name]["p95_ms"]] for name in names]
    return f"""
## The index

{index["results"]:,} results in {index["files"]:,} files of {index["ledger_mb"]:,.0f} MB; the database has
{index["database_mb"]:,.0f} MB.

{tabulate(asked, ["asked", "median ms", "95th percentile ms"], "github")}
"""


def _pages(figures: Figures) -> str:
    pages = [[name, *page.values()] for name, page in figures["pages"].items()]
    return f"""
## Pages

Of the same results, over HTTP, one after the other; the first one where a process that draws has to start.

{tabulate(pages, ["page", "median ms", "95th percentile ms", "first ms", "CPU ms", "kB"], "github")}
"""


def _streams(streams: Figures) -> str:
    spoken = [[name, *latency.values()] for name, latency in streams.items()]
    return f"""
## Live streams

The clip in real time: from the end of the audio to the last words, and from the beginning to the first ones.

{tabulate(spoken, ["streams of a replica", "median s", "p95 s", "slowest s", "first words s"], "github")}
"""


def _batches(engines: Sequence[Figures]) -> str:
    several = [
        [engine["model"], engine["alone_ms"], *engine["gain"].values(), *engine["same"].values()] for engine in engines
    ]
    return f"""
## Batches

How many times faster several recordings are in one call than one by one, on one CPU thread, by CPU time; and of how
many of {engines[0]["recordings"]} the words stayed the same (`python -m tools.serve_benchmark.batches`).

{tabulate(several, ["model", "alone ms", "2", "4", "8", "same, 2", "4", "8"], "github")}
"""
