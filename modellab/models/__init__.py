"""Find the model folders and read their `config.yaml`. No model code is imported here.

A model is a folder with `config.yaml`, `adapter.py`, `requirements.txt` and `README.md`; one that is `like` a folder of
modellab's needs `config.yaml` alone. Folders are found on disk: modellab's own beside this file, a project's in the
folders it names, a third party's through the entry point group `modellab.models` (its value is a package that is such a
folder, or holds several).

Layer 3: may import layers 1 to 2 and the ground (`docs/architecture.md`). Start reading at `model_folders.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modellab.models.model_folders import (
        FOLDER,
        IS_NAME,
        NAME,
        Claim,
        Device,
        Model,
        Tier,
        Variant,
        config,
        faults,
        find_package,
        folders,
        load_yaml,
        search,
    )

__all__ = [
    "FOLDER",
    "IS_NAME",
    "NAME",
    "Claim",
    "Device",
    "Model",
    "Tier",
    "Variant",
    "config",
    "faults",
    "find_package",
    "folders",
    "load_yaml",
    "search",
]


def __getattr__(name: str) -> Any:
    """The names above, imported when they are asked for: a worker knows its folder, and reads no `config.yaml`."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from modellab.models import model_folders

    return globals().setdefault(name, getattr(model_folders, name))
