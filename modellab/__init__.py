"""An experiment-tracked regression suite for speech models. `modellab.api` says what a program can do with it."""

from __future__ import annotations

TYPE_CHECKING = False  # of typing, which takes ten times as long to import as this; type checkers know the name
if TYPE_CHECKING:  # pragma: no cover
    from typing import Any

    from modellab.api import (
        ModelInfo,
        TextScore,
        compare,
        find_cases,
        find_datasets,
        find_models,
        load_dataset,
        normalise,
        open_project,
        read_audio,
        read_results,
        run,
        score_texts,
        transcribe,
    )
    from modellab.errors import ModellabError
    from modellab.runner import events
    from modellab.runner.options import RunOptions

    __version__: str

__all__ = [
    "ModelInfo",
    "ModellabError",
    "RunOptions",
    "TextScore",
    "compare",
    "events",
    "find_cases",
    "find_datasets",
    "find_models",
    "load_dataset",
    "normalise",
    "open_project",
    "read_audio",
    "read_results",
    "run",
    "score_texts",
    "transcribe",
]


def __getattr__(name: str) -> Any:
    """The names above, imported when they are asked for: `import modellab` alone costs nothing."""
    if name == "__version__":
        from importlib.metadata import version

        return version("modellab")
    if name not in __all__:
        raise AttributeError(f"module 'modellab' has no attribute {name!r}")
    import importlib

    if name == "events":
        return importlib.import_module("modellab.runner.events")
    homes = {"ModellabError": "modellab.errors", "RunOptions": "modellab.runner.options"}
    return getattr(importlib.import_module(homes.get(name, "modellab.api")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
