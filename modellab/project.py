"""Where a project keeps its things: `[tool.modellab]` in its pyproject.toml, with a default for everything.

    [tool.modellab]
    golden = "golden"          # folder of golden datasets
    baselines = "baselines"    # accepted results
    mlruns = "mlruns"          # ledger and MLflow store
    models = ["my_models"]     # more folders of model folders, beside modellab's own
    threads = 1                # threads each model may use
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError, did_you_mean


@dataclass(frozen=True, slots=True)
class Project:
    """The folders and defaults of one project, all paths absolute."""

    root: Path
    golden: Path
    baselines: Path
    mlruns: Path
    models: tuple[Path, ...] = ()
    threads: int = 1

    @classmethod
    def at(cls, root: Path) -> Project:
        """Read `root/pyproject.toml`; a missing file or table means the defaults."""
        table = settings(root / "pyproject.toml")
        known = {field.name for field in fields(cls)} - {"root"}
        where = f"{root / 'pyproject.toml'}: [tool.modellab]"
        for key in table.keys() - known:
            raise ConfigError(f"{where} has no key {key!r}: {did_you_mean(key, known)}")
        models, threads = table.get("models", []), table.get("threads", 1)
        if not (isinstance(models, list) and all(isinstance(entry, str) for entry in models)):
            raise ConfigError(f"{where} models is {models!r}, expected a list of folders")
        if not isinstance(threads, int) or threads < 1:
            raise ConfigError(f"{where} threads is {threads!r}, expected 1 or more")
        golden, baselines, mlruns = (root / str(table.get(name, name)) for name in ("golden", "baselines", "mlruns"))
        return cls(root, golden, baselines, mlruns, tuple(root / entry for entry in models), threads)

    @classmethod
    def around(cls, start: Path) -> Project:
        """The project that holds `start`: the nearest folder upwards with golden/ or a [tool.modellab] table."""
        for folder in (start, *start.parents):
            if (folder / "golden").is_dir() or settings(folder / "pyproject.toml"):
                return cls.at(folder)
        raise ConfigError(f"no project in {start} or above it: expected a folder with golden/ or [tool.modellab]")


def settings(path: Path) -> dict[str, Any]:
    """The [tool.modellab] table of a pyproject.toml; empty if there is none."""
    if not path.is_file():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("modellab", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [tool.modellab] is {table!r}, expected a table")
    return table
