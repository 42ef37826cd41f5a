"""A server for the benchmark, and the figures that one asks it for."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from modellab.runner.load.client import Caller, Target
from modellab.runner.load.measure import Clip, Load, Loader, Plan

MODEL = "faster_whisper:lab"
MIB = 2**20


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    address: str
    model: str

    @property
    def target(self) -> Target:
        return Target.of(f"{self.address}/v1", self.model)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.address}{path}", timeout=60) as answer:  # noqa: S310 - ours
            return json.loads(answer.read())

    def stats(self) -> dict[str, Any]:
        stats: dict[str, Any] = self.get("/stats")["models"][self.model]
        return stats

    @property
    def rss_mib(self) -> float:
        return psutil.Process(self.process.pid).memory_info().rss / MIB

    def cpu_s(self) -> dict[str, float]:
        """What its processes have spent so far by kind, and this one."""
        api, spent = psutil.Process(self.process.pid), {"api": 0.0, "probe": 0.0, "model": 0.0, "client": 0.0}
        for process in (api, *api.children(recursive=True), psutil.Process()):
            command = process.cmdline()
            kind = "api" if process == api else "client" if process.pid == os.getpid() else "model"
            kind = "probe" if "modellab.server.probe" in command else kind
            spent[kind] += sum(process.cpu_times()[:2])
        return spent

    def workers(self) -> list[psutil.Process]:
        """Its processes that hold a model."""
        below = psutil.Process(self.process.pid).children(recursive=True)
        return [process for process in below if "modellab.worker" in process.cmdline()]


@contextmanager
def serving(root: Path, model: str, **options: Any) -> Iterator[Server]:
    """A server of the project at `root`, with its model loaded, if there is to be one."""
    given = {"port": 0, "preload": [model] if model else [], "idle_s": 0, **options}
    command = [sys.executable, "-m", "modellab.server", str(root), json.dumps(given)]
    environment = {
        **os.environ,
        "MODELLAB_OCCUPIED": str(root / "occupied"),
    }  # what others measure is no reason to wait
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr
    line = process.stderr.readline()
    place = re.match(r"serving on (http://\S+)/v1 ", line)
    if place is None:
        raise RuntimeError(f"the server did not start: {line}{process.stderr.read()}")
    threading.Thread(target=process.stderr.read, daemon=True).start()
    server = Server(process, place[1], model)
    try:
        while not _is_ready(server):
            time.sleep(0.2)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _is_ready(server: Server) -> bool:
    try:
        return bool(server.get("/ready")["ready"])
    except OSError:  # 503 until it is
        return False


def load(server: Server, clip: Clip, **plan: Any) -> Load:
    """Requests as `modellab load` makes them."""
    return Loader(server.target, [clip], Plan(**plan)).run()


def counted(server: Server, clip: Clip, **plan: Any) -> tuple[Load, dict[str, float]]:
    """The same, with what each process spent on a request, in ms of a core."""
    before = server.cpu_s()
    measured = load(server, clip, **plan)
    after, count = server.cpu_s(), sum(row.is_ok for row in measured.rows)
    return measured, {name: 1000 * (after[name] - before[name]) / max(1, count) for name in after}


def memory(server: Server, connections: int = 200) -> dict[str, float]:
    """The API's process, alone and with so many idle connections, in MiB."""
    host, port = server.address.removeprefix("http://").split(":")
    before = server.rss_mib
    with ExitStack() as held:
        for _ in range(connections):
            line = held.enter_context(socket.create_connection((host, int(port))))
            line.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(4096)
        after = server.rss_mib
    return {"mib": round(before, 1), "mib_per_connection": round(max(0.0, after - before) / connections, 3)}


def overload(server: Server, clip: Clip, per_s: float, seconds: float) -> dict[str, float]:
    """Three times what it can do: how soon who is refused is told, and how long who is not waits."""
    measured = load(server, clip, rate_per_s=3 * per_s, duration_s=seconds, in_flight=256)
    refused = sorted(row.service_s for row in measured.rows if row.status == 429)
    admitted = sorted(row.service_s for row in measured.rows if row.is_ok)
    others = sum(row.status not in (200, 429) for row in measured.rows)
    return {
        "asked": len(measured.rows),
        "refused": len(refused),
        "other": others,
        "refused_p50_s": round(_rank(refused, 50), 3),
        "refused_p99_s": round(_rank(refused, 99), 3),
        "admitted_p95_s": round(_rank(admitted, 95), 3),
    }


def kills(server: Server, clip: Clip, rounds: int) -> dict[str, float]:
    """kill -9 of a worker with 12 requests under way, so often: how many of them were lost, the slowest answer."""
    lost, slowest = 0, 0.0
    for number in range(rounds):
        with ThreadPoolExecutor(12) as pool:
            asked = [pool.submit(_one, server, clip) for _ in range(12)]
            time.sleep(0.15)
            if workers := server.workers():
                os.kill(workers[number % len(workers)].pid, signal.SIGKILL)
            for request in asked:
                is_ok, wall_s = request.result()
                lost, slowest = lost + (not is_ok), max(slowest, wall_s)
        while not _is_ready(server):
            time.sleep(0.1)
    return {"rounds": rounds, "asked": 12 * rounds, "lost": lost, "slowest_s": round(slowest, 2)}


def _one(server: Server, clip: Clip) -> tuple[bool, float]:
    caller, begun = Caller(server.target), time.perf_counter()
    answer = caller.transcribe(clip.path, clip.content)
    caller.close()
    return answer.is_ok, time.perf_counter() - begun


def gone(server: Server, clip: Clip, clients: int = 30) -> dict[str, float]:
    """So many clients leave at once: how many calls were made for nobody."""
    _settled(server)
    before = server.stats()["calls"]
    callers = [Caller(server.target) for _ in range(clients)]
    with ThreadPoolExecutor(clients) as pool:
        asked = [pool.submit(caller.transcribe, clip.path, clip.content) for caller in callers]
        end = time.monotonic() + 10
        while (stats := server.stats())["waiting"] < clients // 2 and time.monotonic() < end:
            time.sleep(0.02)
        for caller in callers:
            caller.cut()
        answered = sum(request.result().is_ok for request in asked)
    for caller in callers:
        caller.close()
    _settled(server)
    made = server.stats()["calls"] - before
    return {"left": clients - answered, "waiting_then": stats["waiting"], "computed_for_nobody": made - answered}


def _settled(server: Server) -> None:
    quiet = 0
    while quiet < 3:
        stats = server.stats()
        quiet = quiet + 1 if stats["waiting"] + stats["running"] == 0 else 0
        time.sleep(0.1)


def default_clients(server: Server, path: Path, count: int = 48) -> dict[str, float]:
    """So many of OpenAI's clients as they are, at once."""
    import openai

    async def all_of_them() -> list[bool]:
        async with openai.AsyncOpenAI(base_url=f"{server.address}/v1", api_key="none") as client:

            async def one() -> bool:
                try:
                    await client.audio.transcriptions.create(model=server.model, file=path)
                except openai.APIError:
                    return False
                return True

            await one()
            return await asyncio.gather(*(one() for _ in range(count)))

    begun = time.perf_counter()
    answered = sum(asyncio.run(all_of_them()))
    return {"asked": count, "answered": answered, "all_s": round(time.perf_counter() - begun, 2)}


def _rank(values: list[float], rank: float) -> float:
    if not values:
        return float("nan")
    return statistics.quantiles(values, n=100, method="inclusive")[int(rank) - 1] if len(values) > 1 else values[0]
