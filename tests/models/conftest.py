"""Real engines, each in a process that sees no other engine, as if only its own extra were installed."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets

GOLDEN = Path(__file__).parents[2] / "golden" / "asr_smoke_v1"
RATE_HZ = 16_000
N_CLIPS = 10
WITHOUT = '''
"""Hide packages from this process and its children, as if they were not installed."""
import os
from importlib.machinery import PathFinder

hidden, find = set(os.environ["HIDDEN_PACKAGES"].split()), PathFinder.find_spec
PathFinder.find_spec = classmethod(
    lambda cls, name, path=None, target=None: None if name.partition(".")[0] in hidden else find(name, path, target)
)
'''
Answers = dict[str, Any]


@pytest.fixture(scope="session")
def sentences() -> dict[str, str]:
    """The golden sentences among the clips."""
    return {row["id"]: row["text"] for row in datasets.load(GOLDEN).rows[:N_CLIPS]}


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory, sentences: dict[str, str]) -> Path:
    """Golden sentences and everything that is none, as an .npz of float32 at 16 kHz."""
    spoken = {row["id"]: audio.read(row["audio"], RATE_HZ).samples for row in datasets.load(GOLDEN).rows[:N_CLIPS]}
    gap = np.zeros(RATE_HZ // 2, np.float32)  # "later" is "again" half a second later
    first = next(iter(spoken.values()))
    seconds = np.arange(3 * RATE_HZ) / RATE_HZ
    others: dict[str, Any] = {
        "again": first,
        "empty": np.zeros(0, np.float32),
        "instant": first[4000 : 4000 + RATE_HZ // 10],
        "sample": np.zeros(1, np.float32),
        "silence": np.zeros(3 * RATE_HZ, np.float32),
        "noise": np.random.default_rng(0).normal(0, 0.01, 3 * RATE_HZ),
        "tone": 0.3 * np.sin(2 * math.pi * 440 * seconds),
        "long": np.concatenate([part for samples in [*spoken.values(), first] for part in (samples, gap)]),
        "later": np.concatenate([gap, first]),
    }
    path = tmp_path_factory.mktemp("clips") / "clips.npz"
    every: dict[str, Any] = {name: samples.astype(np.float32) for name, samples in (spoken | others).items()}
    np.savez(path, **every)
    return path


@pytest.fixture(scope="session")
def hear(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Callable[..., Answers]:
    """Load a model in a process of its own, without some packages, and return what it says to every clip."""
    root = tmp_path_factory.mktemp("engines")
    (root / "sitecustomize.py").write_text(WITHOUT)

    def run(model: str, variant: str, precision: str, *hidden: str) -> Answers:
        environment = {"PYTHONPATH": str(root), "HIDDEN_PACKAGES": " ".join(hidden), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("hear.py"), model, variant, precision, clips],
            env={**os.environ, **environment, "MODELLAB_CACHE": str(root), "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        answers: Answers = json.loads(done.stdout.splitlines()[-1])
        return answers

    return run
