"""A small project with a fake model whose behaviour a test can set: every way a real engine can go wrong."""

from __future__ import annotations

import functools
import importlib
import io
import json
import os
import textwrap
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import packaging.requirements
import psutil
import pytest
import rapidfuzz.distance
import regex
import scipy.special
import soundfile
import soxr
import tabulate
import wcwidth
import yaml

import modellab.plan.unmet
import modellab.reports.scorecard.failure
import modellab.reports.scorecard.progress
import modellab.reports.scorecard.table
import modellab.runner.run
import modellab.tasks.asr
import modellab.text.english

from .fake_adapter import ADAPTER


def _loaded(name: str) -> object:
    """A module whose own text makes Python warn, where its bytecode is not kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


LOADED_ONCE: tuple[object, ...] = (  # pytester in-process forgets what it imports, and a run takes twice as long
    np.fft,
    np.random,
    packaging.requirements,
    psutil,
    rapidfuzz.distance,
    regex,
    scipy.special,
    soundfile,
    soxr,
    tabulate,
    wcwidth,
    _loaded("whisper_normalizer.english"),
    modellab.plan.unmet,
    modellab.reports.scorecard,
    modellab.runner.run,
    modellab.tasks.asr,
    modellab.text.english,
)

ACCEPTED: dict[Any, dict[Path, bytes]] = {}  # a project's files, machine and CI -> the files that accepting it wrote

# no shipped models: to plan their 309 variants is a fifth of a short run
PYPROJECT = '[tool.modellab]\nmodels = ["models"]\nonly = ["own"]\n[tool.pytest.ini_options]\n'

SENTENCES = [
    "turn on the kitchen light",
    "set a timer for ten minutes",
    "open the garden door please",
    "what is the weather tomorrow",
    "play the music in the garage",
    "the code is four two one",
    "call anna tonight",
    "close the bedroom window",
]


@dataclass
class FakeProject:
    """A project on disk, and pytest on it."""

    pytester: pytest.Pytester
    monkeypatch: pytest.MonkeyPatch
    root: Path
    machine: str = ""  # "": every run is on a machine of its own, so that no speed is judged
    runs: int = 0
    autoload: bool = False  # pytest's plugins of others, in this process too: another fifth of a short run

    @property
    def model(self) -> Path:
        return self.root / "models" / "fake"

    def behave(self, **behaviour: Any) -> None:
        (self.model / "behaviour.json").write_text(json.dumps(behaviour))

    def answer(self, number: int, text: str) -> None:
        answers = json.loads((self.model / "answers.json").read_text())
        answers[str(length(number))] = text
        (self.model / "answers.json").write_text(json.dumps(answers))

    def configure(self, name: str = "fake", **changes: Any) -> None:
        path = self.root / "models" / name / "config.yaml"
        config = yaml.safe_load(path.read_text())
        path.write_text(yaml.safe_dump({**config, **changes}))

    def dataset(self, name: str = "short_v1", **changes: Any) -> None:
        """Write the dataset anew, its header changed."""
        write_dataset(self.root / "golden" / name, **changes)

    def run(self, *arguments: str, keyword: str = "fake") -> pytest.RunResult:
        self._new_machine()
        with self.monkeypatch.context() as patch:
            if not (self.autoload or "-n" in arguments):
                patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
            return self.pytester.runpytest_inprocess("benchmarks", "-k", keyword, "--no-mlflow", *arguments)

    def run_subprocess(self, *arguments: str, keyword: str = "fake") -> pytest.RunResult:
        self._new_machine()
        return self.pytester.runpytest_subprocess("benchmarks", "-k", keyword, "--no-mlflow", *arguments)

    def _new_machine(self) -> None:
        self.runs += 1
        self.monkeypatch.setenv("MODELLAB_MACHINE", self.machine or f"machine-{self.runs}")

    def accept(self) -> None:
        """Accept what the model says now. A process runs it once for projects with the same files, and copies later."""
        before = {path.relative_to(self.root): path.read_bytes() for path in self._files()}
        key = (self.machine or f"machine-{self.runs + 1}", os.environ.get("CI"), frozenset(before.items()))
        if key in ACCEPTED:
            self._new_machine()
            for name, content in ACCEPTED[key].items():
                (self.root / name).parent.mkdir(parents=True, exist_ok=True)
                (self.root / name).write_bytes(content)
            return
        result = self.run("--update-baselines", "--reason", "a first run")
        assert result.ret == 0, result.stdout.str()
        after = {path.relative_to(self.root): path.read_bytes() for path in self._files()}
        ACCEPTED[key] = {name: content for name, content in after.items() if before.get(name) != content}

    def _files(self) -> list[Path]:
        return [path for path in self.root.rglob("*") if path.is_file() and "__pycache__" not in path.parts]

    def calibrate(self, count: int = 6, noise: float = 0.005) -> None:
        """Write A/A sessions into every speed baseline, as `modellab calibrate` would have measured them."""
        for path in (self.root / "baselines").rglob("*.json"):
            stored = json.loads(path.read_text())
            if "readings" in stored:
                peak = stored["readings"]["peak_rss_bytes"]
                spread = [noise * (-1) ** i for i in range(count)]
                stored["sessions"] = [{"rtf": x, "rtf_cpu": x, "peak_rss_bytes": peak} for x in spread]
                path.write_text(json.dumps(stored))

    def loads(self) -> list[str]:
        log = self.model / "loads.log"
        return log.read_text().splitlines() if log.exists() else []

    def ledger(self) -> list[dict[str, Any]]:
        """All lines, session by session: two of one second are in order only by when they ended."""
        paths = sorted((self.root / "mlruns" / "ledger").glob("*.jsonl"))
        sessions = [[json.loads(line) for line in path.read_text().splitlines()] for path in paths]
        return [line for lines in sorted(filter(None, sessions), key=_ended) for line in lines]


def _ended(lines: list[dict[str, Any]]) -> str:
    return str(lines[0]["finished_at"])


def length(number: int) -> int:
    """Samples of clip `number`: the fake model's key to it."""
    return 24000 + 160 * number


@functools.cache
def _tone(number: int) -> bytes:
    """Clip `number` as FLAC: a thousand datasets hold the same eight."""
    content = io.BytesIO()
    soundfile.write(content, 0.1 * np.sin(np.arange(length(number)) / 10), 16_000, format="FLAC")
    return content.getvalue()


def write_dataset(folder: Path, **changes: Any) -> None:
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    cases = []
    for number, text in enumerate(SENTENCES):
        (folder / "audio" / f"{number:03}.flac").write_bytes(_tone(number))
        case = {"id": f"{number:03}", "audio": f"audio/{number:03}.flac", "text": text}
        cases.append({**case, "duration_s": length(number) / 16_000, "speaker": "tone", "condition": "clean"})
    header = {
        "task": "asr",
        "version": 1,
        "language": "en",
        "tier": "smoke",
        "licence": "CC0-1.0",
        "source": "tones",
        "normaliser": "basic",
        "cluster": "utterance",
        **changes,
    }
    (folder / "dataset.yaml").write_text(
        yaml.dump({**header, "cases": cases}, Dumper=yaml.CSafeDumper, sort_keys=False)
    )


def write_model(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "adapter.py").write_text(ADAPTER)
    answers = {str(length(number)): text for number, text in enumerate(SENTENCES)}
    (folder / "answers.json").write_text(json.dumps(answers))
    (folder / "behaviour.json").write_text("{}")
    (folder / "config.yaml").write_text(
        textwrap.dedent("""\
            summary: a fake recogniser
            tasks: [asr]
            status: experimental
            devices: {cpu: [float32]}
            variants:
              one: {weights: package, tier: smoke}
            timeout_s: 20
            """)
    )


@pytest.fixture
def fake_project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> FakeProject:
    """A project with one fake model and one dataset of eight tones, and no CI around it."""
    for variable in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "MLFLOW_TRACKING_URI", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(variable, raising=False)  # the last: the inner run is no part of an outer -n 2
    root = pytester.path
    # hypothesis complains when its plugin is loaded into a process that has used it before
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider -p no:hypothesispytest -p no:anyio")
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "conftest.py").write_text('pytest_plugins = ["modellab.pytest_plugin"]\n')
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "test_asr.py").write_text(
        "from modellab.tasks import asr as task\n\n\ndef test_asr(evaluate, gate):\n    gate(evaluate(task))\n"
    )
    write_dataset(root / "golden" / "short_v1")
    write_model(root / "models" / "fake")
    return FakeProject(pytester, monkeypatch, root)
