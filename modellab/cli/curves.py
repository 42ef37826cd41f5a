"""`modellab curves CASE...`: how the error grows with noise, reverberation and the like."""

from __future__ import annotations

from typing import Annotated

import typer

from modellab.cli import common


def curves(
    cases: Annotated[
        list[str], typer.Argument(metavar="CASE...", help="Cases of the task robustness, by the ids pytest shows.")
    ],
) -> None:
    """Show the word error rate under each condition, of the newest result of each case.

    The source is the ledger. Cases side by side must be of one dataset.
    """
    from modellab import datasets, tasks
    from modellab.errors import ConfigError
    from modellab.plan.selection import find_case
    from modellab.reports import robustness_curves
    from modellab.results import ledger

    project = common.project()
    found = [find_case(common.matrix(project), name) for name in cases]
    for cell in found:
        if cell.key.task != "robustness":
            raise ConfigError(f"{cell.key} is a case of {cell.key.task}: curves are of the task robustness")
    if len({cell.dataset for cell in found}) > 1:
        raise ConfigError("the cases are of several datasets: name cases of one, so that the columns can be compared")
    entries, warnings = ledger.read(project.mlruns)
    for warning in warnings:
        common.say(f"warning: {warning}", err=True)
    newest = {str(entry.key): entry.result for entry in entries if entry.result is not None}
    for cell in found:
        if str(cell.key) not in newest:
            raise ConfigError(f"the ledger has no result of {cell.key}: run it first")
    named = {str(row["id"]): str(row["condition"]) for row in datasets.load(found[0].dataset).rows}
    wer = tasks.get("robustness").METRICS[0]
    each = [robustness_curves.rates(newest[str(cell.key)], named, wer) for cell in found]
    titles = [f"{cell.key.model}:{cell.key.variant} {cell.key.device}-{cell.key.precision}" for cell in found]
    common.print_table(*robustness_curves.table(titles, each))
