"""A new model folder, made from one that works: the shortest way to a model that passes the contract."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
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


def write(name: str, like: Path, model: Model, place: Path) -> list[Path]:
    """Write the folder `place / name` after the model folder `like`; the files written.

    It keeps the adapter, the variants whose weights need no download and what they are run with; it has no claims and
    the status `experimental`. Raises ConfigError where the name is none or is taken.
    """
    folder = place / name
    if not name.isidentifier():
        raise ConfigError(f"a model folder's name is a Python identifier, {name!r} is none")
    if folder.exists():
        raise ConfigError(f"{folder} exists already: choose another name or remove it")
    config = _config(name, like, model)
    folder.mkdir(parents=True)
    for pattern in COPIED:
        for path in like.glob(pattern):
            shutil.copy(path, folder / path.name)
    summary = str(config["summary"])
    (folder / "README.md").write_text(README.format(name=name, summary=summary), encoding="utf-8")
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True, width=110)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


def _config(name: str, like: Path, model: Model) -> dict[str, Any]:
    """The config.yaml of `like` with what belongs to the new model."""
    given = dict(load_yaml(like / "config.yaml"))
    variants: Mapping[str, Any] = given["variants"]
    stay = kept(model)
    if not stay:
        raise ConfigError(f"{like.name} has no variant whose weights need no download: copy its folder by hand")
    given.pop("claims", None)
    words = re.sub(r"[_\W]+", " ", name)
    summary = f"{words}, begun as a copy of {like.name}"
    return {
        **given,
        "summary": summary,
        "status": "experimental",
        "variants": {label: variants[label] for label in stay},
    }


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
