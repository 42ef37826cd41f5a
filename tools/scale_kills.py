"""Kill workers, models and controllers of distributed runs at random moments, and look for what was lost or doubled.

    python -m tools.scale_kills --kills 20 --seed 1 [--executors ray]

Each round is a run of 60 utterances of a model that sleeps, through local:2, a shared folder with two pullers, or two
actors on a Ray cluster of two nodes on this machine (`scale_ray_nodes.py`). One process of a kind that the seed draws,
or a node of Ray, is killed at a moment that it draws. A killed controller is started again with --resume.
Then every utterance has to be in the parts once, with the answer that it should have, and the ledger has to
hold one whole entry. Prints a line for each round, and exit status 1 where one of them failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from modellab.results import ledger
from modellab.runner.distributed import parts, ray_cluster
from tools import scale_project

UTTERANCES, SLEEP_S, SHARD = 60, 0.05, 4
RUN = """
import sys
from modellab.runner.options import RunOptions
from modellab.runner.run import run
from modellab.runner.distributed import shared_folder
shared_folder.LEASE_S = 5.0
executor, session, resume = sys.argv[1:]
options = RunOptions(executor=executor, shard_audio_s=%s, resume=session if resume else "")
result = run([%r], ".", options, session=session)
print([(case.status, case.error, [verdict.why for verdict in case.red]) for case in result.cases])
raise SystemExit(result.exit_status)
"""
PULL = """
from pathlib import Path
from modellab.runner.distributed import shared_folder
shared_folder.LEASE_S = 5.0
from modellab.runner.distributed.puller import Puller
Puller(Path("queue").absolute(), Path.cwd(), print).work(600)
"""
KINDS: dict[str, tuple[str, ...]] = {
    "local": ("model", "worker", "controller"),
    "queue": ("model", "worker", "controller"),
    "ray": ("model", "worker", "node", "controller"),
}
NAMES = {"local": "local:2", "queue": "queue:queue"}


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--executors", nargs="+", choices=list(KINDS), default=["local", "queue"])
    given = asked.parse_args()
    with cluster("ray" in given.executors) as nodes:
        rounds(given.kills, given.executors, random.Random(given.seed), nodes)


def rounds(kills: int, executors: Sequence[str], draw: random.Random, nodes: subprocess.Popen[str] | None) -> None:
    """So many kills, each told of in a line."""
    failed, again = 0, []
    names = NAMES | ({"ray": f"ray:{told(nodes)}"} if nodes else {})
    for number in range(kills):
        name = draw.choice(executors)
        executor, kind, after_s = names[name], draw.choice(KINDS[name]), draw.uniform(0.0, 2.0)
        faults, twice = one(executor, kind, after_s, nodes)
        failed += bool(faults)
        again.append(twice / SHARD)
        what = "; ".join(faults) or "each utterance once"
        print(
            f"{number + 1:3} {executor:12} {kind:10} after {after_s:.2f} s: {what}, {twice} computed again", flush=True
        )
    print(f"{kills} kills, {failed} failed, at most {max(again):.1f} shards computed again by one kill")
    raise SystemExit(bool(failed))


@contextmanager
def cluster(wanted: bool) -> Iterator[subprocess.Popen[str] | None]:
    """The process that holds two nodes of Ray, where somebody wants them; without another cluster's token."""
    if not wanted:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="scale-ray-") as home:
        os.environ |= {"HOME": home, **ray_cluster.QUIET, **ray_cluster.AS_OTHERS}
        command = [sys.executable, "-m", "tools.scale_ray_nodes"]
        nodes = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield nodes
        finally:
            nodes.communicate()  # the end of its orders


def told(nodes: subprocess.Popen[str]) -> str:
    """The next line of the process that holds the nodes."""
    assert nodes.stdout is not None
    while not (line := nodes.stdout.readline()).startswith("nodes: "):
        if not line:
            raise SystemExit("the Ray cluster did not start")
    return line.removeprefix("nodes: ").strip()


def one(executor: str, kind: str, after_s: float, nodes: subprocess.Popen[str] | None = None) -> tuple[list[str], int]:
    """One run with one kill: what is wrong afterwards, and how many utterances were computed more than once."""
    root = Path(tempfile.mkdtemp(prefix="scale-kills-"))
    try:
        scale_project.write(root, UTTERANCES, SLEEP_S)
        (root / "queue").mkdir()
        with pullers(root, 2 if executor.startswith("queue") else 0) as workers:
            controller = started(root, RUN % (SHARD * 0.5 + 0.01, scale_project.CASE), executor, "s", "")
            wait_for_parts(root, controller)
            time.sleep(after_s)
            killed_controller = strike(kind, controller, workers, nodes if executor.startswith("ray") else None)
            status = controller.wait(600)
            if killed_controller:
                status = started(root, RUN % (SHARD * 0.5 + 0.01, scale_project.CASE), executor, "s", "yes").wait(600)
        return list(faults(root, status)), computed_twice(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def started(root: Path, code: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A process in the project, which says what it says to a log there."""
    with (root / "log").open("ab") as log:
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "MODELLAB_MACHINE": "kills"}
        return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=root, env=env, stdout=log, stderr=log)


@contextmanager
def pullers(root: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """So many, of which a killed one is not replaced."""
    workers = [started(root, PULL) for _ in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def wait_for_parts(root: Path, controller: subprocess.Popen[bytes]) -> None:
    """Until something has been computed."""
    path, end_s = parts.place(root / "mlruns", "s", scale_project.CASE), time.monotonic() + 300
    while not (path.exists() and path.read_bytes().count(b"\n") > 1) and controller.poll() is None:
        if time.monotonic() > end_s:
            raise SystemExit(f"nothing was computed: {(root / 'log').read_text()[-2000:]}")
        time.sleep(0.02)


def strike(
    kind: str,
    controller: subprocess.Popen[bytes],
    workers: list[subprocess.Popen[bytes]],
    nodes: subprocess.Popen[str] | None,
) -> bool:
    """Kill one process of the kind, or a node; whether that was the controller."""
    if kind == "controller":
        controller.kill()
        return True
    if kind == "node":
        assert nodes is not None
        assert nodes.stdin is not None
        nodes.stdin.write("kill\n")
        nodes.stdin.flush()
        told(nodes)
        return False
    tops = [psutil.Process(process.pid) for process in (controller, *workers) if process.poll() is None]
    roots = [*tops, *([psutil.Process(nodes.pid)] if nodes else [])]
    below = [(process, " ".join(process.cmdline())) for top in roots for process in top.children(recursive=True)]
    models = [process for process, command in below if "modellab.worker" in command]
    shards = [process for process, command in below if "shard_process" in command or command.startswith("ray::Actor")]
    shards += tops[1:]
    victims = models if kind == "model" else shards
    if victims:
        victims[0].send_signal(signal.SIGKILL)
    return False


def faults(root: Path, status: int) -> Iterator[str]:
    """What is wrong with the outcome."""
    if status:
        yield f"exit status {status}: {(root / 'log').read_text()[-600:]!r}"
        return
    lines = parts.place(root / "mlruns", "s", scale_project.CASE).read_text().splitlines()
    seen: Counter[int] = Counter()
    for line in lines:
        try:
            part = json.loads(line)
        except ValueError:
            continue  # torn by the kill
        for i, utterance in enumerate(part.get("utterances", ())):
            seen[part["start"] + i] += 1
            if utterance["output"] is None or utterance["output"]["text"] != f"number {part['start'] + i}":
                yield f"utterance {part['start'] + i}: {utterance['output']} {utterance.get('error', '')[:100]}"
    if missing := UTTERANCES - len(seen):
        yield f"{missing} lost"
    if doubled := sum(count > 1 for count in seen.values()):
        yield f"{doubled} doubled"
    entries = [entry for entry in ledger.read(root / "mlruns")[0] if entry.result]
    if [len(entry.result.utterances) for entry in entries if entry.result] != [UTTERANCES]:
        yield f"{len(entries)} entries with a result"


def computed_twice(root: Path) -> int:
    """Calls of workers' models beyond one for each utterance; without the first, by which models are warmed up."""
    calls = scale_project.calls(root)
    return sum(max(0, calls[number] - 1) for number in range(1, UTTERANCES))


if __name__ == "__main__":
    main()
