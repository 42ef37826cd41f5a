"""Requests in a closed or an open loop, each with its times and what came of it.

A latency counts from when a request was due: in an open loop from its moment on, whether or not anybody was free to
ask it, in a closed one from when its caller was free. Waits that the server asked for (Retry-After) are part of it.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from modellab import audio, text
from modellab.errors import ConfigError, ServerError
from modellab.metrics.edit_distance import align
from modellab.runner.load.client import CUT, Answer, Caller, Target, is_listening, pause_s
from modellab.system import load_loops

BUSY = (429, 503)  # after which a request may be made again
LATE = "not_sent"  # of an open loop whose time was over before there was room for a request
GRACE_S = 10.0  # for what was begun, once the run was told to end
MOST_FILE_BYTES = 512 * 10**6


@dataclass(frozen=True, slots=True)
class Plan:
    """The load. `rate_per_s` 0 is a closed loop of `clients`; `requests` 0 has no bound but `duration_s`."""

    clients: int = 1
    rate_per_s: float = 0.0
    is_regular: bool = False
    duration_s: float = 30.0
    requests: int = 0
    in_flight: int = 256
    warm_up: int = 1
    retries: int = 0
    seed: int = load_loops.SEED

    @property
    def is_open(self) -> bool:
        return self.rate_per_s > 0


@dataclass(frozen=True, slots=True)
class Clip:
    """A file to ask for: its bytes, its length, and what is said in it where somebody says so."""

    path: Path
    content: bytes
    duration_s: float
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One request. Times in s: `due_s` from the beginning; `wall_s` from then on, `service_s` from the last try on."""

    number: int
    file: str
    audio_s: float
    due_s: float
    wall_s: float
    service_s: float
    status: int
    code: str
    tries: int
    waited_s: float
    errors: float | None = None  # of words, and how many words there were
    words: float | None = None
    said: str = ""

    @property
    def is_ok(self) -> bool:
        return self.status == 200 and not self.code


@dataclass(slots=True)
class Load:
    """What was measured. `ended_early` where somebody told it to end."""

    target: Target
    plan: Plan
    clips: int
    rows: list[Row] = field(default_factory=list)
    elapsed_s: float = 0.0
    ended_early: bool = False
    begun_at: str = ""


def clips(paths: Sequence[Path], texts: Mapping[str, str] | None = None) -> list[Clip]:
    """The files, read; ConfigError for one that is too large or without a text, AudioError for one that is none."""
    read = []
    for path in paths:
        duration_s = audio.info(path).duration_s
        if path.stat().st_size > MOST_FILE_BYTES:
            size_mb, most_mb = path.stat().st_size / 1e6, MOST_FILE_BYTES / 1e6
            raise ConfigError(f"{path} has {size_mb:.0f} MB, at most {most_mb:.0f} are sent")
        if texts is not None and path.name not in texts:
            raise ConfigError(f"{path.name} has no text: expected a line `{path.name}<tab>what is said in it`")
        read.append(Clip(path, path.read_bytes(), duration_s, texts[path.name] if texts is not None else None))
    return read


def first(target: Target, some: Sequence[Clip], plan: Plan) -> None:
    """Warm up, which also finds out what is wrong with all requests alike: that is raised in one sentence."""
    if not is_listening(target):
        raise ServerError(f"nobody answers at {target.url}: is the server running, and is that its address?")
    caller = Caller(target)
    try:
        for number in range(max(1, plan.warm_up)):
            answer = caller.transcribe(some[number % len(some)].path, some[number % len(some)].content)
            if not answer.is_ok and (answer.status not in BUSY or answer.code == "model_unavailable"):
                what = f"status {answer.status}" if answer.status else "no answer"
                raise ServerError(f"{target.url} gives no transcription ({what} {answer.code}): {answer.said}")
    finally:
        caller.close()


class Loader:
    """Carries out a plan. `stop` ends it from another thread or a signal's handler."""

    def __init__(
        self, target: Target, some: Sequence[Clip], plan: Plan, normaliser: str = "basic",
        told: Callable[[Row], object] = lambda _: None,
    ) -> None:  # fmt: skip
        self.target, self.clips, self.plan, self.told = target, list(some), plan, told
        self.normalise = text.get(normaliser)
        self.load = Load(target, plan, len(self.clips))
        self._stop, self._lock, self._own = threading.Event(), threading.Lock(), threading.local()
        self._callers: list[Caller] = []
        self._begun_s = 0.0

    def run(self) -> Load:
        """Ask until the plan is done; Ctrl-C ends it and what was measured is kept."""
        plan, self._begun_s = self.plan, time.perf_counter()
        calls = plan.requests or math.inf
        bounds: dict[str, Any] = {"calls": calls, "longest_s": plan.duration_s, "begun_s": self._begun_s}
        moments = (load_loops.regular if plan.is_regular else _poisson(plan.seed))(plan.rate_per_s)
        worker = threading.Thread(target=self._loop, args=(bounds, moments), daemon=True)
        worker.start()
        try:
            while worker.is_alive():
                worker.join(0.2)
        except KeyboardInterrupt:
            self.load.ended_early = True
            self.stop()
            worker.join(GRACE_S)
        if not worker.is_alive():
            for caller in self._callers:
                caller.close()
        self.load.elapsed_s = max((row.due_s + row.wall_s for row in self.load.rows), default=0.0)
        self.load.rows.sort(key=lambda row: row.number)
        return self.load

    def stop(self) -> None:
        """Begin no more, and break off what waits."""
        self._stop.set()
        with self._lock:
            for caller in self._callers:
                caller.cut()

    def _loop(self, bounds: Mapping[str, Any], moments: load_loops.Moments) -> None:
        if self.plan.is_open:
            load_loops.open_loop(self._call, moments, threads=self.plan.in_flight, stop=self._stop, **bounds)
        else:
            load_loops.closed(self._call, streams=self.plan.clients, stop=self._stop, **bounds)

    def _call(self, number: int, due_s: float | None) -> None:
        """One request, with as many tries as it may have."""
        clip, now_s = self.clips[number % len(self.clips)], time.perf_counter() - self._begun_s
        due_s = now_s if due_s is None else due_s
        if self.plan.is_open and now_s > self.plan.duration_s + GRACE_S:
            self._keep(clip, Row(number, clip.path.name, clip.duration_s, due_s, now_s - due_s, 0.0, 0, LATE, 0, 0.0))
            return
        caller, tries, waited_s = self._caller(), 0, 0.0
        while True:
            sent_s = time.perf_counter()
            answer = caller.transcribe(clip.path, clip.content)
            tries += 1
            if answer.is_ok or answer.status not in BUSY or tries > self.plan.retries or self._stop.is_set():
                break
            pause = pause_s(answer, tries - 1)
            waited_s += pause
            self._stop.wait(pause)
        end_s = time.perf_counter()
        if answer.code != CUT:
            times = (due_s, end_s - self._begun_s - due_s, end_s - sent_s)
            row = Row(number, clip.path.name, clip.duration_s, *times, answer.status, answer.code, tries, waited_s,
                      *self._scored(clip, answer), said="" if answer.is_ok else answer.said)  # fmt: skip
            self._keep(clip, row)

    def _scored(self, clip: Clip, answer: Answer) -> tuple[float | None, float | None]:
        if clip.reference is None or answer.text is None:
            return None, None
        one = align(self.normalise(clip.reference), self.normalise(answer.text)).wer()
        return float(one.top), float(one.bottom)

    def _keep(self, _: Clip, row: Row) -> None:
        with self._lock:
            self.load.rows.append(row)
            self.told(row)

    def _caller(self) -> Caller:
        """The caller of this thread."""
        if not hasattr(self._own, "caller"):
            self._own.caller = Caller(self.target)
            with self._lock:
                self._callers.append(self._own.caller)
        caller: Caller = self._own.caller
        return caller


def _poisson(seed: int) -> Callable[[float], load_loops.Moments]:
    return lambda per_s: load_loops.poisson(per_s, seed)


def line(row: Row) -> str:
    """A row as a line of JSON; what it has nothing of is left out."""
    return json.dumps({name: value for name, value in asdict(row).items() if value not in (None, "")}) + "\n"
