"""Where a project keeps its things, with a default for each of them.

In its pyproject.toml:

    [tool.modellab]
    golden = "golden"          # folder of golden datasets
    baselines = "baselines"    # accepted results
    mlruns = "mlruns"          # ledger and MLflow store
    models = ["my_models"]     # more folders of model folders, beside modellab's own
    only = ["mine", "faster_whisper:tiny.en"]  # the models that the suite is about; "own": those of `models`
    threads = 1                # threads each model may use
    alpha = 0.01               # chance that a suite in which nothing got worse is red

    [tool.modellab.thresholds.wer]                                  # of every case
    margin = 0.002
    [tool.modellab.cases."whisper_cpp:*-asr_smoke_v1-*".wer]        # of the cases whose name fits
    limit = 0.05
    [tool.modellab.lifecycle.production]                            # what `modellab promote` asks for, as for candidate
    runs = 3
    [tool.modellab.serve]                                           # `modellab serve`: `plan/serve_settings.py`
    port = 8000
    [tool.modellab.scorecard.weights]                               # what a score is made of: `plan/score_settings.py`
    quality = 50
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pydantic

from modellab.errors import ConfigError, UnreadableError, did_you_mean
from modellab.plan import serve_sources
from modellab.plan.score_settings import Scorecard
from modellab.plan.serve_settings import Serve
from modellab.schema import Lifecycle, Strict, Thresholds, parse
from modellab.system import textfile

OWN = "own"  # under `only`: the models of the project's own folders


class Judging(Strict):
    """The part of [tool.modellab] that says how results are judged."""

    alpha: float = pydantic.Field(default=0.01, gt=0, lt=0.5)
    thresholds: Thresholds = {}
    cases: dict[str, Thresholds] = {}
    lifecycle: Lifecycle = Lifecycle()
    scorecard: Scorecard = Scorecard()


@dataclass(frozen=True, slots=True)
class Project:
    """The folders and defaults of one project, all paths absolute."""

    root: Path
    golden: Path
    baselines: Path
    mlruns: Path
    models: tuple[Path, ...] = ()
    threads: int = 1
    judging: Judging = field(default_factory=Judging)
    serve: Serve = field(default_factory=Serve)
    only: tuple[str, ...] = ()  # MODEL or MODEL:VARIANT, or OWN; empty: every model there is

    @classmethod
    def at(cls, root: Path) -> Project:
        """Read `root/pyproject.toml`; a missing file or table means the defaults."""
        table = settings(root / "pyproject.toml")
        known = {field.name for field in fields(cls)} - {"root", "judging"} | set(Judging.model_fields)
        where = f"{root / 'pyproject.toml'}: [tool.modellab]"
        for key in sorted(table.keys() - known):
            raise ConfigError(f"{where} has no key {key!r}: {did_you_mean(key, known)}")
        models, threads = table.get("models", []), table.get("threads", 1)
        if not (isinstance(models, list) and all(isinstance(entry, str) for entry in models)):
            raise ConfigError(f"{where} models is {models!r}, expected a list of folders")
        only = table.get("only", [])
        only = [only] if isinstance(only, str) else only
        if not (isinstance(only, list) and all(isinstance(entry, str) for entry in only)):
            raise ConfigError(f"{where} only is {only!r}, expected a list of MODEL[:VARIANT], or {OWN!r}")
        if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
            raise ConfigError(f"{where} threads is {threads!r}, expected 1 or more")
        places = {name: table.get(name, name) for name in ("golden", "baselines", "mlruns")}
        for name, place in places.items():
            if not isinstance(place, str):
                raise ConfigError(f"{where} {name} is {place!r}, expected a folder")
        folders = {name: root / place for name, place in places.items()}
        given = {key: table[key] for key in Judging.model_fields if key in table}
        judging = parse(Judging, root / "pyproject.toml", given) if given else Judging()
        serve = serve_sources.settings(root / "pyproject.toml", table.get("serve", {}))
        own = tuple(root / entry for entry in models)
        return cls(root, models=own, threads=threads, judging=judging, serve=serve, only=tuple(only), **folders)

    @classmethod
    def around(cls, start: Path) -> Project:
        """The project that holds `start`: the nearest folder upwards with golden/ or a [tool.modellab] table."""
        root = find_root(start)
        if root is None:
            expected = "expected a folder with golden/ or [tool.modellab]; `modellab init` makes this one a project"
            raise ConfigError(f"no project in {start} or above it: {expected}")
        return cls.at(root)

    @classmethod
    def of(cls, place: Project | Path | str) -> Project:
        """The project itself, or the one around a folder."""
        return place if isinstance(place, Project) else cls.around(Path(place).absolute())


def find_root(start: Path) -> Path | None:
    """The folder of the project that holds `start`; None if there is no project."""
    places = (start, *start.parents)
    return next((at for at in places if (at / "golden").is_dir() or _table(at / "pyproject.toml") is not None), None)


def settings(path: Path) -> dict[str, Any]:
    """The [tool.modellab] table of a pyproject.toml; empty if there is none."""
    return _table(path) or {}


def _table(path: Path) -> dict[str, Any] | None:
    """The same; None if there is none, not even an empty one."""
    if not path.is_file():
        return None
    try:
        tool = tomllib.loads(textfile.read(path)).get("tool", {})
    except (UnreadableError, RecursionError, ValueError) as error:  # ValueError: also a number of 5,000 digits
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    table = tool.get("modellab") if isinstance(tool, dict) else None
    if not isinstance(table, dict | None):
        raise ConfigError(f"{path}: [tool.modellab] is {table!r}, expected a table")
    return table
