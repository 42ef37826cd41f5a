"""`modellab export` where a dataset has several references, NIST's marks, or one reference for a session of chunks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest
import soundfile
import yaml

from modellab.results import ledger

from .conftest import Desk

HEAD = {"task": "asr", "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0", "source": "made"}
SETS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "several references": (
        {"normaliser": "basic"},
        [
            {"id": "a", "text": "Two dollars, please.", "references": ["two bucks please"]},
            {"id": "b", "text": "so it is", "references": ["so be it"]},
        ],
    ),
    "marks": (
        {"settings": {"markup": "nist", "alignment": "sclite"}},
        [
            {"id": "a", "text": "{ two / three } bucks (uh) please"},
            {"id": "b", "text": "IGNORE_TIME_SEGMENT_IN_SCORING"},
        ],
    ),
    "sessions": (
        {"normaliser": "basic", "settings": {"reference": "session"}},
        [
            {"id": "a", "session": "call", "chunk": 0},
            {"id": "b", "session": "call", "chunk": 1, "text": "Two bucks, please: so it is."},
        ],
    ),
}
SAID = "a too bucks please\nb so it was\n"


def add(desk: Desk, header: dict[str, Any], rows: list[dict[str, Any]]) -> Path:
    folder = desk.root / "golden" / "set_v1"
    folder.mkdir()
    soundfile.write(folder / "a.wav", np.full(16_000, 0.1), 16_000)
    cases = [{"audio": "a.wav", "duration_s": 1.0, **row} for row in rows]
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**HEAD, **header, "cases": cases}, sort_keys=False))
    return folder


@pytest.mark.parametrize(("header", "rows"), SETS.values(), ids=SETS)
def test_another_scorer_gives_the_same_rate(desk: Desk, header: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    add(desk, header, rows)
    (desk.root / "hyp.txt").write_text(SAID)
    done = desk.type("score", "--dataset", "set_v1", "--hyp", "hyp.txt", "--model", "acme")
    assert done.exit_code in (0, 1), done.output
    entries, _ = ledger.read(desk.root / "mlruns")
    done = desk.type("export", "acme", "--as", "jsonl", "--into", "out")
    assert done.exit_code == 0, done.output
    (file,) = (desk.root / "out").iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    pairs = [(line["reference"], line["hypothesis"]) for line in lines if line["reference"] or line["hypothesis"]]
    assert jiwer.wer(*map(list, zip(*pairs, strict=True))) == pytest.approx(entries[-1].values["wer"])  # type: ignore[call-overload]
    assert entries[-1].values["wer"] > 0
