"""pytest glue: a case's timed calls as rounds of pytest-benchmark's `benchmark` fixture, where that plugin is active.

The calls are made and timed in the model's own process, once. Here each becomes a round of `benchmark.pedantic`, with
a timer that moves by the seconds measured there: CPU time for CPU cases, GPU or wall time for others. Nothing runs
again.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from modellab.errors import NoMeasurementError
from modellab.plan.matrix import Broken, Case
from modellab.results import serialization
from modellab.types import Result
from modellab.types.utterances import CPU, GPU, RAISED, WALL, clocks, counts_of

if TYPE_CHECKING:
    from modellab.runner.outcome import Measurement, Outcome

# Options of pytest-benchmark that ask for something to be shown or kept.
ASKING = ("json", "save", "autosave", "compare", "compare_fail", "histogram", "only", "skip", "columns", "cprofile")
PREFIX = "--benchmark-"


class Clock:
    """A timer that moves only when told."""

    def __init__(self, name: str) -> None:
        self.__name__ = name  # what pytest-benchmark's JSON calls it
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


CLOCKS = {
    "cpu": Clock("worker_cpu_time"),
    "cuda": Clock("worker_gpu_time"),
    "mps": Clock("worker_wall_time"),
    "server": Clock("worker_wall_time"),
}


def glue(config: pytest.Config) -> Rounds:
    """The plugin that fits: pytest-benchmark may be absent, or blocked, or switched off by pytest-xdist."""
    parallel = config.getoption("dist", "no") != "no" or "PYTEST_XDIST_WORKER" in os.environ
    if not hasattr(config.option, "benchmark_only") or (parallel and not asked(config)):
        return Rounds()
    return BenchmarkRounds(config)


def asked(config: pytest.Config) -> bool:
    """Whether the command line, or the settings, want anything of pytest-benchmark."""
    typed = any(str(word).startswith(PREFIX) for word in config.invocation_params.args)
    return typed or any(config.getoption(f"benchmark_{name}", None) for name in ASKING)


def seconds(result: Result) -> list[float]:
    """The time of each call that gave an answer, in s: by the process's CPU clock on a CPU, else by GPU or wall.

    A call whose clock told nothing is left out: pytest-benchmark ends in an error at a NaN.
    """
    table = clocks(result.utterances)
    good = table[table[:, RAISED] == 0]
    on_gpu = np.where(np.isfinite(good[:, GPU]), good[:, GPU], good[:, WALL])
    told = good[:, CPU] if result.key.device == "cpu" else on_gpu
    times: list[float] = told[np.isfinite(told)].tolist()
    return times


def facts(measurement: Measurement) -> dict[str, Any]:
    """What pytest-benchmark's file says of a case beside its times; its verdict comes when the session ends."""
    result, key = measurement.result, measurement.result.key
    on_gpu = bool(np.isfinite(clocks(result.utterances)[:, GPU]).any())
    metric = measurement.task.METRICS[0]
    value = metric.value(counts_of(result.utterances, metric.name))
    numbers = {"rtf": result.readings["rtf"], "rtf_cpu": result.readings["rtf_cpu"], metric.name: value}
    return {
        **{name: serialization.encode_number(number) for name, number in numbers.items()},
        "clock": "cpu" if key.device == "cpu" else "cuda events" if on_gpu else "wall",
        "machine": result.machine,
        "model": f"{key.model}:{key.variant}",
        "dataset": key.dataset,
        "device": key.device,
        "precision": key.precision,
        "utterances": len(result.utterances),
        "audio_s": serialization.encode_number(result.readings["audio_s"]),
        "commit": result.provenance["commit"],
    }


class Timed:
    """One test's way of measuring; with `benchmark` its times go there."""

    def __init__(self, benchmark: Any = None) -> None:
        self.benchmark = benchmark
        self.used = benchmark is None

    def measure(self, measure: Callable[[], Measurement | Outcome]) -> Measurement | Outcome:
        """What `measure` gives; its calls' times are the rounds."""
        from modellab.runner.outcome import Outcome

        try:
            measured = measure()
        except BaseException:
            self.nothing()
            raise
        if isinstance(measured, Outcome):
            self.nothing()
        elif self.benchmark is not None:
            self._replay(measured)
        return measured

    def nothing(self) -> None:
        """There is no measurement: pytest-benchmark is told, or it would warn that its fixture was not used."""
        if not self.used:
            self.used = True
            with suppress(NoMeasurementError):
                self.benchmark.pedantic(_raise)

    def _replay(self, measurement: Measurement) -> None:
        if not (times := seconds(measurement.passes[-1])):
            self.nothing()
            return
        self.used = True
        self.benchmark.extra_info.update(facts(measurement))
        left, clock = iter(times), CLOCKS[measurement.result.key.device]
        self.benchmark.pedantic(lambda: clock.advance(next(left, 0.0)), rounds=len(times), iterations=1)


def _raise() -> None:
    raise NoMeasurementError


class Rounds:
    """The plugin where pytest-benchmark has no part."""

    def marks(self, case: Case | Broken) -> Sequence[pytest.MarkDecorator]:  # noqa: ARG002
        """The marks that a case gets beside its own."""
        return ()

    @pytest.fixture
    def modellab_rounds(self) -> Timed:
        """How this test's model calls are timed."""
        return Timed()


class BenchmarkRounds(Rounds):
    """The plugin where pytest-benchmark is active."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.asked = config, asked(config)

    def marks(self, case: Case | Broken) -> Sequence[pytest.MarkDecorator]:
        """pytest-benchmark's own mark: our clock, and a group for each dataset."""
        return () if isinstance(case, Broken) else (_mark(case.key.dataset, case.key.device),)

    @pytest.fixture
    def modellab_rounds(self, benchmark: Any) -> Iterator[Timed]:
        """How this test's model calls are timed, and where the times go; a test may end before it measures."""
        timed = Timed(benchmark)
        yield timed
        timed.nothing()

    @pytest.hookimpl(wrapper=True)
    def pytest_benchmark_group_stats(self) -> Generator[None, Any, Any]:
        """Leave our cases out of pytest-benchmark's table unless one of its options asks for it."""
        groups = yield
        if self.asked:
            return groups
        others = [(name, [bench for bench in benches if _case(bench) is None]) for name, benches in groups]
        return [(name, benches) for name, benches in others if benches]

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Name the case instead of printing it, and add the verdict, which may have changed since the test."""
        controller = self.config.pluginmanager.get_plugin("modellab-controller")
        verdicts = {str(row.key): str(row.status) for row in getattr(controller, "rows", ())}
        for bench in output_json["benchmarks"]:
            if (case := _case(bench)) is not None:
                name = str(case.key)
                bench["params"] = {**bench["params"], "cell": name}
                bench["extra_info"] = {**bench["extra_info"], "verdict": verdicts.get(name)}


@functools.cache
def _mark(dataset: str, device: str) -> pytest.MarkDecorator:
    return pytest.mark.benchmark(group=dataset, timer=CLOCKS[device])


def _case(bench: dict[str, Any]) -> Case | None:
    case = (bench["params"] or {}).get("cell")
    return case if isinstance(case, Case) else None
