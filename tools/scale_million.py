"""A million invented utterances through local:2: how long it takes, and how much memory the controller has.

    python -m tools.scale_million --utterances 1000000 --workers 2

The model gives each text back at once, so what is measured is all the rest: cutting, asking, scoring, the parts on
disk, the sample that is timed, the verdicts, and the entry that is made of it. They are texts (the task translation),
since nobody would hear a million sounds. The controller is a process of its own, and so are the workers, whose memory
is not counted; its peak is told twice, when the workers are through and at the end. Exit status 1 where an utterance is
missing or doubled.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from modellab import datasets
from modellab.datasets import parquet_rows
from modellab.results import ledger

CASE = "echo:one-texts_v1-cpu-float32"
TEXT_S = 4.0  # of audio that a text counts for
WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "seven", "people", "read")
ADAPTER = '''"""Gives each text back."""


class Echo:
    def __init__(self, setting):
        pass

    def translate(self, source, source_language, target_language):
        return source


load = Echo
'''
CONTROLLER = """
import json, resource, sys, time
from modellab.runner.events import WorkersProgress
from modellab.runner.options import RunOptions
from modellab.runner.run import run
began_s, passed = time.monotonic(), []

def listen(event):
    if isinstance(event, WorkersProgress) and event.done == event.of:
        peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        passed[:] = [time.monotonic() - began_s, peak_kb / 1024, event.rate]

options = RunOptions(executor=sys.argv[1], shard_audio_s=float(sys.argv[2]))
result = run([sys.argv[3]], ".", options, session="s", listeners=[listen])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"status": result.exit_status, "errors": [case.error for case in result.cases],
                  "notes": [note for case in result.cases for note in case.notes], "wall_s": time.monotonic() - began_s,
                  "cpu_s": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024,
                  "workers_through_s": passed[0], "workers_through_peak_mb": passed[1], "rate": passed[2]}))
"""


def main() -> None:
    """The command."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--utterances", type=int, default=1_000_000)
    asked.add_argument("--workers", type=int, default=2)
    asked.add_argument("--shard", type=int, default=2000, help="utterances")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-million-") as folder:
        root = write(Path(folder), given.utterances)
        told = controlled(root, f"local:{given.workers}", given.shard)
        print(json.dumps(told, indent=1))
        began_s = time.monotonic()
        ids = [utterance.id for utterance in kept(root)]
        right = ids == [f"{number:07d}" for number in range(given.utterances)]
        print(f"read again in {time.monotonic() - began_s:.0f} s: {len(ids)} utterances, each once: {right}")
    raise SystemExit(not right or told["status"] != 0)


def write(root: Path, utterances: int) -> Path:
    """A project with one model and one dataset of so many texts."""
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n')
    model, data = root / "models" / "echo", root / "golden" / "texts_v1"
    model.mkdir(parents=True)
    data.mkdir(parents=True)
    config = {
        "summary": "gives each text back",
        "tasks": ["translation"],
        "status": "experimental",
        "devices": {"cpu": ["float32"]},
        "variants": {"one": {"weights": "package", "tier": "smoke"}},
        "timeout_s": 60,
    }
    (model / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    (model / "adapter.py").write_text(ADAPTER)
    header = {
        "task": "translation",
        "version": 1,
        "language": "en",
        "tier": "smoke",
        "licence": "CC0-1.0",
        "source": "made",
        "settings": {"source_language": "en", "target_language": "en", "tokeniser": "13a"},
        "limits": {"copy_rate": 1.0},
    }
    parquet_rows.write(data / "rows.parquet", rows(utterances))
    (data / "dataset.yaml").write_text(yaml.safe_dump({**header, "rows": "rows.parquet"}, sort_keys=False))
    datasets.write_digest(data)
    return root


def rows(utterances: int) -> Iterator[dict[str, Any]]:
    """Sentences of six words, each another one."""
    for number in range(utterances):
        words = [WORDS[(number // len(WORDS) ** place) % len(WORDS)] for place in range(6)]
        yield {"id": f"{number:07d}", "source": " ".join(words), "reference": " ".join(words)}


def controlled(root: Path, executor: str, shard: int) -> dict[str, Any]:
    """The run, in a process of its own."""
    command = [sys.executable, "-c", CONTROLLER, executor, str(shard * TEXT_S), CASE]
    env = {**os.environ, "MODELLAB_MACHINE": "million"}
    done = subprocess.run(command, cwd=root, env=env, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def kept(root: Path) -> Any:
    """The utterances of the entry in the ledger."""
    (entry,) = [entry for entry in ledger.read(root / "mlruns")[0] if entry.result]
    assert entry.result is not None
    return entry.result.utterances


if __name__ == "__main__":
    main()
