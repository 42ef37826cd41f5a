"""The Python files of a model folder, imported wherever the folder lies."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def load(folder: Path, stem: str) -> ModuleType:
    """The module `<stem>.py` of a model folder, with its siblings importable as `from .sibling import x`."""
    path = folder / f"{stem}.py"
    name = f"modellab_{stem}_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: a model folder needs an {stem}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
