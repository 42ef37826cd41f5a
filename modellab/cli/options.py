"""The options that choose cases by name, for every command that has them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.matrix import Matrix
    from modellab.plan.selection import Selection

Names = list[str] | None
ModelNames = Annotated[
    Names, typer.Option("--model", metavar="MODEL[:VARIANT]", help="Only this model; may be repeated.")
]
DatasetNames = Annotated[
    Names, typer.Option("--dataset", metavar="DATASET", help="Only this dataset; may be repeated.")
]
DeviceNames = Annotated[
    Names, typer.Option("--device", metavar="cpu|cuda|mps|server", help="Only this device; may be repeated.")
]
PrecisionNames = Annotated[
    Names, typer.Option("--precision", metavar="PRECISION", help="Only this precision; may be repeated.")
]
TierName = Annotated[
    str,
    typer.Option(
        "--tier", metavar="smoke|full|real|nightly", help="Only this tier and those below it; real: it alone."
    ),
]
CaseName = Annotated[
    str, typer.Argument(metavar="CASE", help="A case's id as pytest shows it: MODEL:VARIANT-DATASET-DEVICE-PRECISION.")
]
Since = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="Only results from then on: 2026-11-20, or 12h, 7d, 2w ago.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object with all that is known.")]
SPEC_HELP = "A case's id, or [MODEL[:VARIANT]][/DEVICE[-PRECISION]][@WHEN]; none: the newest results."


def chosen(model: Names, dataset: Names, device: Names, precision: Names, tier: str) -> Selection:
    """What the options say, unchecked."""
    from modellab.plan.selection import Selection

    return Selection(tuple(model or ()), tuple(dataset or ()), tuple(device or ()), tuple(precision or ()), tier)


def check(matrix: Matrix, selection: Selection) -> None:
    """ConfigError for a name that nothing has, or for names that no case has together."""
    selection.check(matrix)
    if selection and next(selection.cases(matrix), None) is None:
        from modellab.plan import unmet

        if why := unmet.models(matrix, selection.model):
            raise ConfigError(why)
        asked = " ".join(selection.arguments())
        if (other := next(dataclasses.replace(selection, tier="").cases(matrix), None)) is not None:
            raise ConfigError(f"no case has {asked}: there are some with --tier {other.tier}")
        raise ConfigError(f"no case has {asked}: `modellab models` and `modellab datasets` show what meets what")
