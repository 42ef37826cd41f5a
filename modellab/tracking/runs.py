"""What an MLflow run of modellab says, as plain data: no MLflow here.

One run is one model variant on one device at one precision, in one session at one commit; it holds every dataset
that was measured there, as metrics `wer/<dataset>`. Runs of a task share an experiment of the task's name.
"""

from __future__ import annotations

import datetime
import hashlib
import heapq
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modellab.audio import saved
from modellab.results import serialization
from modellab.results.entry import Entry
from modellab.system.masking import masked, masked_settings
from modellab.types import Status, Utterance
from modellab.types.utterances import LARGE, Large

SEVERITY = {status: rank for rank, status in enumerate(Status)}
DIGITS = 5  # significant; MLflow's table cuts longer numbers off
KEY_LENGTH, VALUE_LENGTH, PARAM_LENGTH = 250, 5000, 6000  # MLflow takes tags to 8000 but some databases cut at 5000
CELL_LENGTH = 2000
WORST = 3  # utterances of a case whose audio is kept
SOUND_BYTES = 10_000_000  # a longer file stays where it is
FIRST_READINGS = ("rtf", "peak_rss_bytes", "load_s", "latency_p50_s")


@dataclass(frozen=True, slots=True)
class Run:
    """The entries that become one MLflow run, oldest first."""

    id: str
    entries: tuple[Entry, ...]

    @property
    def experiment(self) -> str:
        """A name without "/": MLflow's breadcrumb would show only what follows it."""
        return clean_key(self.last.key.task).replace("/", "-")

    @property
    def last(self) -> Entry:
        return self.entries[-1]

    @property
    def model(self) -> str:
        return f"{self.last.key.model}:{self.last.key.variant}"

    @property
    def series(self) -> str:
        """What stays the same from commit to commit: one line in a trend."""
        return f"{self.model} {self.last.key.place}"

    @property
    def name(self) -> str:
        """Such as `faster_whisper:lab cpu-int8 @ 1a2b3c4`."""
        return clean(f"{self.series} @ {self.last.commit.short}{'+' if self.last.commit.dirty else ''}", KEY_LENGTH)

    @property
    def verdict(self) -> Status:
        return max((entry.status for entry in self.entries), key=SEVERITY.__getitem__)

    @property
    def red(self) -> bool:
        return any(entry.red for entry in self.entries)

    @property
    def step(self) -> int:
        return self.last.commit.position

    @property
    def start_ms(self) -> int:
        return min(milliseconds(entry.started_at) for entry in self.entries)

    @property
    def end_ms(self) -> int:
        return max(milliseconds(entry.finished_at) for entry in self.entries)


def group(entries: Iterable[Entry]) -> list[Run]:
    """Entries -> runs. The same entries always give the same run ids."""
    members: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: (entry.finished_at, entry.id)):
        members.setdefault(_run_id(entry), []).append(entry)
    return [Run(id, tuple(group)) for id, group in members.items()]


def _run_id(entry: Entry) -> str:
    key = entry.key
    parts = [entry.session, entry.commit.hash, key.task, key.model, key.variant, key.device, key.precision]
    parts += [key.preprocessing] if key.preprocessing else []
    return hashlib.sha256(serialization.dumps(parts).encode()).hexdigest()[:32]


def tags(run: Run) -> dict[str, str]:
    """What one filters and groups runs by."""
    last, entries = run.last, run.entries
    facts = {
        "verdict": str(run.verdict),
        "model": run.model,
        "series": run.series,
        "device": last.key.device,
        "precision": last.key.precision,
        "preprocessing": last.key.preprocessing,
        "tier": _joined(entry.tier for entry in entries),
        "machine": _joined(entry.result.machine for entry in entries if entry.result),
        "host": last.host,
        "session": last.session,
        "commit": last.commit.hash,
        "branch": last.commit.branch,
        "dirty": "yes" if last.commit.dirty else "no",
        "weights": _joined(entry.weights for entry in entries),
        "normaliser": _joined(entry.result.provenance.get("normaliser", "") for entry in entries if entry.result),
        **{f"versions.{name}": text for name, text in last.versions.items()},
        "mlflow.source.name": "modellab",
        "mlflow.source.type": "JOB",
        "mlflow.source.git.commit": last.commit.hash,
        "modellab.run_id": run.id,
    }
    return {clean_key(name): clean(text, VALUE_LENGTH) for name, text in facts.items() if text}


def params(entry: Entry) -> dict[str, str]:
    """The effective configuration."""
    settings = masked_settings(entry.settings)
    return {clean_key(name): clean(_text(value), PARAM_LENGTH) for name, value in settings.items()}


def metrics(entry: Entry) -> dict[str, float]:
    """`<metric>/<dataset>` and `<reading>/<dataset>`, rounded; what is not finite is left out."""
    judged = {verdict.metric: verdict.now for verdict in entry.verdicts}
    readings = entry.result.readings if entry.result else {}
    numbers = {**readings, **judged, **entry.values}
    dataset = entry.key.dataset
    return {clean_key(f"{name}/{dataset}"): rounded(x) for name, x in numbers.items() if math.isfinite(x)}


def headline(entry: Entry) -> list[str]:
    """The metric keys of an entry that deserve a column: the task's first metric and the real-time factor."""
    present = metrics(entry)
    wanted = [clean_key(f"{name}/{entry.key.dataset}") for name in [*sections(entry)[:1], "rtf"]]
    return [key for key in dict.fromkeys(wanted) if key in present]


def sections(entry: Entry) -> list[str]:
    """Metric names in the order of their importance: the task's own first, then what was judged, then readings."""
    judged = [verdict.metric for verdict in entry.verdicts]
    readings = [*FIRST_READINGS, *entry.result.readings] if entry.result else []
    return list(dict.fromkeys(clean_key(name) for name in [*entry.values, *judged, *readings]))


def table(entry: Entry, large: Large = LARGE) -> dict[str, Any]:
    """Every utterance as a row of an MLflow table, worst first; a metric's cell is its counts, top/bottom.

    Of a large result the worst alone.
    """
    every = entry.result.utterances if entry.result else ()
    is_large = len(every) > large.more_than
    utterances = heapq.nsmallest(large.worst, every, key=_badness) if is_large else sorted(every, key=_badness)
    names = list(dict.fromkeys(name for item in utterances for name in item.counts))
    reference = any(isinstance(item.output, Mapping) and "reference" in item.output for item in utterances)
    columns = ["id", *(["reference"] if reference else []), "hypothesis", *names, "wall_s", "duration_s", "error"]
    data = [
        [
            item.id,
            *([_part(item.output, "reference")] if reference else []),
            _words(item.output),
            *("/".join(f"{part:.4g}" for part in item.counts.get(name, ())) for name in names),
            f"{item.wall_s:.4f}",
            f"{item.duration_s:.2f}",
            item.error,
        ]
        for item in utterances
    ]
    return {
        "columns": [clean(name, KEY_LENGTH) for name in columns],
        "data": [[clean(cell, CELL_LENGTH) for cell in row] for row in data],
    }


def sounds(entry: Entry) -> list[Path]:
    """The audio files of the worst utterances that are still on this disk, worst first: WORST utterances at most."""
    utterances = sorted(entry.result.utterances if entry.result else (), key=_badness)
    there = [[path for path in saved.files(item.output) if path.is_file()] for item in utterances]
    chosen = [path for paths in [paths for paths in there if paths][:WORST] for path in paths]
    return [path for path in chosen if path.stat().st_size <= SOUND_BYTES]


def _badness(item: Utterance) -> tuple[bool, float]:
    """Sorts failures first, then by how much of the first metric went wrong."""
    numbers = next(iter(item.counts.values()), (0.0,))
    return not item.error, -numbers[0] if numbers and math.isfinite(numbers[0]) else 0.0


def rounded(value: float) -> float:
    """A number at five significant digits.

    >>> rounded(0.123456789), rounded(182_034_432)
    (0.12346, 182030000.0)
    """
    return float(f"{value:.{DIGITS}g}")


def clean(text: str, length: int) -> str:
    """Text that every MLflow store takes: valid Unicode, no NUL, not longer than `length`, and no secret in it."""
    valid = masked(text).encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\N{SYMBOL FOR NULL}")
    return valid if len(valid) <= length else valid[: length - 1] + "…"


def clean_key(text: str) -> str:
    """A name that MLflow takes for metrics, params and tags: letters, digits and `_-. :/`, no path tricks.

    What had to be changed ends in a hash of what it was, so that no two names become one.

    >>> clean_key("wer/a b.c"), clean_key("wer/a%c"), clean_key("../wer//x")
    ('wer/a b.c', 'wer/a_c-65b4c185', '_./wer/x-82e46346')
    """
    allowed = re.sub(r"[^A-Za-z0-9_\-. :/]", "_", text)[:KEY_LENGTH]
    parts = [re.sub(r"^\.", "_", part) for part in allowed.split("/") if part]
    return kept_apart("/".join(parts) or "_", text)


def kept_apart(cleaned: str, text: str) -> str:
    """A cleaned name as it is where it is the text itself, else with eight digits of the text's hash behind it."""
    if cleaned == text:
        return cleaned
    mark = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{cleaned[: KEY_LENGTH - 9]}-{mark}"


def milliseconds(moment: str) -> int:
    """An ISO moment as MLflow's milliseconds since 1970."""
    return int(datetime.datetime.fromisoformat(moment).timestamp() * 1000)


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(sorted({text for text in texts if text}))


def _words(output: Any) -> str:
    """The words of an output: its text, or what a judge heard in its audio; without words the whole of it."""
    name = next((name for name in ("text", "heard") if isinstance(output, Mapping) and name in output), "")
    return _part(output, name) if name else _text(output)


def _part(output: Any, name: str) -> str:
    return _text(output.get(name)) if isinstance(output, Mapping) else ""


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else serialization.dumps(serialization.plain(value))
