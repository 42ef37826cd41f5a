"""Results of made-up models, for the tests of scores and reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modellab.reports.leaderboard.assemble import Report, Shown, assemble
from modellab.results.entry import Entry, pooled
from modellab.results.select import SelectedResults
from modellab.system.machine import Commit
from modellab.types import CaseId, Counts, Status, Verdict

from ...make import PROVENANCE, READINGS, asr_counts, name, result, utterance


def key(model: str = "a", dataset: str = "short_v1", **changes: str) -> CaseId:
    fields = {"task": "asr", "variant": "one", "device": "cpu", "precision": "int8", **changes}
    return CaseId(dataset=dataset, model=model, **fields)


def counts(errors: float) -> dict[str, Counts]:
    """Of an utterance of ten words; `wil` has counts of another kind."""
    return {metric: share for metric, share in asr_counts(errors, 10.0).items() if metric != "wil"}


def entry(model: str = "a", errors: Sequence[float] = (0.0,) * 40, **changes: Any) -> Entry:
    """One result: `errors` of 10 words in each utterance, RTF `rtf`; other `changes` are fields of the entry.

    `provenance` and `readings` are merged; `clusters` has a name for each utterance.
    """
    own = key(model, changes.pop("dataset", "short_v1"), **changes.pop("key", {}))
    rtf, said = changes.pop("rtf", 0.05), changes.pop("said", {})
    clusters = changes.pop("clusters", [""] * len(errors))
    paces = [1 + i % 3 / 50 for i in range(len(errors))]
    usual = sum(paces) / len(paces)
    utterances = [
        utterance(name(i), counts(float(wrong)), {"text": said.get(i, "a b")}, wall_s=rtf * 4.0 * paces[i] / usual,
                  cpu_s=rtf * 4.0, duration_s=4.0, cluster=clusters[i])
        for i, wrong in enumerate(errors)
    ]  # fmt: skip
    readings = {**READINGS, "rtf": rtf, **changes.pop("readings", {})}
    provenance = {**PROVENANCE, **changes.pop("provenance", {})}
    machine = changes.pop("machine", "a-cpu-1t")
    measured = result(utterances, key=own, readings=readings, provenance=provenance, machine=machine)
    fields: dict[str, Any] = {
        "result": measured,
        "values": pooled(measured),
        "session": "s1",
        "commit": Commit("c0ffee0" + "0" * 33),
        "started_at": "2026-03-01T10:00:00.000000+00:00",
        "finished_at": "2026-03-01T10:00:00.000000+00:00",
        "host": "here",
        "weights": "w",
        "id": f"{own}@{changes.get('session', 's1')}",
        **changes,
    }
    return Entry(own, fields.pop("status", Status.PASS), **fields)


def again(*entries: Entry) -> list[Entry]:
    """Two earlier sessions of each result, a little faster and a little slower: as many as speed needs."""
    found = []
    for each in entries:
        if each.result is None:
            continue
        for number, factor in enumerate((0.99, 1.01)):
            readings = {**each.result.readings, "rtf": each.result.readings["rtf"] * factor}
            name = {"session": f"earlier{number}", "id": f"{each.id} earlier {number}"}
            at = f"2026-02-0{number + 1}T10:00:00.000000+00:00"
            found.append(replace(each, result=replace(each.result, readings=readings), finished_at=at, **name))
    return found


def failed(model: str = "a", **changes: Any) -> Entry:
    """A run that ended in an ERROR."""
    fields: dict[str, Any] = {"session": "s9", "error": "CrashError: signal 11", "id": "failed", **changes}
    return Entry(key(model), Status.ERROR, finished_at="2026-03-02T10:00:00.000000+00:00", **fields)


def regressed(metric: str = "wer") -> Verdict:
    numbers = {"p": 0.0001, "least_p": 0.0001, "detects": 0.01}
    return Verdict(
        metric,
        "ratio",
        "quality",
        Status.REGRESSED,
        0.2,
        0.1,
        0.1,
        (0.05, 0.15),
        "40 of 40 changed",
        red=True,
        **numbers,
    )


def above(metric: str = "wer") -> Verdict:
    """Beyond an absolute limit, without a baseline."""
    return Verdict(metric, "ratio", "quality", Status.ABOVE_LIMIT, 0.2, why="0.2 is above the limit 0.1", red=True)


def selection(*entries: Entry, spec: str = "latest") -> SelectedResults:
    """What a spec takes, those that ended in an ERROR told apart."""
    ordered = sorted(entries, key=lambda each: str(each.key))
    return SelectedResults(
        spec, *(tuple(each for each in ordered if bool(each.result) is there) for there in (True, False))
    )


def report(*entries: Entry, **changes: Any) -> Report:
    """A report of one selection of these."""
    return assemble(Shown([selection(*entries)], **{"every": entries, **changes}))


def some(wrong: int, of: int = 40) -> list[float]:
    """One error in each of the first `wrong` utterances."""
    return [1.0] * wrong + [0.0] * (of - wrong)
