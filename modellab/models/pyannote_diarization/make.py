"""A tiny pipeline in the form of community-1, made through pyannote.audio's own classes. Nothing in it was trained.

It says who speaks when at random, but the same each time and on every machine: it tests the real code path, from the
folder of a pipeline through segmentation, embedding, PLDA and clustering to turns, and nothing about diarization.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from modellab.models import taught

SEED = 0
DIMENSION, LDA_DIMENSION = 16, 8
CHUNK_S = 3.0
CONFIG = {
    "dependencies": {"pyannote.audio": "4.0.0"},
    "pipeline": {
        "name": "pyannote.audio.pipelines.SpeakerDiarization",
        "params": {
            "clustering": "VBxClustering",
            "segmentation": "$model/segmentation",
            "segmentation_step": 1.0,
            "segmentation_batch_size": 8,
            "embedding": "$model/embedding",
            "embedding_batch_size": 8,
            "embedding_exclude_overlap": True,
            "plda": "$model/plda",
        },
    },
    "params": {
        "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8},
        "segmentation": {"min_duration_off": 0.0},
    },
}


def make(name: str, folder: Path) -> None:
    """Write the pipeline `tiny` into an empty folder."""
    if name != "tiny":
        raise ValueError(f"no recipe for {name!r}, only for 'tiny'")
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    parts, _ = begun()
    for prefix, model in parts.items():
        taught.restore(model, Path(__file__).parent, name, prefix)
        _save(model, folder / prefix.rstrip("."))
    _plda(folder / "plda")
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))


def begun() -> tuple[dict[str, Any], dict[str, Any]]:
    """Both models by the prefix of their names, and a copy of their exact weights by name."""
    import torch

    torch.manual_seed(SEED)
    parts = {"segmentation.": _segmentation(), "embedding.": _embedding()}
    return parts, {key: value for prefix, model in parts.items() for key, value in taught.begin(model, prefix).items()}


def _segmentation() -> Any:
    """Up to three speakers per chunk, two at once."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    small = {"hidden_size": 8, "num_layers": 1}
    model = PyanNet(sincnet={"stride": 10}, lstm=small, linear=small)
    model.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=CHUNK_S,
        min_duration=CHUNK_S,
        warm_up=(0.0, 0.0),
        classes=["a", "b", "c"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    model.build()
    return model


def _embedding() -> Any:
    """The smallest embedding that pyannote.audio has a class for: 2.8 million parameters."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import XVectorMFCC

    model = XVectorMFCC(dimension=DIMENSION)
    model.specifications = Specifications(
        problem=Problem.REPRESENTATION,
        resolution=Resolution.CHUNK,
        duration=CHUNK_S,
        min_duration=0.5,
        warm_up=(0.0, 0.0),
        classes=["a"],
    )
    model.build()
    return model


def _save(model: Any, folder: Path) -> None:
    """What lightning's Trainer.save_checkpoint writes of a model, without the trainer."""
    import lightning
    import torch

    folder.mkdir()
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": lightning.__version__,
        "epoch": 0,
        "global_step": 0,
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "pytorch_model.bin")


def _plda(folder: Path) -> None:
    """A transform from 16 to 8 dimensions and unit covariances."""
    folder.mkdir()
    directions = np.kron(np.eye(LDA_DIMENSION), [[1.0], [1.0]]) / 2  # each of two dimensions: exact, as all of it
    np.savez(folder / "xvec_transform.npz", mean1=np.zeros(DIMENSION), mean2=np.zeros(LDA_DIMENSION), lda=directions)
    np.savez(
        folder / "plda.npz", mu=np.zeros(LDA_DIMENSION), tr=np.eye(LDA_DIMENSION), psi=np.linspace(4, 1, LDA_DIMENSION)
    )
