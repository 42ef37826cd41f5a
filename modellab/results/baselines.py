"""Accepted results in `baselines/`, written by --update-baselines and `modellab calibrate`, reviewed as a diff.

    baselines/<task>/<dataset>/<model>-<variant>.<device>-<precision>.json             quality, for every machine
    baselines/<task>/<dataset>/<model>-<variant>.<device>-<precision>.<machine>.json   speed and memory of one class

Where audio is preprocessed, the name of the chain follows the precision, after a `~`: another case, other files.
Sorted keys, one line per utterance, so that `git diff` shows which utterance changed.
"""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab import tasks
from modellab.errors import MALFORMED, BaselineError, NumberError
from modellab.results import baseline_file, seeds, serialization
from modellab.stats.trimmed_mean import log_ratios, trimmed_mean
from modellab.system import allocator
from modellab.system.machine import HARDWARE, PROCESS, SELFTEST
from modellab.tasks import Task
from modellab.text import AS_WRITTEN, CUT
from modellab.types import CaseId, Counts, QualityBaseline, ResourceBaseline, Result, Utterance, finite, until
from modellab.types.readings import ACCEPTED, CLOCKS, REFERENCE
from modellab.types.rows import ROWS_MISSING
from modellab.types.spooled import Table

File = tuple[Path, Mapping[str, Any], Mapping[str, Any]]  # of a baseline: where, what is above the utterances, they
Remember = Callable[[Any], Any]  # what is kept of an output
PINNED = "anchor"  # the folder of the pinned release, laid out like its parent
MOST_SESSIONS, FEWEST_SESSIONS = 20, 5  # the newest are kept; what fewer differ by says nothing
USUAL = 2.0  # standard deviations from the sessions' mean within which a run is one of them
PLACE = r"(?P<device>cpu|cuda|mps|elsewhere|server)-(?P<precision>[^.~]+)(~(?P<preprocessing>[^.]+))?"
NAME = re.compile(rf"(?P<model>[^-]+)-(?P<variant>.+?)\.{PLACE}\.json")
BATCH, TIMED, UNTIMED = "batch", "clocks", "none"  # of a provenance: utterances in one call, which of them were timed
UNTOLD = ("digest_checked", TIMED)  # say nothing of what was accepted
HARMLESS = ("commit", "normaliser", AS_WRITTEN, CUT, SELFTEST, PROCESS, HARDWARE, allocator.KEY, ROWS_MISSING)


def quality_path(root: Path, key: CaseId) -> Path:
    """The file of a case's accepted quality, whether it exists or not."""
    through = f"~{key.preprocessing}" if key.preprocessing else ""
    return root / key.task / key.dataset / f"{key.model}-{key.variant}.{key.device}-{key.precision}{through}.json"


def key_of(path: Path) -> CaseId | None:
    """The case that a file of accepted quality is of; None for the speed of a machine class, and for other files."""
    task, dataset, name = path.parts[-3:]
    match = NAME.fullmatch(name)
    return CaseId(task=task, dataset=dataset, **match.groupdict("")) if match else None


def resources_path(root: Path, key: CaseId, machine: str) -> Path:
    """The file of a case's accepted speed and memory on a machine class."""
    return quality_path(root, key).with_suffix(f".{machine}.json")


def load(root: Path, key: CaseId) -> QualityBaseline | None:
    """The accepted quality of a case; None if there is none; BaselineError for a file that cannot be used."""
    path = quality_path(root, key)
    if (stored := baseline_file.read(path)) is None:
        return None
    try:
        utterances, read = stored["utterances"], finite.Alike()
        counts = finite.mapped(utterances, lambda entry: read(entry["shares"]))
        kept = "hash" if "privacy" in stored["header"] else key.task  # of a private dataset outputs are hashes
        outputs = finite.mapped(utterances, lambda entry: tasks.remembered(kept, entry["output"]))
        ends = {id: s for id, s in finite.mapped(utterances, until.accepted_s).items() if math.isfinite(s)}
        return QualityBaseline(_header(stored), counts, outputs, finite.spreads(stored.get("noise", {})), ends)
    except MALFORMED as error:
        raise _damaged(path, error) from error


def load_resources(root: Path, key: CaseId, machine: str) -> ResourceBaseline | None:
    """The accepted speed and memory of a case on a machine class; None if there is none."""
    path = resources_path(root, key, machine)
    if (stored := baseline_file.read(path)) is None:
        return None
    try:
        times = finite.mapped(stored["utterances"], finite.times)
        sessions = tuple(finite.numbers(session) for session in stored.get("sessions", []))
        return ResourceBaseline(_header(stored), times, finite.readings(stored["readings"]), sessions)
    except MALFORMED as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> BaselineError:
    return baseline_file.damaged(path, error, error.name if isinstance(error, NumberError) else "")


def other_machines(root: Path, key: CaseId) -> list[str]:
    """The machine classes that have a speed baseline for the case."""
    path = quality_path(root, key)
    return sorted(file.name[len(path.stem) + 1 : -len(".json")] for file in path.parent.glob(f"{path.stem}.*.json"))


def save(
    root: Path, task: Task, passes: Sequence[Result], reason: str, date: str,
    *, timed: bool = True, speed_only: bool = False, remember: Remember | None = None,
) -> list[Path]:  # fmt: skip
    """Accept a measurement: quality from its first pass, speed as the median over all passes.

    What calibration found out before stays where it still holds, see `kept_sessions`; the noise of the quality as long
    as weights, engine and dataset are the same. Without `timed` the accepted speed and memory stay, with `speed_only`
    the accepted quality. `remember` says what is kept of an output, if not the task.
    """
    header = {name: text for name, text in passes[0].provenance.items() if name not in UNTOLD}
    header |= {"reason": reason, "date": date}
    _check_names(passes[0])
    written = [] if speed_only else [_quality_file(root, task, passes[0], header, remember or task.remember)]
    timed = timed and passes[0].provenance.get(TIMED) != UNTIMED
    written += [_resource_file(root, passes, header)] if timed else []
    baseline_file.write_all(written)  # all of them, or none
    return [path for path, _, _ in written]


def _check_names(result: Result) -> None:
    """BaselineError for a case whose names, which a stored result may bring along, would lead elsewhere as a path."""
    for name in (*serialization.encode_key(result.key).values(), result.machine):
        if not name or name.startswith(".") or set(name) & set("/\\\0"):
            where = f"{result.key} on {result.machine}"
            raise BaselineError(f"{where} cannot be accepted: {name!r} is no part of a file's name")


def _quality_file(root: Path, task: Task, result: Result, header: Mapping[str, str], remember: Remember) -> File:
    before = _before(load, root, result.key)
    widths = dict(_widths(task, result))
    quality = Table((utterance.id, _row(utterance, widths, remember)) for utterance in result.utterances)
    kept = before.noise if before and _same_model(before.header, result.provenance) else {}
    drawn = {name: float(f"{value:.3g}") for name, value in seeds.noise(result).items()}
    noise = {name: max(kept.get(name, 0.0), drawn.get(name, 0.0)) for name in sorted({*kept, *drawn})}
    about = {name: text for name, text in header.items() if name not in (SELFTEST, PROCESS, allocator.KEY)}
    return quality_path(root, result.key), {"header": about, **({"noise": noise} if noise else {})}, quality


def _row(utterance: Utterance, widths: Mapping[str, int], remember: Remember) -> dict[str, Any]:
    """What is kept of an utterance; where its last segment ends only of a model that says so."""
    output = None if utterance.error else utterance.output
    row = {"output": None if utterance.error else remember(output), "shares": _shares(utterance, widths)}
    return {**row, **until.kept(output)}


def _shares(utterance: Utterance, widths: Mapping[str, int]) -> serialization.Json:
    """The counts of these metrics. All lines of a file have the same ones: one that lacks some is damaged."""
    counts = {name: (0.0,) * width for name, width in widths.items() if width} | dict(utterance.counts)
    kept = {name: finite.kept(_rounded(counts[name]), f"{utterance.id}: {name}") for name in widths}
    return serialization.encode_counts(kept)


def _resource_file(root: Path, passes: Sequence[Result], header: Mapping[str, str]) -> File:
    result = passes[0]
    before = _before(load_resources, root, result.key, result.machine)
    every = zip(*(one_pass.utterances for one_pass in passes), strict=True)
    timed_calls = ((same[0].id, _medians(same)) for same in every if not same[0].error)
    times = Table((id, clocks) for id, clocks in timed_calls if all(map(math.isfinite, clocks)))
    known = [name for name in ACCEPTED if all(math.isfinite(p.readings.get(name, math.nan)) for p in passes)]
    medians = {name: statistics.median(p.readings[name] for p in passes) for name in known}
    resources = ResourceBaseline({**header, "machine": result.machine, "passes": str(len(passes))}, times, medians)
    sessions = kept_sessions(before, resources) if before else ()
    top = {"header": resources.header, "readings": _encoded(medians), "sessions": [*map(_encoded, sessions)]}
    return resources_path(root, result.key, result.machine), top, times


def _widths(task: Task, result: Result) -> Iterator[tuple[str, int]]:
    """What a baseline keeps; of an optional metric how many numbers. None that came later, or has nothing but zeros."""
    for metric in (metric for metric in task.METRICS if metric.judged(metric.margin)):
        held = (utterance.counts.get(metric.name, ()) for utterance in result.utterances)
        width = max((len(numbers) for numbers in held if any(numbers)), default=0) if metric.optional else 0
        if width or not (metric.on_request and (metric.optional or metric.name not in result.utterances[0].counts)):
            yield metric.name, width


def kept_sessions(before: ResourceBaseline, after: ResourceBaseline) -> tuple[Mapping[str, float], ...]:
    """The calibration sessions of `before`, restated in terms of `after`'s times; () if they no longer hold.

    Sessions are relative to the accepted times. Of an unchanged model the change of these is the moment's, and is taken
    off each session. That is believed only where nothing but the commit or the normaliser differs, the reference
    workload is the same, and the new times lie as close to the sessions' mean as 95 % of them do. Otherwise nobody
    knows where the changed model's own sessions would lie: they go, and the case is calibrated again.
    """
    is_another = before.header.get(allocator.KEY) != after.header.get(allocator.KEY)  # allocator, with other peaks
    if is_another or len(before.sessions) < FEWEST_SESSIONS or not _same_model(before.header, after.header):
        return ()
    shifts = {**_clock_changes(before, after), **_reference_changes(before, after)}
    names = {name for session in before.sessions for name in session if name in (*CLOCKS, *REFERENCE)}
    if not names <= shifts.keys():
        return ()
    for clock in names & set(CLOCKS):
        values = [session[clock] for session in before.sessions if clock in session]
        spread = statistics.stdev(values) * math.sqrt(1 + 1 / len(values)) if len(values) > 1 else 0.0
        if abs(shifts[clock] - statistics.mean(values)) > USUAL * spread:
            return ()
    return tuple({name: x - shifts.get(name, 0.0) for name, x in session.items()} for session in before.sessions)


def add_sessions(root: Path, key: CaseId, machine: str, sessions: Sequence[Mapping[str, float]]) -> Path:
    """Keep further A/A sessions of a case on a machine class, newest last. BaselineError without a baseline there."""
    path = resources_path(root, key, machine)
    kept = [*_stored(path).get("sessions", []), *map(_encoded, sessions)][-MOST_SESSIONS:]
    return _replace(path, sessions=kept)


def set_noise(root: Path, key: CaseId, noise: Mapping[str, float]) -> Path:
    """Keep the standard deviation of each quality metric between runs of the unchanged model, in its unit."""
    return _replace(quality_path(root, key), noise=_encoded(noise))


def copy(path: Path, target: Path, reason: str, date: str) -> None:
    """Copy a baseline file whole, with a reason and date of its own; those it had get `accepted_` before them."""
    stored = baseline_file.read(path) or {}
    try:
        utterances, header = stored.pop("utterances"), dict(stored["header"])
        accepted = {f"accepted_{name}": header[name] for name in ("reason", "date")}
    except MALFORMED as error:
        raise baseline_file.damaged(path, error) from error
    baseline_file.write(
        target, {**stored, "header": {**header, **accepted, "reason": reason, "date": date}}, utterances
    )


def _before[**P, T](read: Callable[P, T | None], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What was accepted before; a file that cannot be used is about to be replaced."""
    try:
        return read(*args, **kwargs)
    except BaselineError:
        return None


def _same_model(header: Mapping[str, str], provenance: Mapping[str, str]) -> bool:
    about = ("reason", "date", "machine", "passes")
    names = (header.keys() | provenance.keys()) - {*HARMLESS, *about}
    return all(header.get(name) == provenance.get(name) for name in names)


def _clock_changes(before: ResourceBaseline, after: ResourceBaseline) -> dict[str, float]:
    """For each clock on both sides the 20 % trimmed mean of log(after / before) over utterances."""
    changes = {}
    for clock, column in CLOCKS.items():
        both = ((times, before.times.get(id, ())) for id, times in after.times.items())
        pairs = [(now[column], then[column]) for now, then in both if min(len(now), len(then)) > column]
        if len(ratios := log_ratios(pairs)):
            changes[clock] = trimmed_mean(ratios)
    return changes


def _reference_changes(before: ResourceBaseline, after: ResourceBaseline) -> dict[str, float]:
    now, then = after.readings, before.readings
    if now.get("reference_version", 0) != then.get("reference_version", -1):
        return {}
    return {part: math.log(now[part] / then[part]) for part in REFERENCE}


def _medians(passes: Sequence[Utterance]) -> tuple[float, ...]:
    """The times of one utterance: the median of each clock that all passes have."""
    clocks = zip(*((one_pass.wall_s, one_pass.cpu_s, one_pass.gpu_s) for one_pass in passes), strict=True)
    medians = [round(statistics.median(times), 6) if math.isfinite(sum(times)) else math.nan for times in clocks]
    return tuple(medians[:2] if math.isnan(medians[2]) else medians)


def _encoded(numbers: Mapping[str, float]) -> dict[str, Any]:
    """At six significant digits."""
    return serialization.encode_numbers({name: float(f"{x:.6g}") for name, x in numbers.items()})


def _stored(path: Path) -> dict[str, Any]:
    if (stored := baseline_file.read(path)) is None:
        raise BaselineError(f"{path} does not exist: accept a baseline first, with --update-baselines --reason '...'")
    return stored


def replace_counts(path: Path, counts: Mapping[str, Mapping[str, Counts]], **facts: str) -> Path:
    """Outputs scored anew: all that is counted, by utterance, and facts of its header; all else stays."""
    rounded = {id: {name: _rounded(numbers) for name, numbers in by_metric.items()} for id, by_metric in counts.items()}
    return _replace(path, rounded, header={**_stored(path)["header"], **facts})


def _replace(path: Path, counts: Mapping[str, Mapping[str, Counts]] | None = None, /, **changes: Any) -> Path:
    """The same file with these parts of it new."""
    stored = _stored(path)
    try:
        utterances = baseline_file.rows(path, stored, needed=bool(counts))
        for id, by_metric in (counts or {}).items():
            utterances[id]["shares"] = serialization.encode_counts(by_metric)
        baseline_file.write(path, {**stored, **changes}, utterances)
    except MALFORMED as error:
        raise baseline_file.damaged(path, error) from error
    return path


def _rounded(numbers: Counts) -> Counts:
    """Counts to six decimals: short diffs. `stats.permutation.STORED` knows of it."""
    return tuple(round(part, 6) for part in numbers)


def _header(stored: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(text) for name, text in stored["header"].items()}
