"""What the header says of how texts are scored: part of what a dataset is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from modellab import datasets

HEADER = {"task": "asr", "version": 1, "language": "en", "tier": "smoke", "licence": "CC0-1.0", "source": "a sine"}
ROW = {"id": "a", "audio": "a.wav", "duration_s": 0.5, "text": "um hi", "texts": {"clean": "hi"}}


def digest(folder: Path, **header: Any) -> str:
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**HEADER, **header, "cases": [ROW]}, sort_keys=False))
    return datasets.load(folder).digest


def test_the_digest_holds_the_chosen_text_and_the_rules_that_score(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 16000)
    rules = tmp_path / "own.glm"
    rules.write_text(";; rules\nA => B\n")
    settings = {"glm": "own.glm"}
    seen = [digest(tmp_path), digest(tmp_path, text="clean"), digest(tmp_path, settings=settings)]
    assert datasets.load(tmp_path).options["settings"]["glm"] == str(rules.absolute())
    rules.write_text(";; rules\nA => C\n")
    seen.append(digest(tmp_path, settings=settings))
    assert len(set(seen)) == 4
    rules.rename(tmp_path / "renamed.glm")
    assert digest(tmp_path, settings={"glm": "renamed.glm"}) == seen[-1]
