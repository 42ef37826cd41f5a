"""The Python files of a model folder, imported wherever the folder lies."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from modellab.system import textfile

ADAPTER = "adapter"
FOLDER = Path(__file__).parent


def lender(folder: Path) -> Path | None:
    """The folder whose adapter a folder uses, where its config.yaml is `like` one of modellab's; else None."""
    from modellab.system import yamltext  # a folder with an adapter needs none

    path = folder / "config.yaml"
    values = yamltext.parse(textfile.read(path)) if path.is_file() else None
    like = values.get("like") if isinstance(values, dict) else None
    return FOLDER / str(like) if like else None


def load(folder: Path, stem: str) -> ModuleType:
    """The module `<stem>.py` of a model folder, with its siblings importable as `from .sibling import x`.

    A folder without an adapter whose config.yaml is `like` another model has that one's.
    """
    path = folder / f"{stem}.py"
    if stem == ADAPTER and not path.is_file():
        folder = lender(folder) or folder
        path = folder / f"{stem}.py"
    name = f"modellab_{stem}_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"{path} does not exist: a model folder needs an {stem}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
