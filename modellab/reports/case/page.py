"""The page of one case: its verdicts, its times, and every utterance, the ones that did most damage first.

    render(entry, project.golden, accepted) -> a self-contained HTML file

What there is to see of an utterance, its task says (`tasks.Drawn`, `tasks.Worded`, else the lines of `show`). The page
comes whatever is missing, and says what: another version of the dataset, recordings or generated audio that are gone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from modellab import diagnosis, tasks, units
from modellab.datasets import groups
from modellab.diagnosis import Finding
from modellab.errors import ConfigError, ModellabError
from modellab.plan.settings import Project
from modellab.reports import by_group
from modellab.reports.case import error_clips, worst_utterances
from modellab.reports.case import utterance as views
from modellab.reports.html import Frame, audio_clips, figures, page
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.results.headline import shown_status
from modellab.stats import intervals
from modellab.tasks import Surveyed, Task
from modellab.types import Metric, QualityBaseline, Result, Status, Utterance, Verdict, readings
from modellab.types.utterances import LARGE, Large

CLIPS = 20  # the worst utterances that come with sound
NAMED = 12  # utterances named of each kind of failure
PERCENTILES = {"p50": 1, "p95": 20, "p99": 100}  # each with the fewest calls of which it says something
NOTHING: Mapping[str, Any] = {
    **dict.fromkeys(("chart", "speed_chart", "listing")),
    **dict.fromkeys(("overview", "findings", "views", "by_group"), ()),
    "hidden": 0,
    "unlisted": 0,
}  # what is shown of a case without utterances
SHORT = 19  # letters of a digest: sha256: and twelve

Links = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a page holds."""

    detailed: int = 500  # the worst utterances that are shown word by word; all are in the table
    large: Large = LARGE  # from when on the table has the worst alone
    players_bytes: int = views.BUDGET_BYTES  # of all sounds and pictures
    sound_bytes: int = audio_clips.MAX_BYTES  # of one
    around_s: float = error_clips.AROUND_S  # heard on each side of an error, where the whole is too long


LIMITS = Limits()


def render(
    entry: Entry, golden: Path, accepted: QualityBaseline | None = None, clips: int = CLIPS,
    frame: Frame | None = None, links: Links = (), limits: Limits = LIMITS,
) -> str:  # fmt: skip
    """The page. `golden` is the folder of datasets, `accepted` the baseline to sort by and to compare with.

    `clips` is how many utterances, worst first, come with sound and spectrogram. `frame` is that of a server, `links`
    are pairs of a name and an address: further pages of it about the case.
    """
    key = entry.key
    task = _task(key.task)
    data = views.data(entry, golden)
    fair, stale = _comparable(entry, accepted)
    context: dict[str, Any] = dict(NOTHING)
    if entry.result and task:
        context |= _utterances(entry.result, task, data, fair, clips, limits)
    return page(
        "case.html.j2",
        frame,
        title=f"{key.model}:{key.variant} on {key.dataset}",
        status=entry.told_status,
        facts=_facts(entry, fair, task),
        finished_at=entry.finished_at,
        notes=[*([] if task else [f"no task {key.task} here: its outputs are not shown"]), *data.notes, *stale],
        told=entry.notes,
        error=entry.error,
        verdicts=[_verdict(verdict) for verdict in entry.verdicts if verdict.red or not math.isnan(verdict.now)],
        utterances=len(entry.result.utterances) if entry.result else 0,
        readings=_readings(entry.result),
        provenance=_provenance(entry),
        clips=clips,
        links=links,
        **context,
    )


def accepted(project: Project, entry: Entry) -> QualityBaseline | None:
    """What is accepted of the case; None also where that cannot be read: it is the business of the next run."""
    try:
        return baselines.load(project.baselines, entry.key)
    except ModellabError:
        return None


def _task(name: str) -> Task | None:
    try:
        return tasks.get(name)
    except ConfigError:
        return None


def _comparable(entry: Entry, accepted: QualityBaseline | None) -> tuple[QualityBaseline | None, list[str]]:
    """The baseline where it is of the same data under the same normaliser, else a note that says why it is not used."""
    if accepted is None or entry.result is None:
        return None, []
    for fact in ("dataset_digest", "normaliser"):
        ours, theirs = entry.result.provenance.get(fact, ""), accepted.header.get(fact, "")
        if ours != theirs:
            what = f"{fact.replace('_', ' ')} {theirs[:SHORT] or 'none'} and not {ours[:SHORT] or 'none'}"
            return None, [f"the baseline has {what}: utterances are shown without it"]
    return accepted, []


def _utterances(
    result: Result, task: Task, data: views.Data, accepted: QualityBaseline | None, clips: int, limits: Limits
) -> dict[str, Any]:
    """Everything below the verdicts that comes from utterances."""
    metric, count = task.METRICS[0], len(result.utterances)
    most = limits.large.worst if count > limits.large.more_than else None
    ordered = worst_utterances.worst_first(result.utterances, accepted, metric, most)
    player_maker = views.PlayerMaker(limits.players_bytes, limits.sound_bytes)
    view_maker = views.ViewMaker(task, data, accepted, clips, player_maker, limits.around_s)
    known = [name for name, fewest in PERCENTILES.items() if count >= fewest]
    percentiles = [(name, result.readings.get(f"latency_{name}_s", math.nan)) for name in known]
    detailed = list(enumerate(ordered[: limits.detailed], start=1))
    numbers_of = {utterance.id: i for i, utterance in detailed}
    shown = [view_maker.view(i, utterance) for i, utterance in detailed]
    return {
        "chart": figures.latencies(result.utterances, percentiles),
        "speed_chart": figures.speed_chart(result.utterances),
        "overview": [] if most else _overview(task, data, result),
        "by_group": _by_group(task, data, result),
        "findings": [] if most else _findings(task, data, result, accepted, numbers_of),
        "listing": _listing(ordered, accepted, metric, limits.detailed),
        "views": shown,
        "worded": any(kind == "words" for view in shown for kind, _ in view.blocks),
        "sounding": any(view.sounds for view in shown),
        "hidden": max(0, len(ordered) - limits.detailed),
        "unlisted": count - len(ordered),
    }


# ---------------------------------------------------------------------------- the head


def _facts(entry: Entry, accepted: QualityBaseline | None, task: Task | None) -> list[tuple[str, str]]:
    key, commit, result = entry.key, entry.commit, entry.result
    facts = [
        _quality(task.METRICS[0], result) if result and task else ("", ""),
        ("task", key.task),
        ("device", f"{key.device}, {key.precision}"),
        ("preprocessing", result.provenance.get("preprocessing", "") if result else ""),
        ("finished", f"{entry.finished_at[:16].replace('T', ' ')} UTC"),
        ("commit", f"{commit.short}{'+' if commit.dirty else ''}" if commit.hash else ""),
        ("branch", commit.branch),
        ("session", entry.session),
        ("machine", result.machine if result else ""),
        ("utterances", str(len(result.utterances)) if result else ""),
        ("baseline", " ".join(filter(None, (accepted.header.get("date"), accepted.header.get("reason")))) or "accepted")
        if accepted
        else ("baseline", "none to compare utterances with" if result else ""),
    ]
    return [(name, text) for name, text in facts if text]


def _quality(metric: Metric, result: Result) -> tuple[str, str]:
    """The name of the first metric and its value with interval and N; no text where there is no value."""
    estimate = intervals.of(metric, result.utterances)
    if not estimate.known:
        return "", ""
    ends = f" [{', '.join(units.value(end, estimate.unit) for end in estimate.interval)}]" if estimate.interval else ""
    return units.heading(metric.name), f"{units.value(estimate.value, estimate.unit)}{ends}, N {estimate.n}"


def _verdict(verdict: Verdict) -> dict[str, Any]:
    speed = verdict.kind == "speed"
    ends = verdict.interval
    if speed:
        change, span = units.relative(verdict.change), tuple(map(units.relative, ends)) if ends else ()
    else:
        change = units.change(verdict.change, verdict.unit)
        span = tuple(units.change(end, verdict.unit) for end in ends) if ends else ()
    return {
        "metric": verdict.title,
        "now": (units.value(verdict.now, verdict.unit), verdict.now),
        "baseline": units.value(verdict.baseline, verdict.unit),
        "change": f"{change} [{', '.join(span)}]" if span else change,
        "detects": units.detects(verdict.detects, "ratio" if speed else verdict.unit),
        "status": shown_status(verdict),
        "red": verdict.red,
        "why": verdict.why,
    }


def _readings(result: Result | None) -> list[tuple[str, str]]:
    if result is None:
        return []
    known = {name: value for name, value in result.readings.items() if not math.isnan(value)}
    shown = (readings.READINGS[name] for name in readings.TOLD if name in known)
    return [
        (reading.name, units.value(known[reading.name], reading.unit)) for reading in shown if reading.kind != "machine"
    ]


def _provenance(entry: Entry) -> list[tuple[str, str]]:
    """Everything else that a person may ask for, sorted within its kind."""
    settings = {name: str(value) for name, value in entry.settings.items()}
    facts = {"weights": entry.weights, "tier": entry.tier, "host": entry.host, "entry": entry.id}
    measured = entry.result.provenance if entry.result else {}
    kinds: Sequence[Mapping[str, str]] = (facts, settings, {**measured, **entry.versions})
    return [(name, text) for kind in kinds for name, text in sorted(kind.items()) if text]


# ---------------------------------------------------------------------------- all utterances together


def _overview(task: Task, data: views.Data, result: Result) -> list[str]:
    """What the task has to say of all utterances together; nothing where one of them is no longer in the dataset."""
    if not hasattr(task, "overview"):
        return []
    cases = [data.case(task, utterance) for utterance in result.utterances]
    if any(case is None for case in cases):
        return []
    try:
        return cast(Surveyed, task).overview(cases, [utterance.output for utterance in result.utterances])
    except views.ODD:
        return []


def _by_group(task: Task, data: views.Data, result: Result) -> list[tuple[str, list[str], list[list[str]], list[str]]]:
    """Each key of groups: its name, a table, and what is to be said; nothing of a dataset that has changed."""
    if data.whole is None:
        return []
    compared = by_group.compare_by_key(task, result.utterances, groups.labels(data.whole.rows))
    return [(by_key.key, by_key.headings, list(by_key.rows()), list(by_key.sentences())) for by_key in compared]


def _findings(
    task: Task, data: views.Data, result: Result, accepted: QualityBaseline | None, numbers_of: Mapping[str, int]
) -> list[tuple[Finding, list[tuple[str, int]]]]:
    """What kinds of failure it looks like, each with (id, place on the page) of its first utterances."""
    if data.whole is None:
        return []
    try:
        findings = diagnosis.suspect(task, result, data.whole, accepted)
    except views.ODD:
        return []
    return [(finding, [(id, numbers_of[id]) for id in finding.ids if id in numbers_of][:NAMED]) for finding in findings]


def _listing(
    ordered: Sequence[Utterance], accepted: QualityBaseline | None, metric: Metric, detailed: int
) -> dict[str, Any]:
    """A table of every utterance, in the order of the page, each with a link to its place there."""
    from markupsafe import Markup

    failed = any(utterance.error for utterance in ordered)
    headings = ["", "utterance", metric.name, "baseline", "time", "RTF", *(["raised"] if failed else [])]
    rows = []
    for i, utterance in enumerate(ordered, start=1):
        numbers, before = utterance.counts.get(metric.name), worst_utterances.then(utterance, accepted, metric)
        now, then = (metric.value([part]) if part else float("nan") for part in (numbers, before))
        rtf = utterance.wall_s / utterance.duration_s if utterance.duration_s > 0 else float("nan")
        rows.append(
            [
                (Markup('<a href="#u{}">{}</a>').format(i, i) if i <= detailed else str(i), i),
                utterance.id,
                (units.value(now, metric.unit), now),
                (units.value(then, metric.unit), then),
                (units.value(utterance.wall_s, "s"), utterance.wall_s),
                (units.value(rtf, "s/s"), rtf),
                *([str(Status.ERROR) if utterance.error else ""] if failed else []),
            ]
        )
    return {"headings": headings, "rows": rows}
