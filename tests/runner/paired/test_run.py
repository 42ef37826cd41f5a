"""Both sides at once, with scripted models: what is judged, when it is confirmed, how the base is held."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modellab.errors import LoadError, ModellabError, NoBaseError
from modellab.gate import paired_speed
from modellab.plan.matrix import Case
from modellab.runner.evaluate import Loaded
from modellab.runner.paired.reference import Reference
from modellab.runner.paired.run import PairedRun
from modellab.types import Rule, Status

from ...make import KEY, case
from .scripted import MIB, Scripted, against, judged, loaded, timed_case, unneeded, verdicts_of

# ---------------------------------------------------------------------------- speed


def test_a_clean_case_costs_sixteen_timed_calls_and_two_to_warm_up() -> None:
    candidate, base = Scripted(), Scripted()
    verdicts = {each.metric: each for each in verdicts_of(against(base), loaded(candidate), unneeded)[0]}
    assert {metric: str(verdict.status) for metric, verdict in verdicts.items()} == {
        "rtf": "PASS",
        "rtf_cpu": "PASS",
        "peak_rss_bytes": "PASS",
    }
    assert candidate.asked.count("utterance") == base.asked.count("utterance") == 1 + 8
    assert candidate.asked[0] == base.asked[0] == "start"
    assert candidate.asked[-1] == base.asked[-1] == "finish"


def test_a_slower_one_is_confirmed_on_fresh_pairs_of_fresh_processes() -> None:
    candidate, base = Scripted(0.105), Scripted()
    paired_run = against(base)
    verdicts = {each.metric: each for each in verdicts_of(paired_run, loaded(candidate), lambda: loaded(candidate))[0]}
    assert verdicts["rtf_cpu"].status is Status.REGRESSED
    assert verdicts["rtf_cpu"].red
    assert verdicts["rtf_cpu"].change == pytest.approx(0.05, abs=0.003)
    assert verdicts["rtf_cpu"].now == pytest.approx(0.0525, rel=0.01)
    assert verdicts["rtf_cpu"].baseline == pytest.approx(0.05, rel=0.01)
    assert paired_run.fresh == 9
    warm_up = 1 + paired_run.fresh
    assert (
        candidate.asked.count("utterance")
        == base.asked.count("utterance")
        == warm_up + paired_speed.FIRST + paired_speed.SECOND
    )
    assert 2 * (paired_speed.FIRST + paired_speed.SECOND) <= 50


def test_what_one_pair_of_processes_happens_to_have_is_no_regression() -> None:
    lucky = iter(0.1 * factor for factor in (1.03, 1.05, 0.98, 1.0, 0.96, 1.02, 1.0, 0.97, 1.03, 1.01))
    paired_run = against(Scripted())
    verdicts, _ = verdicts_of(paired_run, loaded(Scripted(next(lucky))), lambda: loaded(Scripted(next(lucky))))
    assert paired_run.fresh == 9, "the first look was taken in"
    assert verdicts[1].metric == "rtf_cpu"
    assert verdicts[1].status is Status.PASS


@pytest.mark.parametrize(("load_s", "processes"), [(0.5, 9), (8.0, 6), (60.0, 4)])
def test_models_that_load_slowly_get_fewer_processes(load_s: float, processes: int) -> None:
    candidate, base = Scripted(0.105), Scripted()
    paired_run = against(base, load_s=load_s)
    verdicts_of(paired_run, loaded(candidate, load_s=load_s), lambda: loaded(candidate, load_s=load_s))
    assert paired_run.fresh == processes
    assert candidate.asked.count("utterance") == 1 + paired_speed.FIRST + processes + paired_speed.SECOND


def test_waiting_is_seen_by_the_wall_clock_alone() -> None:
    verdicts = judged(Scripted(0.2, cpu_s=0.05), Scripted(0.1, cpu_s=0.05))
    assert verdicts["rtf"].status is Status.REGRESSED
    assert verdicts["rtf_cpu"].status is Status.PASS


def test_a_margin_of_ones_own_decides_also_whether_to_confirm() -> None:
    wide = Rule(margin=0.2)
    candidate, base = Scripted(0.11), Scripted()
    verdicts = judged(candidate, base, timed_case(rtf=wide, rtf_cpu=wide))
    assert {str(verdict.status) for verdict in verdicts.values()} == {"PASS"}
    assert candidate.asked.count("utterance") == 9


def test_a_faster_one_has_improved() -> None:
    assert judged(Scripted(0.09), Scripted())["rtf_cpu"].status is Status.IMPROVED


def test_a_gpu_is_judged_by_its_own_clock_and_the_wall() -> None:
    verdicts = judged(Scripted(gpu_s=0.1), Scripted(gpu_s=0.05), timed_case("cuda"))
    assert list(verdicts) == ["rtf", "rtf_gpu", "peak_rss_bytes", "peak_vram_bytes"]
    assert verdicts["rtf_gpu"].status is Status.REGRESSED


def test_a_gpu_without_events_is_judged_by_the_wall() -> None:
    assert list(judged(Scripted(), Scripted(), timed_case("cuda"))) == ["rtf", "peak_rss_bytes", "peak_vram_bytes"]


def test_cpu_time_of_several_threads_decides_nothing() -> None:
    verdicts = judged(Scripted(0.2), Scripted(0.1), timed_case(threads="4"))
    assert verdicts["rtf_cpu"].status is Status.INCONCLUSIVE
    assert "CPU time of 4 threads" in verdicts["rtf_cpu"].why
    assert verdicts["rtf"].status is Status.REGRESSED


def test_the_same_case_has_the_same_order() -> None:
    first, second = ([Scripted(), Scripted()] for _ in range(2))
    judged(*first)
    judged(*second)
    assert [each.asked for each in first] == [each.asked for each in second]


# ---------------------------------------------------------------------------- memory


@pytest.mark.parametrize(
    ("peak_mib", "status"), [(100, "PASS"), (111, "PASS"), (80, "IMPROVED")], ids=["same", "within", "less"]
)
def test_memory_within_its_limit_needs_no_second_look(peak_mib: float, status: str) -> None:
    assert judged(Scripted(peak=peak_mib * MIB), Scripted())["peak_rss_bytes"].status == status


@pytest.mark.parametrize(("fresh_mib", "status"), [(101, "PASS"), (130, "REGRESSED")], ids=["history", "real"])
def test_more_memory_is_measured_again_in_fresh_processes(fresh_mib: float, status: str) -> None:
    again: list[Scripted] = []

    def fresh() -> Loaded:
        again.append(Scripted(peak=fresh_mib * MIB))
        return loaded(again[0])

    def load(case: Case) -> tuple[Loaded, tuple[str, ...]]:
        again.append(Scripted())
        return loaded(again[1]), ()

    paired_run = PairedRun(Reference("HEAD~1 1a2b3c4", Path()), 1, False, lambda line: None, load)
    first = paired_run.loaded = loaded(Scripted())
    verdicts, _ = verdicts_of(paired_run, loaded(Scripted(peak=130 * MIB)), fresh)
    assert isinstance(first.handle, Scripted)
    assert first.handle.closed
    assert [each.asked.count("utterance") for each in again] == [9, 9]
    memory = verdicts[-1]
    assert (memory.metric, str(memory.status)) == ("peak_rss_bytes", status)
    assert memory.baseline == 100 * MIB
    if status == "REGRESSED":
        assert memory.why == "+30 MiB above the peak of HEAD~1 1a2b3c4, 12 MiB is allowed"


# ---------------------------------------------------------------------------- the base is held, or there is none


class Loading:
    """Stands for what loads the base: counts, and fails as it is told."""

    def __init__(self, error: ModellabError | None = None) -> None:
        self.error, self.handles = error, list[Scripted]()

    def __call__(self, case: Case) -> tuple[Loaded, tuple[str, ...]]:
        if self.error:
            raise self.error
        self.handles.append(Scripted())
        return loaded(self.handles[-1]), ()


def held(loading: Loading) -> PairedRun:
    return PairedRun(Reference("HEAD~1 1a2b3c4", Path()), 1, False, lambda line: None, loading)


def test_one_base_is_loaded_for_all_datasets_of_a_model() -> None:
    loading = Loading()
    paired_run = held(loading)
    paired_run.get(case())
    paired_run.get(case(key=replace(KEY, dataset="other_v1")))
    assert len(loading.handles) == 1
    paired_run.get(case(key=replace(KEY, precision="int8")))
    assert [handle.closed for handle in loading.handles] == [True, False]
    paired_run.close()
    paired_run.close()
    assert loading.handles[1].closed


def test_without_a_base_everything_is_new_and_says_why() -> None:
    paired_run = held(Loading(NoBaseError("there is no model fake there")))
    paired_run.get(case())
    verdicts, notes = verdicts_of(paired_run, loaded(Scripted()), unneeded)
    assert [(v.metric, v.kind, v.status, v.now) for v in verdicts] == [
        ("rtf", "speed", "NEW", 0.05),
        ("rtf_cpu", "speed", "NEW", 0.04),
        ("peak_rss_bytes", "memory", "NEW", 100e6),
    ]
    assert {verdict.why for verdict in verdicts} == {"there is no model fake there"}
    assert notes == []


def test_a_base_that_cannot_be_loaded_goes_up_and_is_tried_again() -> None:
    loading = Loading(LoadError("the base (HEAD~1 1a2b3c4): no"))
    paired_run = held(loading)
    with pytest.raises(LoadError):
        paired_run.get(case())
    loading.error = None
    paired_run.get(case())
    assert paired_run.loaded is not None
