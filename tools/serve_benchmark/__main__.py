"""`python -m tools.serve_benchmark`: docs/performance/serve.md and .json, in 6 minutes on two idle cores.

Everything that depends on the machine is a ratio beside bare calls of the same model in the same run, in turns. Exit
status 1 where a target was missed. `--model` takes another one than the embedded: its weights have to be here.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from modellab.api import score_texts
from modellab.plan.settings import Project
from modellab.runner.load.client import Caller
from modellab.runner.load.measure import Clip
from modellab.system.machine import machine_class, today
from tools.serve_benchmark import bare, batches, index_figures, page, page_figures, recordings, served, streams
from tools.serve_benchmark.recordings import ORDINARY, SHORT, Recording

ROOT = Path(__file__).parents[2]
OUT = ROOT / "docs" / "performance"
CLIENTS = (4, 16, 64)
REPLICAS = 2
STREAMS = (2, 8)  # live at once, of each replica
Figures = dict[str, Any]


def say(text: str) -> None:
    """What is being measured, with the time."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def latency(server: served.Server, project: Project, sent: Recording, pairs: int) -> Figures:
    """One call at a time: bare, over HTTP, by OpenAI's client, in turns."""
    import openai

    clip, text = sent.clip, ""
    instance = bare.first_instance(project, *server.model.split(":"))
    alone, caller = bare.Bare(instance, project.threads), Caller(server.target)
    walls: dict[str, list[float]] = {"bare": [], "http": [], "openai": []}
    names = tuple(walls)
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as client:
        for number in range(pairs + 3):
            for name in (*names[number % 3 :], *names[: number % 3]):
                begun = time.perf_counter()
                if name == "bare":
                    alone.call(clip.path, clip.duration_s)
                elif name == "http":
                    answer = caller.transcribe(clip.path, clip.content)
                    assert answer.is_ok, answer
                    text = answer.text or ""
                else:
                    client.audio.transcriptions.create(model=server.model, file=clip.path)
                walls[name].append(time.perf_counter() - begun)
    caller.close()
    alone.close()
    kept = {name: times[3:] for name, times in walls.items()}
    medians = {name: statistics.median(times) for name, times in kept.items()}
    extra = [later - earlier for later, earlier in zip(kept["http"], kept["bare"], strict=True)]
    score = score_texts([sent.text], [text])
    return {
        "clip_s": round(clip.duration_s, 2),
        "kb": round(len(clip.content) / 1000),
        "wer": round(score.wer, 3),
        "pairs": pairs,
        "bare_ms": round(1000 * medians["bare"], 2),
        "http_over_bare": round(medians["http"] / medians["bare"], 3),
        "openai_over_bare": round(medians["openai"] / medians["bare"], 3),
        "http_minus_bare_ms": round(1000 * statistics.median(extra), 2),
    }


def throughput(server: served.Server, project: Project, clip: Clip, seconds: float, rounds: int) -> Figures:
    """What two replicas answer in a second at 4, 16 and 64 clients beside two bare loops, in turns."""
    instance = bare.first_instance(project, *server.model.split(":"))
    figures: Figures = {}
    bare_walls: list[float] = []
    with bare.loops(REPLICAS, instance, project.threads, clip.path, clip.duration_s) as loops:
        for clients in CLIENTS:
            alone, asked, failed, walls, spent = [], [], 0, [], []
            for _ in range(rounds):
                per_s, some = bare.for_s(loops, seconds)
                alone.append(per_s)
                bare_walls += some
                load, spent_ms = served.counted(server, clip, clients=clients, duration_s=seconds)
                spent.append(spent_ms)
                ok = [row for row in load.rows if row.is_ok]
                asked.append(len(ok) / load.elapsed_s)
                failed += len(load.rows) - len(ok)
                walls += [row.wall_s for row in ok]
            figures[str(clients)] = {
                "bare_per_s": round(statistics.fmean(alone), 2),
                "http_per_s": round(statistics.fmean(asked), 2),
                "ratio": round(sum(asked) / sum(alone), 3),
                "failed": failed,
                "p95_s": round(statistics.quantiles(walls, n=20)[-1], 3),
                "cpu_ms": {name: round(statistics.fmean(cpu_ms[name] for cpu_ms in spent), 2) for name in spent[0]},
            }
        few = served.load(server, clip, clients=REPLICAS, duration_s=seconds)
        p95_s = statistics.quantiles([row.wall_s for row in few.rows if row.is_ok], n=20)[-1]
        figures["p95_over_bare_at_2"] = round(p95_s / statistics.quantiles(bare_walls, n=20)[-1], 3)
    figures["mean_ratio"] = round(statistics.fmean(figures[str(clients)]["ratio"] for clients in CLIENTS), 3)
    return figures


def live(server: served.Server, clip: Clip, rounds: int) -> Figures:
    """How long after the end of the audio the last words of live streams come."""
    latencies = {}
    for count in STREAMS:
        heard = streams.measure(server.address, server.model, clip.path, REPLICAS * count, rounds)
        names = ("final_median_s", "final_p95_s", "final_max_s", "first_words_s")
        latencies[str(count)] = {name: round(getattr(heard, name), 3) for name in names}
    return latencies


def measured(root: Path, options: argparse.Namespace) -> Figures:
    """Every figure."""
    project, sent = Project.at(root), recordings.made(root)
    clip = sent[SHORT].clip
    figures: Figures = {"cores": os.cpu_count(), "load_before": os.getloadavg(), "model": options.model}
    with served.serving(root, options.model, replicas=REPLICAS, max_queue=64) as server:
        figures["memory"] = served.memory(server)
        figures["latency"], figures["throughput"] = {}, {}
        for name, pairs in ((SHORT, options.pairs), (ORDINARY, options.pairs // 2)):
            say(f"the {name} recording: one call at a time, in turns")
            figures["latency"][name] = latency(server, project, sent[name], pairs)
            say("4, 16 and 64 clients beside two bare loops")
            figures["throughput"][name] = throughput(server, project, sent[name].clip, options.seconds, options.rounds)
        say("clients that leave")
        figures["gone"] = served.gone(server, clip)
        say("workers that are killed")
        figures["kills"] = served.kills(server, clip, options.kills)
        say("live streams, 2 and 8 of each replica")
        figures["streams"] = live(server, clip, options.rounds)
        figures["memory"]["mib_after"] = round(server.rss_mib, 1)
    with served.serving(root, options.model, replicas=REPLICAS, max_queue=4) as server:
        say("48 of OpenAI's clients on a queue of 8")
        figures["default_clients"] = served.default_clients(server, clip.path)
        say("three times as much as it can do")
        per_s = figures["throughput"][SHORT]["16"]["http_per_s"]
        figures["overload"] = served.overload(server, clip, per_s, options.seconds)
    say(f"an index of {options.results:,} results")
    with tempfile.TemporaryDirectory(prefix="modellab-index-") as folder:
        figures["index"] = index_figures.measured(options.results, Path(folder))
        say("pages of them")
        figures["pages"] = page_figures.measured(Path(folder))
    say("several recordings in one call")
    figures["batches"] = [batches.apart(name, 1) for name in batches.ENGINES]
    return {**figures, "load_after": os.getloadavg()}


def main(arguments: list[str] | None = None) -> int:
    """Measure, write both files."""
    made = argparse.ArgumentParser(prog="python -m tools.serve_benchmark", description=__doc__)
    made.add_argument("--model", default=served.MODEL)
    made.add_argument("--pairs", type=int, default=80)
    made.add_argument("--seconds", type=float, default=5.0, help="of each loop")
    made.add_argument("--rounds", type=int, default=2, help="of each number of clients")
    made.add_argument("--kills", type=int, default=4)
    made.add_argument("--results", type=int, default=100_000)
    made.add_argument("--out", type=Path, default=OUT)
    options = made.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="modellab-serve-benchmark-") as folder:
        root = Path(folder)
        (root / "pyproject.toml").write_text("[tool.modellab]\n", encoding="utf-8")
        figures = measured(root, options)
    figures |= {"machine": machine_class(1, "cpu"), "date": today(), "took_s": round(time.monotonic() - begun)}
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "serve.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    (options.out / "serve.md").write_text(page.text(figures), encoding="utf-8")
    missed = [name for name, _, _, is_met in page.targets(figures) if not is_met]
    say(f"{options.out / 'serve.md'} in {figures['took_s']} s; missed: {', '.join(missed) or 'none'}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
