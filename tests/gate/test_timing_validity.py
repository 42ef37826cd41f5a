"""When the clocks prove little, and the sentence that says so."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from modellab.gate.timing_validity import invalid
from modellab.types import Result

from ..make import KEY, PROVENANCE, READINGS, result, utterance


def measured_result(
    device: str = "cpu", threads: int = 1, wall_s: float = 0.1, cpu_s: float = 0.1, **readings: float
) -> Result:
    said = [utterance(str(i), {}, wall_s=wall_s, cpu_s=cpu_s) for i in range(3)]
    said.append(utterance("raised", {}, wall_s=math.nan, cpu_s=math.nan, error="the decoder lost its way"))
    changes: dict[str, Any] = {
        "key": replace(KEY, device=device),
        "provenance": {**PROVENANCE, "threads": str(threads)},
    }
    return result(said, readings={**READINGS, **readings}, **changes)


@pytest.mark.parametrize(
    ("run", "why"),
    [
        pytest.param(measured_result(), "", id="a quiet machine"),
        pytest.param(measured_result(other_cores=1.1), "", id="half of the cores and a bit"),
        pytest.param(measured_result(other_cores=1.2), "other processes kept 1.2 of 2 cores busy", id="more than half"),
        pytest.param(
            measured_result(threads=2, other_cores=0.4),
            "other processes kept 0.4 of 2 cores busy",
            id="no core to spare",
        ),
        pytest.param(measured_result(threads=2, other_cores=0.3), "", id="hardly anybody else"),
        pytest.param(measured_result(reference_drift=0.09), "", id="hardly slower"),
        pytest.param(
            measured_result(reference_drift=0.15),
            "the machine slowed down meanwhile: its reference workload took +15% in the second half of the run",
            id="drift",
        ),
        pytest.param(measured_result(reference_drift=-0.5), "", id="a machine that grew faster"),
        pytest.param(measured_result(reference_drift=math.nan), "", id="too short to tell"),
        pytest.param(
            measured_result("cuda", reference_drift=0.5, cpu_s=0.9), "", id="a GPU is none of the CPU's business"
        ),
        pytest.param(measured_result("cuda", gpu_throttled=0.05), "", id="throttled now and then"),
        pytest.param(
            measured_result("cuda", gpu_throttled=0.25),
            "the GPU had lowered its clocks (heat, power) after 25% of the calls",
            id="throttled",
        ),
        pytest.param(measured_result(cpu_s=0.119), "", id="a little more than one core"),
        pytest.param(
            measured_result(cpu_s=0.19), "the model used 1.9 cores with 1 thread", id="two cores with one thread"
        ),
        pytest.param(measured_result(threads=2, cpu_s=0.19), "", id="two cores with two threads"),
        pytest.param(
            measured_result(threads=2, cpu_s=0.3), "the model used 3.0 cores with 2 threads", id="three with two"
        ),
        pytest.param(
            measured_result(threads=2, other_cores=0.35), "", id="just what is spared where all cores are used"
        ),
        pytest.param(measured_result(reference_drift=0.1), "", id="slower by just what is let pass"),
        pytest.param(measured_result(repeat_share=0.2), "", id="the same call again took a fifth of its time"),
        pytest.param(
            measured_result(repeat_share=0.19),
            "answers come from a cache: the same call again took 19% of its time",
            id="it took less",
        ),
        pytest.param(measured_result(other_cores=math.nan), "", id="nobody counted the others"),
        pytest.param(measured_result(wall_s=0.0, cpu_s=0.0), "", id="no time at all"),
    ],
)
def test_what_makes_a_timing_prove_little(run: Result, why: str) -> None:
    assert invalid(run) == why


def test_the_first_reason_is_given() -> None:
    assert invalid(measured_result(other_cores=2.0, reference_drift=0.5, cpu_s=0.5)).startswith("other processes")
