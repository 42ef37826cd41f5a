"""python -m tools.real_figures: the word error rates of real checkpoints, from the accepted baselines, as a table.

It stands in README.md and docs/real-weights.md, and a test compares them.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from modellab import datasets

ROOT = Path(__file__).parents[1]
ENGINES = {
    "faster_whisper": "faster-whisper",
    "whisper": "openai-whisper",
    "distil_whisper": "transformers",
    "whisper_cpp": "whisper.cpp",
}
VARIANTS = ("tiny.en", "base")
PRECISIONS = ("float32", "f16", "int8")
FLOOR = ("en-us", "float32", ("pocketsphinx", "PocketSphinx"))
DATASETS = ("librivox_v1", "spoken_piper_v1", "spoken_espeak_v1")
HEAD = (
    "| checkpoint | engine | precision | a person reads (`librivox_v1`) | neural voice (`spoken_piper_v1`) |"
    " its clean half | its other half | espeak-ng (`spoken_espeak_v1`) |\n|---|---|---|---|---|---|---|---|\n"
)


def table() -> str:
    """The table, a row for each checkpoint, engine and precision that has baselines."""
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows())


def rows() -> Iterator[list[str]]:
    """What stands in the table."""
    is_clean = {row["id"]: row["condition"] == "clean" for row in _rows("spoken_piper_v1")}
    parts = (is_clean.__getitem__, lambda name: not is_clean[name])
    whispers = itertools.product(VARIANTS, PRECISIONS, ENGINES.items())
    for variant, precision, (engine, name) in [*whispers, FLOOR]:
        read, spoken, formant = (accepted(dataset, engine, variant, precision) for dataset in DATASETS)
        if read and spoken and formant:
            rates = [wer(read), wer(spoken), *(wer(spoken, part) for part in parts), wer(formant)]
            yield [variant, name, precision, *(f"{rate:.1%}".replace("%", " %") for rate in rates)]


def accepted(dataset: str, engine: str, variant: str, precision: str) -> Mapping[str, Any]:
    """The accepted utterances of a case by id; empty where there is no baseline."""
    path = ROOT / "baselines" / "asr" / dataset / f"{engine}-{variant}.cpu-{precision}.json"
    utterances: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["utterances"] if path.is_file() else {}
    return utterances


def wer(utterances: Mapping[str, Any], part: Callable[[str], bool] = lambda _: True) -> float:
    """Words in error over words, of the utterances that are part of it."""
    pairs = [utterance["shares"]["wer"] for id, utterance in utterances.items() if part(id)]
    return float(sum(top for top, _ in pairs) / sum(bottom for _, bottom in pairs))


def _rows(dataset: str) -> Any:
    return datasets.load(ROOT / "golden" / dataset).rows


if __name__ == "__main__":
    sys.stdout.write(table())
