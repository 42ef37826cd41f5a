"""Small projects for the harness to be measured on: a model that costs next to nothing, datasets of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from modellab import audio
from modellab.types import Audio

ADAPTER = """
from modellab.types import Transcript

class Trivial:
    def __init__(self, setting):
        if setting.options.get("bare"):  # of the harness's memory the reference workload tells nothing
            from modellab.runner.meters.reference_workload import Reference

            Reference.run = lambda self: None
        text = "turn on the kitchen light"
        self.transcript = Transcript(text, segments=((text, 0.0, 0.1),))

    def transcribe(self, audio):
        return self.transcript

load = Trivial
"""
CONFIG = {
    "summary": "says always the same",
    "tasks": ["asr"],
    "status": "experimental",
    "devices": {"cpu": ["float32"]},
}
HEADER = {
    "task": "asr",
    "version": 1,
    "language": "en",
    "tier": "smoke",
    "licence": "CC0-1.0",
    "source": "silence",
    "normaliser": "basic",
}
SAID = "turn on the kitchen light"
TEST = "from modellab.tasks import asr as task\n\n\ndef test_asr(evaluate, gate):\n    gate(evaluate(task))\n"
SETTINGS = """[tool.modellab]
models = ["models"]
only = ["trivial"]
[tool.pytest.ini_options]
"""
CONFTEST = 'pytest_plugins = ["modellab.pytest_plugin"]\n'
PLAIN = (
    "import pytest\n\n\n"
    '@pytest.mark.parametrize("number", range({count}))\n'
    "def test_nothing(number):\n    assert number >= 0\n"
)


def write(root: Path, datasets: int, rows: int, variants: int = 1, *, bare: bool = False) -> Path:
    """A project of one trivial model in so many variants, and so many datasets of so many clips of 1 s."""
    (root / "benchmarks").mkdir(parents=True)
    (root / "benchmarks" / "test_asr.py").write_text(TEST)
    (root / "pyproject.toml").write_text(SETTINGS)
    (root / "conftest.py").write_text(CONFTEST)
    model = root / "models" / "trivial"
    model.mkdir(parents=True)
    (model / "adapter.py").write_text(ADAPTER)
    names = {f"v{i:03}": {"weights": "package", "tier": "smoke"} for i in range(variants)}
    (model / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "variants": names, "options": {"bare": bare}}))
    clip = root / "clip.wav"
    audio.write(clip, Audio(np.zeros(16_000, np.float32), 16_000))
    for number in range(datasets):
        _dataset(root / "golden" / f"data{number:03}_v1", rows, clip)
    return root


def _dataset(folder: Path, rows: int, clip: Path) -> None:
    folder.mkdir(parents=True)
    row = {"audio": str(clip), "duration_s": 1.0, "text": SAID}
    cases = [{"id": f"{i:05}", **row, "speaker": f"s{i % 10}"} for i in range(rows)]
    head = yaml.safe_dump(HEADER, sort_keys=False)
    (folder / "dataset.yaml").write_text(head + yaml.dump({"cases": cases}, Dumper=yaml.CSafeDumper, sort_keys=False))
