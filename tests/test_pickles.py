"""Weights are data: a checkpoint that is a pickle runs no code when it is loaded."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from modellab import models
from modellab.errors import LoadError
from modellab.runner.worker import Worker

from .tiny import order, write_adapter

ADAPTER = """
import torch


def load(setting):
    torch.load(setting.options["checkpoint"], weights_only=False)
    raise SystemExit("it was loaded")
"""
CHECKPOINT = """
import os, sys, torch


class Trap:
    def __reduce__(self):
        return os.mkdir, (sys.argv[2],)


torch.save({"state": Trap()}, sys.argv[1])
"""
UNSAFE = re.compile(
    r"\bpickle\.(?!UnpicklingError)|from pickle import (?!UnpicklingError$)|allow_pickle=True|weights_only=False"
    r"|TORCH_FORCE_NO_WEIGHTS_ONLY|joblib|dill\b"
)


def test_a_checkpoint_with_code_in_it_is_refused_whatever_the_library_asks_for(tmp_path: Path) -> None:
    trap, checkpoint = tmp_path / "sprung", tmp_path / "model.bin"
    subprocess.run([sys.executable, "-c", CHECKPOINT, str(checkpoint), str(trap)], check=True, timeout=300)
    folder = write_adapter(tmp_path / "models" / "trusting", ADAPTER)
    opened = Worker(threads=1)
    try:
        with pytest.raises(LoadError, match="Weights only load failed"):
            opened.ask("load", order(folder, checkpoint=str(checkpoint)), 300)
    finally:
        opened.close()
    assert not trap.exists()


def test_no_model_asks_for_code_in_its_weights() -> None:
    unsafe = {
        path.relative_to(models.FOLDER).as_posix(): found[0]
        for path in models.FOLDER.rglob("*.py")
        if (found := UNSAFE.search(path.read_text(encoding="utf-8")))
    }
    assert unsafe == {}, "a named exception belongs into docs/security.md, and here"
