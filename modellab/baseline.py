"""Accepted results in `baselines/`, written only by --update-baselines and reviewed as a diff.

    baselines/<task>/<dataset>/<model>-<variant>.<device>-<precision>.json             quality, for every machine
    baselines/<task>/<dataset>/<model>-<variant>.<device>-<precision>.<machine>.json   speed and memory of one class

Sorted keys, one line per utterance, so that `git diff` shows which utterance changed.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modellab import codec
from modellab.errors import BaselineError
from modellab.tasks import Task
from modellab.types import Accepted, Key, Pace, Result, Share

FORMAT = 1
ANCHOR = "anchor"  # the folder of the pinned release, laid out like its parent
READINGS = ("load_s", "first_call_s", "latency_p50_s", "latency_p95_s", "latency_p99_s", "rtf", "rtf_cpu",
            "peak_rss_bytes", "peak_vram_bytes", "load_peak_rss_bytes", "other_cores", "cores",
            "reference_version", "reference_arithmetic_s", "reference_walk_s")  # fmt: skip


def quality_path(root: Path, key: Key) -> Path:
    """The file of a cell's accepted quality, whether it exists or not."""
    return root / key.task / key.dataset / f"{key.model}-{key.variant}.{key.device}-{key.precision}.json"


def pace_path(root: Path, key: Key, machine: str) -> Path:
    """The file of a cell's accepted speed and memory on a machine class."""
    return quality_path(root, key).with_suffix(f".{machine}.json")


def load(root: Path, key: Key) -> Accepted | None:
    """The accepted quality of a cell; None if there is none; BaselineError for a file that cannot be used."""
    path = quality_path(root, key)
    if (stored := _read(path)) is None:
        return None
    try:
        shares = {id: codec.decode_shares(entry["shares"]) for id, entry in stored["utterances"].items()}
        outputs = {id: entry["output"] for id, entry in stored["utterances"].items()}
        return Accepted(_header(stored), shares, outputs)
    except codec.MALFORMED as error:
        raise _damaged(path, error) from error


def load_pace(root: Path, key: Key, machine: str) -> Pace | None:
    """The accepted speed and memory of a cell on a machine class; None if there is none."""
    path = pace_path(root, key, machine)
    if (stored := _read(path)) is None:
        return None
    try:
        times = {id: (float(wall), float(cpu)) for id, (wall, cpu) in stored["utterances"].items()}
        return Pace(_header(stored), times, codec.decode_numbers(stored["readings"]))
    except codec.MALFORMED as error:
        raise _damaged(path, error) from error


def other_machines(root: Path, key: Key) -> list[str]:
    """The machine classes that have a speed baseline for the cell."""
    path = quality_path(root, key)
    return sorted(found.name[len(path.stem) + 1 : -len(".json")] for found in path.parent.glob(f"{path.stem}.*.json"))


def save(root: Path, task: Task, passes: Sequence[Result], reason: str, date: str) -> list[Path]:
    """Accept a measurement: quality from its first pass, speed as the median over all passes."""
    result = passes[0]
    header = {**result.provenance, "reason": reason, "date": date}
    gated = [metric.name for metric in task.METRICS if metric.gated and metric.kind == "quality"]
    quality = {
        utterance.id: {
            "output": None if utterance.error else task.remember(utterance.output),
            "shares": codec.encode_shares({name: _rounded(utterance.shares[name]) for name in gated}),
        }
        for utterance in result.utterances
    }
    times = {
        utterance.id: [
            round(statistics.median(times), 6)
            for times in zip(*((p.utterances[i].wall_s, p.utterances[i].cpu_s) for p in passes), strict=True)
        ]
        for i, utterance in enumerate(result.utterances)
        if not utterance.error
    }
    medians = {
        name: statistics.median(p.readings[name] for p in passes) for name in READINGS if name in result.readings
    }
    readings = codec.encode_numbers({name: float(f"{median:.6g}") for name, median in medians.items()})
    paths = quality_path(root, result.key), pace_path(root, result.key, result.machine)
    _write(paths[0], {"format": FORMAT, "header": header}, quality)
    pace_header = {**header, "machine": result.machine, "passes": str(len(passes))}
    _write(paths[1], {"format": FORMAT, "header": pace_header, "readings": readings}, times)
    return list(paths)


def copy(path: Path, target: Path, reason: str, date: str) -> None:
    """Copy a baseline file whole, with a reason and date of its own; those it had get `accepted_` before them."""
    stored = _read(path) or {}
    try:
        utterances, header = stored.pop("utterances"), dict(stored["header"])
        accepted = {f"accepted_{name}": header[name] for name in ("reason", "date")}
    except codec.MALFORMED as error:
        raise _damaged(path, error) from error
    _write(target, {**stored, "header": {**header, **accepted, "reason": reason, "date": date}}, utterances)


def _read(path: Path) -> Any | None:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        found = stored.get("format") if isinstance(stored, dict) else type(stored).__name__
        raise BaselineError(f"{path} has format {found!r}, expected {FORMAT}: made by another version of modellab?")
    return stored


def _damaged(path: Path, error: Exception) -> BaselineError:
    return BaselineError(
        f"{path} is not a baseline ({type(error).__name__}: {error}): damaged, or a merge conflict?"
        " Restore it with git, or accept a new one with --update-baselines --reason '...'"
    )


def _write(path: Path, top: Mapping[str, Any], utterances: Mapping[str, Any]) -> None:
    """One line per utterance; written beside and moved into place, so that a kill leaves the old or the new file."""
    rows = ((id, json.dumps(utterances[id], sort_keys=True, ensure_ascii=False)) for id in sorted(utterances))
    lines = [f"{json.dumps(id)}: {row}" for id, row in rows]
    head = json.dumps(top, indent=1, sort_keys=True, ensure_ascii=False).removesuffix("\n}")
    text = head + ',\n "utterances": {\n  ' + ",\n  ".join(lines) + "\n }\n}\n"
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(text.encode("utf-8", "backslashreplace"))  # a lone surrogate becomes its own JSON escape
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BaselineError(f"{path} could not be written: {error}: the baseline before it stays as it was") from error


def _rounded(share: Share) -> Share:
    """A share to six decimals: short diffs. `gate.quality.STORED` knows of it."""
    return tuple(round(part, 6) for part in share)


def _header(stored: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(text) for name, text in stored["header"].items()}
