"""From clips in memory to a dataset folder: FLAC files, dataset.yaml with one line per case, digest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from modellab import datasets
from tools.speech.espeak import RATE_HZ
from tools.speech.noise import Samples


@dataclass(frozen=True, slots=True)
class Clip:
    """One case: its id, its audio (float32, 16 kHz) and the task's own keys of its manifest row.

    Without samples the row names its `audio`, a file of another dataset, and its `duration_s`.
    """

    id: str
    samples: Samples | None
    row: Mapping[str, Any] = field(default_factory=dict)


def write(folder: Path, header: Mapping[str, Any], clips: Iterable[Clip]) -> int:
    """Write the dataset and return its size in bytes. A half-written one never takes the old one's place."""
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    lines = [_save(fresh, clip) for clip in clips]
    head = "".join(f"{key}: {_inline(value)}\n" for key, value in header.items())
    (fresh / datasets.FILE_NAME).write_text(f"{head}cases:\n" + "".join(lines), encoding="utf-8")
    datasets.write_digest(fresh)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _save(folder: Path, clip: Clip) -> str:
    """Write the clip's audio; return its line in the manifest."""
    own = {} if clip.samples is None else _audio(folder, clip.id, clip.samples)
    row = {"id": clip.id, **own, **clip.row}
    return "  - {" + ", ".join(f"{key}: {_inline(value)}" for key, value in row.items()) + "}\n"


def _audio(folder: Path, id: str, samples: Samples) -> dict[str, Any]:
    """Write one file; the keys of the row that name it."""
    import soundfile

    name = f"audio/{id}.flac"
    (folder / "audio").mkdir(exist_ok=True)
    pcm = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    soundfile.write(folder / name, pcm, RATE_HZ, format="FLAC", subtype="PCM_16", compression_level=1.0)
    return {"audio": name, "duration_s": round(len(pcm) / RATE_HZ, 4)}


def _inline(value: Any) -> str:
    """A value on one line: JSON, which is YAML too, so that no text is taken for a number or a yes."""
    return json.dumps(value, ensure_ascii=False)
