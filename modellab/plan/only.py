"""The models that a suite is about, where its pyproject.toml says so: `only = ["mine", "faster_whisper:tiny.en"]`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from modellab.errors import ConfigError, did_you_mean
from modellab.plan import batching
from modellab.plan.settings import OWN, Project


class Models(Protocol):
    """The models that there are, as the matrix has them."""

    @property
    def models(self) -> Any: ...
    def model_names(self) -> list[str]: ...


def takes(project: Project, folder: Path, variant: str) -> bool:
    """Whether the suite is about a variant of the model in this folder."""
    names = project.only
    if not names:
        return True
    own = OWN in names and (folder in project.models or folder.parent in project.models)
    return own or folder.name in names or f"{folder.name}:{batching.plain(variant)}" in names


def left_out(project: Project, there: Models, name: str) -> bool:
    """Whether MODEL[:VARIANT] exists and the suite is about other models."""
    model, _, variant = name.partition(":")
    for folder, config in (entry for entry in there.models if isinstance(entry, tuple) and entry[0].name == model):
        return not any(takes(project, folder, offered) for offered in config.variants if variant in ("", offered))
    return False


def check(project: Project, there: Models) -> None:
    """ConfigError for a name that no model has."""
    if not project.only:
        return
    where = f"{project.root / 'pyproject.toml'}: [tool.modellab] only"
    variants = {entry[0].name: entry[1].variants for entry in there.models if isinstance(entry, tuple)}
    for name in project.only:
        model, colon, variant = name.partition(":")
        if name == OWN or model in set(there.model_names()) - variants.keys():  # a broken one shows itself
            continue
        if model not in variants:
            raise ConfigError(f"{where} names {model!r}: {did_you_mean(model, variants)}")
        if colon and variant not in variants[model]:
            raise ConfigError(f"{where} names {name!r}: {did_you_mean(variant, variants[model])}")
