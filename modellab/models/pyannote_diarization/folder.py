"""The configuration of a pipeline, with every part of it a place on this disk. Imports nothing of pyannote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from modellab.errors import ConfigError, WeightsError
from modellab.models import load_yaml, weights

FILES = {"segmentation": ("pytorch_model.bin",), "embedding": ("pytorch_model.bin",)}
PLDA = ("plda.npz", "xvec_transform.npz")
DIMENSION = 2  # of a PLDA that nobody reads


def config(folder: Path, parts: Mapping[str, str], scratch: Path) -> dict[str, Any]:
    """What `Pipeline.from_pretrained` is given for the pipeline in `folder`; WeightsError names what is missing.

    `parts` has the pinned revision of each hub repository that the pipeline refers to. A pipeline of 3.1 has no PLDA,
    but pyannote.audio 4 loads one for each, by default from a gated repository: one that is never read is written to
    `scratch`.
    """
    file = folder / "config.yaml"
    if not file.is_file():
        raise WeightsError(f"{file} is missing: the folder of a pipeline has a config.yaml")
    settings, params = _read(file)
    for name, files in FILES.items():
        params[name] = _part(folder, name, str(params[name]), files, parts)
    if "plda" in params:
        params["plda"] = _part(folder, "plda", str(params["plda"]), PLDA, parts)
    else:
        params["plda"] = {"checkpoint": str(_unread_plda(scratch)), "subfolder": "plda"}
    settings.pop("version", None)  # of pyannote.audio 3; 4 reads it as a requirement
    return settings


def _read(file: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The configuration, and what of it names the parts."""
    try:
        settings = dict(load_yaml(file))
    except ConfigError as error:
        raise WeightsError(str(error)) from error
    pipeline = settings.get("pipeline")
    params = pipeline.get("params") if isinstance(pipeline, dict) else None
    if not isinstance(params, dict) or not FILES.keys() <= params.keys():
        raise WeightsError(f"{file} has no pipeline.params with {' and '.join(FILES)}: is it that of a pipeline?")
    return settings, params


def _part(folder: Path, name: str, place: str, files: tuple[str, ...], parts: Mapping[str, str]) -> Any:
    """The place of one part: a file beside config.yaml, one in the hub's cache, or as it is written."""
    if place.startswith("$model/"):
        subfolder = place.removeprefix("$model/").partition("@")[0]
        for file in files:
            if not (folder / subfolder / file).is_file():
                raise WeightsError(
                    f"{folder / subfolder / file} is missing: the pipeline's config.yaml names it as {name}"
                )
        return {"checkpoint": str(folder), "subfolder": subfolder}
    if Path(place).exists():
        return place
    if place not in parts:
        raise WeightsError(f"{folder / 'config.yaml'} names {place!r} as {name}: no such file, and no known repository")
    try:
        return str(weights.locate(weights.Source((f"hf:{place}#{files[0]}",), parts[place], folder)))
    except WeightsError as error:
        command = f"hf download {place} {files[0]} --revision {parts[place]}"
        raise WeightsError(
            f"the pipeline's {name}, {place}, is not in the local cache: accept its conditions at"
            f" https://huggingface.co/{place}, put a token of type read into HF_TOKEN, and run `{command}`"
        ) from error


def _unread_plda(scratch: Path) -> Path:
    """A valid PLDA, for a pipeline whose clustering uses none."""
    (scratch / "plda").mkdir(parents=True, exist_ok=True)
    zeros, unit = np.zeros(DIMENSION), np.eye(DIMENSION)
    np.savez(scratch / "plda" / PLDA[0], mu=zeros, tr=unit, psi=np.ones(DIMENSION))
    np.savez(scratch / "plda" / PLDA[1], mean1=zeros, mean2=zeros, lda=unit)
    return scratch
