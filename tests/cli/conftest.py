"""A project with a fake model on disk, and `modellab` typed in its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import Result

from modellab import datasets, types
from modellab.plan.matrix import Matrix
from modellab.plan.selection import find_case
from modellab.plan.settings import Project
from modellab.results import baselines
from modellab.runner.evaluate import evaluate
from modellab.runner.pool import Pool
from modellab.runner.worker import Worker
from modellab.tasks import asr

from ..integration.conftest import write_dataset, write_model
from ..typed import modellab

CONFTEST = 'pytest_plugins = ["modellab.pytest_plugin"]\n'
BENCHMARK = "from modellab.tasks import asr as task\n\n\ndef test_asr(evaluate, gate):\n    gate(evaluate(task))\n"


@dataclass
class Desk:
    """A person's terminal in a project."""

    root: Path

    def type(self, *arguments: str) -> Result:
        """`modellab ...` in this process."""
        return modellab(*arguments)

    def type_in_shell(self, *arguments: str, folder: str = ".") -> subprocess.CompletedProcess[str]:
        """`modellab ...` as a process of its own, for what replaces its process."""
        command = [sys.executable, "-m", "modellab", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, cwd=self.root / folder, timeout=120, env=dict(os.environ)
        )

    def model(self, name: str, **changes: Any) -> Path:
        """Add a fake model whose config.yaml is changed."""
        folder = self.root / "models" / name
        if not folder.is_dir():
            write_model(folder)
        config = yaml.safe_load((folder / "config.yaml").read_text())
        (folder / "config.yaml").write_text(yaml.safe_dump({**config, **changes}))
        return folder

    def dataset(self, name: str, **changes: Any) -> Path:
        """Add a dataset of eight tones, with its digest."""
        folder = self.root / "golden" / name
        write_dataset(folder, **changes)
        datasets.write_digest(folder)
        return folder

    def accept(self, case: str, reason: str = "the first") -> types.Result:
        """Make what a case's model says now its baseline; what was measured."""
        project = Project.at(self.root)
        cell = find_case(Matrix(project), case)
        pool = Pool(Worker, 1)
        try:
            result = evaluate(asr, cell, datasets.load(cell.dataset), pool.get(cell), 1, "c0ffee")
        finally:
            pool.close()
        baselines.save(project.baselines, asr, [result], reason, "2026-11-21")
        return result

    def audio(self, number: int = 0) -> str:
        """A clip that the fake model knows."""
        return str(self.root / "golden" / "short_v1" / "audio" / f"{number:03}.flac")


def furnished(root: Path) -> Desk:
    """A project with the model `fake`, the dataset `short_v1` and one benchmark file."""
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n')
    (root / "conftest.py").write_text(CONFTEST)
    (root / "benchmarks").mkdir()
    (root / "benchmarks" / "test_asr.py").write_text(BENCHMARK)
    desk = Desk(root)
    desk.model("fake")
    desk.dataset("short_v1")
    return desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A project with the model `fake`, the dataset `short_v1` and one benchmark file; the current folder."""
    for variable in ("CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "MLFLOW_TRACKING_URI", "MODELLAB_MACHINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return furnished(tmp_path)
