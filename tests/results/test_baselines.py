"""Accepted results on disk: what goes in comes out, the same results are the same bytes, damage has a sentence."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.errors import BaselineError
from modellab.gate import quality
from modellab.results.baselines import load, load_resources, other_machines, quality_path, resources_path, save
from modellab.tasks import Task, asr, vad
from modellab.types import CaseId, Result, Status, Utterance, readings

from ..make import KEY, PROVENANCE, READINGS, asr_counts, name, result, utterance

TASK: Task = asr
VAD: Task = vad
MACHINE = "a-cpu-1t"


def scored(number: int, text: str = "a b c", **changes: Any) -> Utterance:
    return utterance(name(number), asr_counts(number), {"text": text, "language": "en", "segments": []}, **changes)


def accept(root: Path, *passes: Result, reason: str = "a first run") -> list[Path]:
    return save(root, TASK, passes, reason, "2026-03-01")


# ---------------------------------------------------------------------------- places


@pytest.mark.parametrize(
    ("key", "machine", "quality", "resources"),
    [
        (KEY, "a-1t", "fake-one.cpu-float32.json", "fake-one.cpu-float32.a-1t.json"),
        (
            CaseId("asr", "short_v1", "whisper", "tiny.en", "cuda", "float16"),
            "nvidia-l4-550.54.15",
            "whisper-tiny.en.cuda-float16.json",
            "whisper-tiny.en.cuda-float16.nvidia-l4-550.54.15.json",
        ),
    ],
)
def test_each_cell_has_its_files(key: CaseId, machine: str, quality: str, resources: str) -> None:
    assert quality_path(Path("root"), key) == Path("root/asr/short_v1") / quality
    assert resources_path(Path("root"), key, machine) == Path("root/asr/short_v1") / resources


def test_the_machines_of_a_cell_are_found(tmp_path: Path) -> None:
    dotted = replace(KEY, variant="tiny.en")
    assert other_machines(tmp_path, KEY) == []
    for key in (KEY, dotted, replace(KEY, precision="int8")):
        for machine in ("b-1t", "nvidia-l4-550.54.15"):
            accept(tmp_path, result([scored(1)], key=key, machine=machine))
    for key in (KEY, dotted):
        assert other_machines(tmp_path, key) == ["b-1t", "nvidia-l4-550.54.15"]


def test_what_was_never_accepted_is_none(tmp_path: Path) -> None:
    assert load(tmp_path, KEY) is None
    assert load_resources(tmp_path, KEY, MACHINE) is None


# ---------------------------------------------------------------------------- round trip


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    measured = result([scored(0), scored(1, "schöne grüße"), scored(2)])
    paths = accept(tmp_path, measured)
    assert paths == [quality_path(tmp_path, KEY), resources_path(tmp_path, KEY, MACHINE)]
    accepted, resources = load(tmp_path, KEY), load_resources(tmp_path, KEY, MACHINE)
    assert accepted is not None
    assert resources is not None
    assert accepted.header == {**PROVENANCE, "reason": "a first run", "date": "2026-03-01"}
    assert accepted.outputs == {"0000": "a b c", "0001": "schöne grüße", "0002": "a b c"}
    judged = {metric.name for metric in asr.METRICS if metric.judged()}
    assert accepted.counts["0001"].keys() == judged, "what is only reported is not kept"
    assert accepted.counts["0001"]["wer"] == (1.0, 5.0)
    assert resources.times == dict.fromkeys(["0000", "0001", "0002"], (0.1, 0.08))
    assert resources.readings == {metric: READINGS[metric] for metric in readings.ACCEPTED if metric in READINGS}
    assert resources.header.items() >= {"machine": MACHINE, "passes": "1", "reason": "a first run"}.items()


SHARE = st.integers(0, 10**9).map(lambda thirds: thirds / 3e5)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.tuples(SHARE, SHARE), min_size=1, max_size=6))
def test_a_result_passes_against_its_own_baseline(tmp_path_factory: pytest.TempPathFactory, counts: Any) -> None:
    root = tmp_path_factory.mktemp("baselines")
    gated = [metric for metric in TASK.METRICS if metric.gated and metric.kind == "quality"]
    measured = result([utterance(id, {metric.name: share for metric in gated}) for id, share in counts.items()])
    accept(root, measured)
    verdicts = quality.assess(measured, load(root, KEY), gated, {})
    assert {verdict.status for verdict in verdicts} == {Status.PASS}
    assert {verdict.change for verdict in verdicts} == {0.0}


def test_regions_come_back(tmp_path: Path) -> None:
    key = replace(KEY, task="vad")
    case = vad.read({"id": "a", "audio": "a.flac", "duration_s": 3.0, "speech": [[0.5, 1.23456789]]}, {})
    output = {"regions": [[0.5, 1.2]]}
    save(tmp_path, VAD, [result([utterance("a", vad.score(case, output), output)], key=key)], "why", "2026-03-01")
    accepted = load(tmp_path, key)
    assert accepted is not None
    assert accepted.outputs == {"a": [[0.5, 1.2]]}
    assert accepted.counts["a"]["false_alarm_s"] == (0.0,)


def test_times_are_medians_over_the_passes(tmp_path: Path) -> None:
    passes = [result([scored(0, wall_s=wall_s, cpu_s=0.1)], readings={**READINGS, "rtf": rtf}) for wall_s, rtf in
              ((0.3, 0.9), (0.1, 0.1), (0.2, 0.5))]  # fmt: skip
    accept(tmp_path, *passes)
    resources = load_resources(tmp_path, KEY, MACHINE)
    assert resources is not None
    assert resources.times == {"0000": (0.2, 0.1)}
    assert resources.readings["rtf"] == 0.5
    assert resources.header["passes"] == "3"


def test_an_utterance_that_raised_has_shares_and_no_time(tmp_path: Path) -> None:
    raised = scored(1, wall_s=math.nan, cpu_s=math.nan, error="RuntimeError: lost")
    accept(tmp_path, result([scored(0), raised], readings={**READINGS, "first_call_s": math.nan}))
    accepted, resources = load(tmp_path, KEY), load_resources(tmp_path, KEY, MACHINE)
    assert accepted is not None
    assert resources is not None
    assert accepted.outputs["0001"] is None
    assert accepted.counts.keys() == {"0000", "0001"}
    assert resources.times.keys() == {"0000"}
    assert "first_call_s" not in resources.readings


def test_a_gpus_times_are_kept_where_every_pass_has_them(tmp_path: Path) -> None:
    readings = {**READINGS, "rtf_gpu": 0.02}
    passes = [result([scored(0, gpu_s=x), scored(1)], readings=readings) for x in (0.03, 0.05, 0.04)]
    accept(tmp_path, *passes)
    resources = load_resources(tmp_path, KEY, MACHINE)
    assert resources is not None
    assert resources.times == {"0000": (0.1, 0.08, 0.04), "0001": (0.1, 0.08)}
    assert resources.readings["rtf_gpu"] == 0.02


@pytest.mark.parametrize("odd", ["\ud83d", "\x00", "\u2028", "e\u0301", '"\\', "<<<<<<< HEAD"])
def test_any_output_comes_back(tmp_path: Path, odd: str) -> None:
    accept(tmp_path, result([scored(0, odd)]))
    accepted = load(tmp_path, KEY)
    assert accepted is not None
    assert accepted.outputs == {"0000": odd}


# ---------------------------------------------------------------------------- the files


def test_the_same_results_are_the_same_bytes(tmp_path: Path) -> None:
    forth, back = ([scored(i) for i in order] for order in (range(5), reversed(range(5))))
    first = accept(tmp_path / "a", result(forth))
    shuffled = dict(reversed(PROVENANCE.items()))
    second = accept(tmp_path / "b", result(back, provenance=shuffled))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_one_utterance_is_one_line(tmp_path: Path) -> None:
    quality_file, pace_file = accept(tmp_path, result([scored(1), scored(0, "größe \u2028 \U0001f600")]))
    for path in (quality_file, pace_file):
        text = path.read_text(encoding="utf-8")
        assert text.endswith("\n")
        utterances = text.partition('"utterances": {\n')[2].split("\n")
        assert [line.partition(":")[0] for line in utterances] == ['  "0000"', '  "0001"', " }", "}", ""]
    assert '"output": "größe ' in quality_file.read_text(encoding="utf-8")
    last = quality_file.read_text(encoding="utf-8").splitlines()[-3]
    assert re.search(r'"shares": {"cer": \[1, 5\], (.*, )?"success_rate": \[1, 1\], (.*, )?"wer": \[1, 5\]}', last), (
        "by name"
    )


def test_one_changed_utterance_is_one_changed_line(tmp_path: Path) -> None:
    before = accept(tmp_path, result([scored(i) for i in range(5)]))[0].read_text().splitlines()
    after = accept(tmp_path, result([scored(i, "a b d" if i == 3 else "a b c") for i in range(5)]))[0].read_text()
    assert len(set(after.splitlines()) - set(before)) == 1


def test_every_json_parser_can_read_them(tmp_path: Path) -> None:
    raised = scored(1, wall_s=math.nan, cpu_s=math.nan, error="RuntimeError: lost")
    for path in accept(tmp_path, result([scored(0), raised], readings={**READINGS, "first_call_s": math.nan})):
        json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_nothing_else_is_written(tmp_path: Path) -> None:
    paths = accept(tmp_path, result([scored(0)]))
    accept(tmp_path, result([scored(0)]))
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(paths)


def test_a_file_that_cannot_be_written_is_named_and_leaves_no_draft(tmp_path: Path) -> None:
    path = quality_path(tmp_path, KEY)
    path.mkdir(parents=True)
    with pytest.raises(BaselineError, match=r"fake-one\.cpu-float32\.json could not be written"):
        accept(tmp_path, result([scored(0)]))
    assert list(path.parent.iterdir()) == [path]


# ---------------------------------------------------------------------------- damage

GOOD: dict[str, Any] = {"format": 1, "header": {}, "utterances": {"a": {"output": "x", "shares": {"wer": [0, 1]}}}}
RESOURCES: dict[str, Any] = {"format": 1, "header": {}, "readings": {"rtf": 0.1}, "utterances": {"a": [0.1, 0.1]}}
DAMAGED = r"is not a baseline \(\w+: .*\): damaged, or a merge conflict\? Restore it with git, or accept a new one"
CONFLICT = '{\n<<<<<<< HEAD\n "format": 1\n=======\n "format": 1\n>>>>>>> other\n}'


def baseline_json(good: dict[str, Any], **changes: Any) -> bytes:
    return json.dumps({**good, **changes}).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", DAMAGED, id="empty"),
        pytest.param(b"{ not json", DAMAGED, id="not JSON"),
        pytest.param(b"\xff\xfe\x00", DAMAGED, id="not text"),
        pytest.param(CONFLICT.encode(), DAMAGED, id="a merge conflict"),
        pytest.param(b"[]", "has format 'list', expected 1 or 2: made by another version", id="a list"),
        pytest.param(b"{}", "has format None, expected 1", id="no format"),
        pytest.param(baseline_json(GOOD, format=3), "has format 3, expected 1", id="another format"),
        pytest.param(baseline_json(GOOD, format=2), DAMAGED, id="rows outside, and none named"),
        pytest.param(baseline_json(GOOD, header=None), DAMAGED, id="no header"),
        pytest.param(baseline_json(GOOD, utterances=[]), DAMAGED, id="utterances as a list"),
        pytest.param(baseline_json(GOOD, utterances={"a": {"output": "x"}}), DAMAGED, id="no counts"),
        pytest.param(baseline_json(GOOD, utterances={"a": {"shares": {}}}), DAMAGED, id="no output"),
        pytest.param(
            baseline_json(GOOD, utterances={"a": {"output": "", "shares": {"wer": 3}}}), DAMAGED, id="no pair"
        ),
        pytest.param(
            baseline_json(GOOD, utterances={"a": {"output": "", "shares": {"wer": ["x"]}}}), DAMAGED, id="no number"
        ),
        pytest.param(
            baseline_json(GOOD, utterances={"a": {"output": [0], "shares": {"wer": [0, 1]}}}), DAMAGED, id="no text"
        ),
        pytest.param(
            baseline_json(GOOD, utterances={"a": {"output": 3, "shares": {"wer": [0, 1]}}}), DAMAGED, id="a number"
        ),
        pytest.param(baseline_json(GOOD, noise={"wer": "loud"}), DAMAGED, id="noise in words"),
        pytest.param(json.dumps({"format": 1, "header": {}}).encode(), DAMAGED, id="half of it"),
    ],
)
def test_a_damaged_quality_file_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = quality_path(tmp_path, KEY)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(BaselineError, match=says) as caught:
        load(tmp_path, KEY)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"{", id="not JSON"),
        pytest.param(baseline_json(RESOURCES, utterances={"a": [0.1]}), id="one clock"),
        pytest.param(baseline_json(RESOURCES, utterances={"a": [0.1] * 4}), id="four clocks"),
        pytest.param(baseline_json(RESOURCES, sessions=[3]), id="a session that is a number"),
        pytest.param(baseline_json(RESOURCES, sessions={"rtf": 0.1}), id="sessions without a list"),
        pytest.param(baseline_json(RESOURCES, utterances={"a": [0.1, "x"]}), id="no number"),
        pytest.param(baseline_json(RESOURCES, readings=None), id="no readings"),
        pytest.param(baseline_json(RESOURCES, readings={"rtf": "fast"}), id="a reading in words"),
        pytest.param(baseline_json(RESOURCES, header=3), id="a number for a header"),
    ],
)
def test_a_damaged_pace_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = resources_path(tmp_path, KEY, MACHINE)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(BaselineError, match=DAMAGED):
        load_resources(tmp_path, KEY, MACHINE)


@pytest.mark.parametrize("good", [GOOD, RESOURCES])
def test_the_examples_are_sound_before_they_are_damaged(tmp_path: Path, good: dict[str, Any]) -> None:
    path = quality_path(tmp_path, KEY) if good is GOOD else resources_path(tmp_path, KEY, MACHINE)
    path.parent.mkdir(parents=True)
    path.write_bytes(baseline_json(good))
    assert (load(tmp_path, KEY) if good is GOOD else load_resources(tmp_path, KEY, MACHINE)) is not None


def test_a_share_of_another_length_is_not_comparable(tmp_path: Path) -> None:
    measured = result([utterance("a", asr_counts(0))])
    path = quality_path(tmp_path, KEY)
    path.parent.mkdir(parents=True)
    entry = {"output": "x", "shares": {"wer": [0], "cer": [0, 5], "success_rate": [1, 1]}}
    path.write_bytes(baseline_json(GOOD, header=PROVENANCE, utterances={"a": entry}))
    verdicts = quality.assess(measured, load(tmp_path, KEY), TASK.METRICS[:2], {})
    assert [verdict.status for verdict in verdicts] == [Status.NOT_COMPARABLE, Status.PASS]
    assert "the baseline has no wer, or counts other things for it" in verdicts[0].why
