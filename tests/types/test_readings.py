"""The readings are declared once: what a run measures is there, and what the parts take from there fits together."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import tasks
from modellab.results import baselines
from modellab.types import Utterance, readings
from modellab.types.readings import READINGS, Reading

ROOT = Path(__file__).parents[2]
each_reading = pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)


@each_reading
def test_a_name_ends_in_its_unit(reading: Reading) -> None:
    ends = {"s": "_s", "bytes": "_bytes"}
    assert [unit for unit, end in ends.items() if reading.name.endswith(end)] == [reading.unit] * (reading.unit in ends)


@each_reading
def test_what_decides_is_kept_and_shown(reading: Reading) -> None:
    if reading.judged_on or reading.limited:
        assert reading.accepted
        assert reading.told
        assert reading.better == "lower"
    assert not (reading.judged_on and reading.limited)
    assert set(reading.judged_on) <= set(readings.DEVICES)


def test_a_clock_has_a_column_of_the_utterances() -> None:
    assert readings.CLOCKS == {"rtf": 0, "rtf_cpu": 1, "rtf_gpu": 2}
    assert set(readings.FIELDS) <= set(Utterance.__slots__)


@pytest.mark.parametrize(
    ("device", "judged"),
    [
        ("cpu", ("rtf", "rtf_cpu", "peak_rss_bytes")),
        ("cuda", ("rtf", "rtf_gpu", "peak_rss_bytes", "peak_vram_bytes")),
        ("mps", ("rtf", "peak_rss_bytes")),
    ],
)
def test_what_is_judged_on_a_device(device: str, judged: tuple[str, ...]) -> None:
    assert readings.judged(device) == judged
    assert (*readings.judged(device, "speed"), *readings.judged(device, "memory")) == judged


@pytest.mark.parametrize("task", tasks.names())
def test_no_metric_has_the_name_of_a_reading(task: str) -> None:
    assert not {metric.name for metric in tasks.get(task).METRICS} & READINGS.keys()


def test_what_is_accepted_is_declared() -> None:
    keys = filter(None, map(baselines.key_of, (ROOT / "baselines").glob("*/*/*.json")))
    found: set[str] = set()
    for key in keys:
        for machine in baselines.other_machines(ROOT / "baselines", key):
            if resources := baselines.load_resources(ROOT / "baselines", key, machine):
                found |= resources.readings.keys()
    assert found
    assert found <= set(readings.ACCEPTED)
