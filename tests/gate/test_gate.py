"""One status for a case out of all its verdicts, and speed that was accepted on another machine."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab import gate
from modellab.types import PINNED_RELEASE, Kind, Metric, Rule, Status, Utterance, Verdict

from ..make import KEY, accepted, resources, result, utterance, verdict

Q, S, M = "quality", "speed", "memory"


@pytest.mark.parametrize(
    ("verdicts", "status"),
    [
        pytest.param([], "PASS", id="none"),
        pytest.param([(Q, "PASS"), (S, "PASS")], "PASS", id="all well"),
        pytest.param([(Q, "IMPROVED"), (S, "PASS")], "IMPROVED", id="better"),
        pytest.param([(Q, "IMPROVED"), (S, "REGRESSED")], "REGRESSED", id="better but slower"),
        pytest.param([(Q, "REGRESSED"), (Q, "NOT_COMPARABLE red")], "REGRESSED", id="both red"),
        pytest.param([(Q, "NOT_COMPARABLE red"), (S, "INCONCLUSIVE")], "NOT_COMPARABLE", id="red before doubt"),
        pytest.param([(Q, "NEW red"), (S, "INCONCLUSIVE")], "NEW", id="a missing baseline that fails"),
        pytest.param([(Q, "PASS"), (S, "NEW"), (M, "NEW")], "PASS", id="a new machine hides nothing"),
        pytest.param([(Q, "IMPROVED"), (S, "NOT_COMPARABLE")], "IMPROVED", id="another machine hides nothing"),
        pytest.param([(Q, "NEW"), (S, "NEW")], "NEW", id="all new"),
        pytest.param([(Q, "NEW"), (S, "PASS")], "NEW", id="fast as ever, but is it right?"),
        pytest.param([(Q, "PASS"), (S, "INCONCLUSIVE")], "INCONCLUSIVE", id="doubt about speed"),
        pytest.param([(S, "NEW"), (M, "NEW")], "NEW", id="nothing but a new machine"),
    ],
)
def test_the_status_of_a_case(verdicts: list[tuple[Kind, str]], status: str) -> None:
    made = [_verdict(kind, text) for kind, text in verdicts]
    assert gate.worst(made) == status
    assert gate.worst(reversed(made)) == status


def _verdict(kind: Kind, text: str) -> Verdict:
    status = Status(text.split()[0])
    return verdict("x", status, kind=kind, red=text.endswith("red") or status is Status.REGRESSED)


VERDICTS = st.lists(
    st.builds(
        _verdict, st.sampled_from(["quality", "speed", "memory"]), st.sampled_from([*Status, "NEW red"]).map(str)
    ),
    min_size=1,
)


@given(VERDICTS)
def test_a_red_case_never_looks_green(verdicts: list[Verdict]) -> None:
    worst = gate.worst(verdicts)
    assert worst in {each.status for each in verdicts}
    red = {each.status for each in verdicts if each.red}
    assert worst in (red or set(Status))


@pytest.mark.parametrize(
    ("others", "status", "why"),
    [
        ([], Status.NEW, "no baseline for a-cpu-1t"),
        (["b-cpu-1t"], Status.NOT_COMPARABLE, "accepted on b-cpu-1t, this is a-cpu-1t"),
        (["b-cpu-1t", "c-cpu-4t"], Status.NOT_COMPARABLE, "accepted on b-cpu-1t, c-cpu-4t, this is a-cpu-1t"),
    ],
)
def test_speed_without_a_baseline_here(others: list[str], status: Status, why: str) -> None:
    verdicts = gate.assess_resources(result([]), None, {}, others)
    assert [each.metric for each in verdicts] == ["rtf", "rtf_cpu", "peak_rss_bytes"]
    assert {(each.status, each.why, each.red) for each in verdicts} == {(status, why, False)}


def test_a_baseline_of_this_machine_is_used_whatever_others_there_are() -> None:
    said = [utterance(str(i), {}) for i in range(6)]
    verdicts = gate.assess_resources(result(said), resources(said), {}, ["b-cpu-1t"])
    assert {each.status for each in verdicts} == {Status.PASS}


def test_limits_of_speed_and_memory_hold_without_a_baseline() -> None:
    rules = {name: Rule(limit=0.01) for name in ("rtf", "load_s", "latency_p95_s", "wer", "peak_vram_bytes")}
    rules |= {"first_call_s": Rule(), "latency_p50_s": Rule(limit=9.0), "load_peak_rss_bytes": Rule(limit=1e6)}
    verdicts = {each.metric: each for each in gate.assess_resources(result([]), None, rules, ["b-cpu-1t"])}
    assert list(verdicts) == [
        "rtf", "rtf_cpu", "peak_rss_bytes", "load_s", "latency_p95_s", "latency_p50_s", "load_peak_rss_bytes"
    ]  # fmt: skip
    assert {name for name, each in verdicts.items() if each.red} == {
        "rtf", "load_s", "latency_p95_s", "load_peak_rss_bytes"
    }  # fmt: skip
    assert verdicts["rtf_cpu"].status is Status.NOT_COMPARABLE
    assert verdicts["rtf"].why == "0.05 is above the limit 0.01; no baseline for a-cpu-1t"
    assert verdicts["load_s"].why == "0.5 s is above the limit 0.01 s"
    assert verdicts["latency_p50_s"].status is Status.PASS
    assert [verdicts[name].kind for name in ("load_s", "load_peak_rss_bytes")] == ["speed", "memory"]


def test_a_limit_on_what_the_gpu_did_not_tell_is_not_kept_in_silence() -> None:
    rules = {"peak_vram_bytes": Rule(limit=1e9), "rtf_gpu": Rule(limit=0.1)}
    cuda = gate.assess_resources(result([], key=replace(KEY, device="cuda")), None, rules)
    found = {each.metric: (each.status, each.red) for each in cuda if each.metric in rules}
    assert found == dict.fromkeys(rules, (Status.INCONCLUSIVE, False))
    assert not {each.metric for each in gate.assess_resources(result([]), None, rules)} & rules.keys()


def test_every_metric_of_the_task_has_a_verdict_in_its_order() -> None:
    metrics = [Metric("b", "ratio", "lower"), Metric("a", "ratio", "higher", gated=False)]
    said = [utterance("u", {"a": (1.0, 1.0), "b": (1.0, 2.0)})]
    verdicts = gate.assess(result(said), accepted(said), metrics, {"a": Rule(limit=2.0)})
    assert [(each.metric, each.red) for each in verdicts] == [("b", False), ("a", True)]


# ---------------------------------------------------------------------------- against the pinned release

METRICS = [Metric("a", "ratio", "lower"), Metric("b", "ratio", "lower")]


def utterances_with(errors: float, other: float = 1.0) -> list[Utterance]:
    return [utterance(str(i), {"a": (errors, 10.0), "b": (other, 10.0)}) for i in range(20)]


def test_only_what_the_release_and_the_baseline_differ_in_is_compared_with_the_release() -> None:
    """Two small steps of "a" since the release, one of them accepted; "b" is what it was."""
    now, last, first = (
        result(utterances_with(3.0)),
        accepted(utterances_with(2.0)),
        accepted(utterances_with(1.0), reason="v1"),
    )
    (found,) = gate.drift(now, first, last, METRICS, {"a": Rule(limit=0.01)})
    assert (found.metric, found.versus, found.baseline, found.status) == ("a", PINNED_RELEASE, 0.1, Status.REGRESSED)
    assert found.why.startswith("since the pinned release (v1): 20 of 20 utterances changed")
    (alone,) = gate.drift(now, first, last, METRICS[:1], {})
    assert alone.metric == "a"
    assert [each.metric for each in gate.drift(now, first, None, METRICS, {})] == ["a", "b"], "nothing was accepted"


def test_a_release_that_is_the_baseline_or_none_or_of_other_data_says_nothing() -> None:
    now, last = result(utterances_with(3.0)), accepted(utterances_with(1.0))
    assert gate.drift(now, None, last, METRICS, {}) == []
    assert gate.drift(now, last, last, METRICS, {}) == []
    other = accepted(utterances_with(2.0), dataset_digest="sha256:other")
    assert gate.drift(now, other, last, METRICS, {}) == []


def test_speed_is_compared_with_the_release_where_it_is_not_what_was_accepted() -> None:
    said = utterances_with(1.0)
    slower = [replace(each, wall_s=2.0, cpu_s=2.0) for each in said]
    now, first, last = result(slower), resources(said), resources(slower)
    found = gate.resource_drift(now, first, last, {"rtf": Rule(limit=0.001)})
    assert {each.versus for each in found} == {PINNED_RELEASE}
    assert {each.metric for each in found} >= {"rtf", "rtf_cpu"}
    assert not any("limit" in each.why for each in found)
    told = [each.why for each in found if each.why]
    assert told
    assert all(why.startswith("since the pinned release (): ") and not why.endswith(": ") for why in told)
    assert gate.resource_drift(now, first, first, {}) == []
    assert gate.resource_drift(now, None, last, {}) == []
    assert [each.metric for each in gate.resource_drift(now, first, None, {})] == [each.metric for each in found]
