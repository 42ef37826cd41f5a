"""A project with one private dataset in which a canary sits wherever people put what nobody else may see."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

from .conftest import SENTENCES, length, write_model

CANARY = "swordfish"
OUTER = ("CI", "GITHUB_", "PYTEST_", "MLFLOW_")  # variables of the run that these tests are part of
LOCAL = ("golden", "models", "mlruns/ledger")  # the data itself, the model that knows it, the ledger of this machine
SAYS = '''
"""Says what the table beside it has for the length of a clip, prints it, and raises it where it is told to."""

import json
import os
import signal
from pathlib import Path

from modellab.types import Transcript

HERE = Path(__file__).parent


class Telling:
    def __init__(self, setting):
        self.answers = json.loads((HERE / "answers.json").read_text())
        self.behaviour = json.loads((HERE / "behaviour.json").read_text())
        self.calls = 0

    def transcribe(self, audio):
        self.calls += 1
        said = self.answers[str(len(audio.samples))]
        print("heard:", said, "swordfish")
        if self.calls == self.behaviour.get("kill_on"):
            os.kill(os.getpid(), signal.SIGKILL)
        if said == "raise" or self.behaviour.get("raise_always"):
            raise RuntimeError("no such word as swordfish")
        return Transcript(said)


load = Telling
'''


@dataclass
class PrivateProject:
    """The project on disk, and commands in it; everything that they print is kept."""

    root: Path
    said: str = ""

    def type(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`modellab ...` in a process of its own."""
        command = [sys.executable, "-m", "modellab", *arguments]
        plain = {name: value for name, value in os.environ.items() if not name.startswith(OUTER)}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self.root, timeout=300, env={**plain, **environment}
        )
        self.said += f"\n$ {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done

    def answer(self, number: int, text: str) -> None:
        """Make the model say something else of a clip."""
        path = self.root / "models" / "fake" / "answers.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), str(length(number)): text}))

    def says(self, number: int) -> str:
        """What the model says of a clip."""
        answers = json.loads((self.root / "models" / "fake" / "answers.json").read_text())
        return str(answers[str(length(number))])

    def behave(self, **behaviour: Any) -> None:
        (self.root / "models" / "fake" / "behaviour.json").write_text(json.dumps(behaviour))

    def ledger(self) -> str:
        return "".join(path.read_text() for path in sorted((self.root / "mlruns" / "ledger").glob("*.jsonl")))

    def leaks(self) -> list[str]:
        """Each file but the local ones, and each line of output, that has the canary in it."""
        found = [str(path.relative_to(self.root)) for path in self._files() if _holds(path)]
        return found + [line for line in self.said.splitlines() if CANARY in line.lower()]

    def _files(self) -> Iterator[Path]:
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.is_file() and not any(name.startswith(f"{local}/") for local in LOCAL):
                yield path


def _holds(path: Path) -> bool:
    """Whether a file has the canary in its name or in what it holds, packed or not."""
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        content += gzip.decompress(content)
    elif content[:1] == b"\x78":
        content += zlib.decompress(content)
    whole = content.lower()
    wide = CANARY.encode("utf-16-le")
    return CANARY in path.name.lower() or CANARY.encode() in whole or wide in whole


def make(root: Path, **header: Any) -> PrivateProject:
    """The project in an empty folder."""
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n[tool.pytest.ini_options]\n')
    (root / "conftest.py").write_text('pytest_plugins = ["modellab.pytest_plugin"]\n')
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "test_asr.py").write_text(
        "from modellab.tasks import asr as task\n\n\ndef test_asr(evaluate, gate):\n    gate(evaluate(task))\n"
    )
    write_model(root / "models" / "fake")
    (root / "models" / "fake" / "adapter.py").write_text(SAYS)
    _write_dataset(root / "golden" / "calls_v1", **header)
    made = PrivateProject(root)
    for number, text in enumerate(SENTENCES):
        made.answer(number, f"{text} {CANARY}")
    return made


def _write_dataset(folder: Path, **changes: Any) -> None:
    (folder / "audio").mkdir(parents=True)
    cases = []
    for number, text in enumerate(SENTENCES):
        name = f"{CANARY}-{number:03}"
        tone = 0.1 * np.sin(np.arange(length(number)) / 10)
        soundfile.write(folder / "audio" / f"{name}.flac", tone, 16_000)
        about = {
            "speaker": f"Ann {CANARY.title()}" if number % 2 else f"Bob {CANARY.title()}",
            "recording": f"{CANARY}-{number // 2}",
            "condition": f"ward {CANARY}",
            "group": {"region": f"{CANARY}shire" if number % 2 else f"{CANARY}ton"},
        }
        case = {"id": name, "audio": f"audio/{name}.flac", "text": f"{text} {CANARY}"}
        cases.append({**case, "duration_s": length(number) / 16_000, **about})
    head = {
        "task": "asr",
        "version": 1,
        "language": "en",
        "tier": "smoke",
        "licence": "LicenseRef-private",
        "source": "calls",
        "normaliser": "basic",
        "cluster": "utterance",
        "privacy": "hashes",
        **changes,
    }
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**head, "cases": cases}, sort_keys=False))
