"""`modellab models convert`: a Whisper checkpoint of one engine's format in that of another."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import common
from modellab.errors import ConfigError, WeightsError


class Format(StrEnum):
    """What an engine loads."""

    OPENAI = "openai"
    TRANSFORMERS = "transformers"
    CT2 = "ct2"
    GGML = "ggml"


def convert(
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="A file or folder of any of the formats, or MODEL:VARIANT.")
    ],
    to: Annotated[Format, typer.Option(help="Of which engine: whisper, distil_whisper, faster_whisper, whisper_cpp.")],
    into: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write; default: ./NAME-FORMAT, named after SRC.")
    ] = None,
    verify: Annotated[bool, typer.Option(help="Run a clip through both engines and compare what they compute.")] = True,
    clip: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The speech to compare on; default: three sentences, 8 s.")
    ] = None,
) -> None:
    """Convert a Whisper checkpoint, yours or a variant's, to another engine's format.

    The numbers stay the same, except that whisper.cpp's are float16. Nothing is written if the engines disagree.
    """
    from modellab.models.conversion import convert as conversion
    from modellab.models.conversion import verify as verification

    name, checkpoint = _find(source)
    findings: list[str] = []

    def check(ours: Path, theirs: Path) -> None:
        common.say("loading both in their engines ...", err=True)
        findings.append(verification.verify(ours, theirs, clip or verification.CLIP))

    folder = (into or Path(f"{name}-{to.value}")).expanduser().resolve()
    path = conversion.convert(checkpoint, to.value, folder, name, check if verify else None)
    common.say(f"{path}: use it in a config.yaml as weights: path:{path}")
    for line in findings:
        common.say(line)


def _find(source: str) -> tuple[str, Path]:
    """A name for the checkpoint, and where it is. What is on the disk comes before a variant of that name."""
    path = Path(source).expanduser()
    if not path.exists() and ":" not in source:
        raise ConfigError(f"{source} is no file or folder here, and no MODEL:VARIANT, expected one of these")
    if path.exists():
        stem = path.stem if path.is_file() else path.resolve().name
        return stem.removeprefix("ggml-"), path
    from modellab.models import weights
    from modellab.plan.selection import find_model

    folder, model, variant = find_model(common.matrix(common.project_or_here()), source)
    if not variant:
        raise ConfigError(f"{source} has several sets of weights, expected {folder.name}:VARIANT")
    sources = [model.variants[variant].source(precision, folder) for _, precision in model.device_precisions(variant)]
    whys = [weights.why_missing(weights_source) for weights_source in sources]
    if all(whys):
        raise WeightsError(f"{whys[0]}: modellab models fetch {source}")
    if place := weights.locate(sources[whys.index("")]):
        return variant, place
    raise WeightsError(f"the weights of {source} come in a package, expected a Whisper checkpoint")
