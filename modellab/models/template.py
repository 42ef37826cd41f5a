"""A new model folder, made from one that works: the shortest way to a model that passes the contract."""

from __future__ import annotations

import keyword
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from modellab.errors import ConfigError
from modellab.models import Model, load_yaml

COPIED = ("*.py", "requirements.txt")
HERE = frozenset({"embedded", "made", "package", "server"})  # weights that need no download
README = """# {name}

{summary}

**Licence**: of the library, and of the weights.

**Decoding**: what `options` in `config.yaml` are, and where they differ from the library's own defaults.

**Verified**: what was run, where, with which result.
**Not verified**: what was not.

**Known defects**: none known.
"""


def write(name: str, like: Path, model: Model, place: Path, variants: Sequence[str] = ()) -> list[Path]:
    """Write the folder `place / name` after the model folder `like`; the files written.

    It keeps the adapter, these `variants` with all places of their weights (without: those whose weights need no
    download) and what they are run with; it has no claims and the status `experimental`. Raises ConfigError where the
    name is none or is taken.
    """
    folder = place / name
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ConfigError(f"a model folder's name is a Python identifier, {name!r} is none")
    if folder.exists():
        raise ConfigError(f"{folder} exists already: choose another name or remove it")
    config = _config(name, like, variants or kept(model))
    folder.mkdir(parents=True)
    for pattern in COPIED:
        for path in like.glob(pattern):
            shutil.copy(path, folder / path.name)
    summary = str(config["summary"])
    (folder / "README.md").write_text(README.format(name=name, summary=summary), encoding="utf-8")
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=110)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


def _config(name: str, like: Path, stay: Sequence[str]) -> dict[str, Any]:
    """The config.yaml of `like` with what belongs to the new model."""
    given = dict(load_yaml(like / "config.yaml"))
    variants: Mapping[str, Any] = given["variants"]
    if not stay:
        raise ConfigError(f"{like.name} has no variant whose weights need no download: --like {like.name}:VARIANT")
    given.pop("claims", None)
    words = re.sub(r"[_\W]+", " ", name)
    summary = f"{words}, begun as a copy of {like.name}"
    return {
        **given,
        "summary": summary,
        "status": "experimental",
        "variants": {label: _found_from_there(variants[label], like) for label in stay},
    }


def _found_from_there(given: Any, like: Path) -> Any:
    """A variant's keys in which a `path:` that begins at the folder `like` is whole, since the copy lies elsewhere."""
    if isinstance(given, str) and given.startswith("path:") and not given.startswith(("path:/", "path:~")):
        return f"path:{(like / given.removeprefix('path:')).resolve()}"
    if isinstance(given, Mapping):
        return {key: _found_from_there(value, like) for key, value in given.items()}
    return [_found_from_there(part, like) for part in given] if isinstance(given, list) else given


def kept(model: Model) -> list[str]:
    """The variants whose weights need no download: those that a copy of its folder can begin with."""
    return [
        label
        for label, variant in model.variants.items()
        if all(
            {_scheme(place) for place in variant.places_for(precision)} <= HERE
            for _, precision in model.device_precisions(label)
        )
    ]


def _scheme(weights: str) -> str:
    return weights.partition(":")[0]
