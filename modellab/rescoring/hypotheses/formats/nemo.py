"""NeMo's manifests with `pred_text`, which are those of the Open ASR Leaderboard, too.

The leaderboard writes audio_filepath, duration, time, text and pred_text, both texts normalised.

Source: NeMo's transcribe_speech.py; huggingface/open_asr_leaderboard, normalizer/eval_utils.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess
from modellab.rescoring.hypotheses import tables
from modellab.rescoring.hypotheses.records import Columns, Exported, Item

NAME = "nemo"
TITLE = "NeMo manifest with pred_text"
AUDIO, PREDICTED = "audio_filepath", "pred_text"


def detect(place: Place) -> Guess | None:
    """JSON lines with audio_filepath and pred_text."""
    keys = place.keys(place.path)
    return Guess(0.9, f"its lines have the keys {AUDIO} and {PREDICTED}") if {AUDIO, PREDICTED} <= keys else None


def read(path: Path, columns: Columns) -> Iterator[Item]:
    """What each line says."""
    yield from tables.records(textfiles.json_lines(path), Columns(columns.id, columns.hyp or PREDICTED))


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """One manifest. `time` is the model's wall time, or null; what the model raised on has no words, as there."""
    return {"json": "".join(json.dumps(_line(row), ensure_ascii=False) + "\n" for row in rows)}


def _line(row: Exported) -> dict[str, object]:
    return {
        "id": row.id,
        AUDIO: row.audio or row.id,
        "duration": round(row.duration_s, 6),
        "time": round(row.wall_s, 6) if math.isfinite(row.wall_s) else None,
        "text": row.reference,
        PREDICTED: row.hypothesis,
    }
