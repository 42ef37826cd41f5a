"""A project whose model sleeps, and writes down each call: for measuring how utterances are shared among workers."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import soundfile
import yaml

from modellab import datasets

RATE_HZ = 16_000
CASE = "sleeper:one-tones_v1-cpu-float32"
ADAPTER = '''"""Sleeps, and says what it hears: the number of its first sample."""

import json
import os
import time
from pathlib import Path

from modellab.types import Transcript

HERE = Path(__file__).parent


class Sleeper:
    def __init__(self, setting):
        self.sleep_s = json.loads((HERE / "sleep.json").read_text())
        asks = Path(f"/proc/{os.getppid()}/cmdline").read_text()
        role = "worker" if "shard_process" in asks or "Puller" in asks or "ray::" in asks else "timed"
        self.log = os.open(HERE / "calls" / f"{role}-{os.getpid()}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def transcribe(self, audio):
        time.sleep(self.sleep_s)
        number = round(float(audio.samples[0]) * 32768)
        os.write(self.log, f"{number}\\n".encode())
        return Transcript(f"number {number}")


load = Sleeper
'''


def write(root: Path, utterances: int, sleep_s: float, audio_s: float = 0.5) -> Path:
    """A project with one case of so many utterances."""
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n')
    model, data = root / "models" / "sleeper", root / "golden" / "tones_v1"
    (model / "calls").mkdir(parents=True)
    data.mkdir(parents=True)
    config = {
        "summary": "sleeps",
        "tasks": ["asr"],
        "status": "experimental",
        "devices": {"cpu": ["float32"]},
        "variants": {"one": {"weights": "package", "tier": "smoke"}},
        "timeout_s": 60,
    }
    (model / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (model / "adapter.py").write_text(ADAPTER)
    (model / "sleep.json").write_text(json.dumps(sleep_s))
    cases = []
    for number in range(utterances):
        samples = np.full(round(audio_s * RATE_HZ), 50, dtype=np.int16)
        samples[0] = number
        soundfile.write(data / f"{number:05d}.wav", samples, RATE_HZ)
        cases.append(
            {"id": f"{number:05d}", "audio": f"{number:05d}.wav", "duration_s": audio_s, "text": f"number {number}"}
        )
    header = {
        "task": "asr",
        "version": 1,
        "language": "en",
        "tier": "smoke",
        "licence": "CC0-1.0",
        "source": "made",
        "normaliser": "basic",
    }
    (data / "dataset.yaml").write_text(yaml.safe_dump({**header, "cases": cases}, sort_keys=False))
    datasets.write_digest(data)
    return root


def calls(root: Path) -> Counter[int]:
    """How often workers heard each utterance, calls that warm a model up included, and those that are timed not."""
    counts: Counter[int] = Counter()
    for path in (root / "models" / "sleeper" / "calls").glob("worker-*"):
        counts.update(int(line) for line in path.read_text().split())
        path.unlink()
    return counts
