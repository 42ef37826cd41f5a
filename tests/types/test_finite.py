"""A baseline with a number that is none is damaged: refused in one sentence that names the file and the line."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import MALFORMED, BaselineError, NumberError
from modellab.results.baselines import load, load_resources, quality_path, resources_path, save
from modellab.tasks import Task, asr
from modellab.types import finite

from ..make import KEY, READINGS, asr_counts, name, result, utterance

TASK: Task = asr
MACHINE = result([]).machine
ODD = ["null", "NaN", "Infinity", "-Infinity", '"inf"', '"5"', "true", "[]", "1e400", "1e300", "1" + "0" * 400]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    said = [utterance(name(i), asr_counts(0), {"text": "a b c"}) for i in range(3)]
    save(tmp_path, TASK, [result(said)], "a first run", "2026-03-01")
    return tmp_path


def edit(path: Path, before: str, after: str) -> int:
    """Change the first such text of a file; the number of its line."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    return text[: text.index(before)].count("\n") + 1


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("share", ['"wer": [0, {}]', '"wer": [{}, 5]', '"cer": [0, {}]'])
def test_a_share_that_is_no_number(root: Path, share: str, odd: str) -> None:
    path = quality_path(root, KEY)
    line = edit(path, share.format(5), share.format(odd)) if share.format(5) in path.read_text() else edit(
        path, share.format(0), share.format(odd)
    )  # fmt: skip
    with pytest.raises(BaselineError) as found:
        load(root, KEY)
    said = str(found.value)
    assert said.startswith(f"{path}, line {line} is not a baseline (NumberError: 0000: {share[1:4]} is ")
    assert "finite numbers were expected" in said
    assert "Restore it with git" in said
    assert len(said) < 700


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"wer": [0, 5]', '"wer": null', "wer is null, finite numbers were expected"),
        ('"wer": [0, 5]', '"wer": []', "wer is [], finite numbers"),
        ('"wer": [0, 5]', '"wer": 0', "wer is 0, finite numbers"),
        ('"wer": [0, 5]', '"wer": [0, -5]', "wer is [0, -5]: nothing counts -5 of anything"),
        ('"wer": [0, 5]', '"wer": [0]', "wer has [2] numbers, and [1] in the first utterance"),
        ('"wer": [0, 5]', '"cer": [0, 5]', "in the first utterance"),
        ('"shares"', '"other"', "no 'shares'"),
        ('{"output": "a b c"', '{"out": "a b c"', "no 'output'"),
    ],
)
def test_a_share_that_is_missing(root: Path, before: str, after: str, words: str) -> None:
    edit(quality_path(root, KEY), before, after)
    with pytest.raises(BaselineError, match=r"line 1[0-9] is not a baseline") as found:
        load(root, KEY)
    assert words in str(found.value)


@pytest.mark.parametrize("odd", ODD)
def test_a_time_or_reading_that_is_no_number(root: Path, odd: str) -> None:
    path = resources_path(root, KEY, MACHINE)
    whole = path.read_text()
    peak = f'"peak_rss_bytes": {READINGS["peak_rss_bytes"]:.0f}'
    for before, named in (('"0001": [0.1,', '"0001": [{},'), (peak, '"peak_rss_bytes": {}')):
        line = edit(path, before, named.format(odd))
        with pytest.raises(BaselineError) as found:
            load_resources(root, KEY, MACHINE)
        assert f"{path}, line {line} is not a baseline" in str(found.value)
        path.write_text(whole)


@pytest.mark.parametrize("times", ["[0.1]", "[0.1, 0.1, 0.1, 0.1]", "[-0.1, 0.1]", "null", "{}", '"ab"', "[0.1, null]"])
def test_times_are_two_or_three_seconds(root: Path, times: str) -> None:
    edit(resources_path(root, KEY, MACHINE), '"0001": [0.1, 0.08]', f'"0001": {times}')
    with pytest.raises(BaselineError, match=r"line [0-9]+ is not a baseline"):
        load_resources(root, KEY, MACHINE)


def test_sessions_and_noise_are_numbers(root: Path) -> None:
    for path, part, read in (
        (resources_path(root, KEY, MACHINE), {"sessions": [{"rtf": None}]}, lambda: load_resources(root, KEY, MACHINE)),
        (quality_path(root, KEY), {"noise": {"wer": math.inf}}, lambda: load(root, KEY)),
    ):
        path.write_text(json.dumps({**json.loads(path.read_text()), **part}))
        with pytest.raises(BaselineError, match="no finite number"):
            read()


def test_what_has_no_length_has_no_rate(root: Path) -> None:
    path = resources_path(root, KEY, MACHINE)
    stored = json.loads(path.read_text())
    for clock in ("rtf", "rtf_cpu"):
        stored["readings"][clock] = None
    path.write_text(json.dumps(stored))
    resources = load_resources(root, KEY, MACHINE)
    assert resources is not None
    assert not {"rtf", "rtf_cpu"} & resources.readings.keys()
    stored["readings"]["rtf"] = 0.1
    path.write_text(json.dumps(stored))
    with pytest.raises(BaselineError, match="rtf_cpu: null is no finite number"):
        load_resources(root, KEY, MACHINE)


@pytest.mark.parametrize("share", [(math.nan, 5.0), (1.0, math.inf), ()])
def test_no_such_number_becomes_a_baseline(tmp_path: Path, share: tuple[float, ...]) -> None:
    said = [utterance(name(0), {**asr_counts(0), "wer": share}, {"text": "a"})]
    with pytest.raises(BaselineError, match=r"0000: wer is .*finite numbers only: nothing was accepted"):
        save(tmp_path, TASK, [result(said)], "why", "2026-03-01")
    assert not quality_path(tmp_path, KEY).exists()


def test_a_reading_that_is_none_is_left_out(tmp_path: Path) -> None:
    said = [utterance(name(i), asr_counts(0), {"text": "a"}, wall_s=wall_s) for i, wall_s in enumerate((0.1, math.nan))]
    save(tmp_path, TASK, [result(said, readings={**READINGS, "load_s": math.nan})], "why", "2026-03-01")
    resources = load_resources(tmp_path, replace(KEY), MACHINE)
    assert resources is not None
    assert "load_s" not in resources.readings
    assert resources.times.keys() == {"0000"}


ANY = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(ANY, st.sampled_from([finite.numbers, finite.counts, finite.times]))
def test_whatever_is_read_is_finite_or_refused(data: Any, read: Any) -> None:
    try:
        found = read(data)
    except MALFORMED:
        return
    values = [found.values()] if read is finite.numbers else found.values() if read is finite.counts else [found]
    assert all(math.isfinite(number) for some in values for number in some)


@pytest.mark.parametrize("name", ["rtf", "peak_rss_bytes", "load_s"])
def test_no_reading_is_below_zero(name: str) -> None:
    with pytest.raises(NumberError, match=f"{name}: -1 is below 0"):
        finite.readings({"rtf": 0.5, "peak_rss_bytes": 1e8, "load_s": 1.0, name: -1})


@pytest.mark.parametrize(
    ("readings", "says"),
    [
        ({"reference_version": 2, "reference_walk_s": 0.1}, "reference_arithmetic_s: it is missing, and reference_ver"),
        (
            {"reference_version": 2, "reference_arithmetic_s": 0.1, "reference_walk_s": 0},
            "reference_walk_s: it is 0, and",
        ),
        ({"other_cores": 0.5}, "cores: it is missing, and other_cores is there"),
    ],
)
def test_what_says_nothing_without_another_reading_is_damage(readings: dict[str, float], says: str) -> None:
    with pytest.raises(NumberError, match=says):
        finite.readings({"rtf": 0.5, "peak_rss_bytes": 1e8, **readings})
    assert finite.readings({"rtf": 0.5, "cores": 2}) == {"rtf": 0.5, "cores": 2}


def test_no_clock_tells_less_than_a_nanosecond() -> None:
    assert finite.times([0.0, 1e-6]) == (0.0, 1e-6)
    with pytest.raises(ValueError, match="finite seconds were expected"):
        finite.times([1e-320, 0.1])


def test_nor_is_a_spread() -> None:
    with pytest.raises(NumberError, match=r"wer: -0\.1 is below 0"):
        finite.spreads({"wer": -0.1})
