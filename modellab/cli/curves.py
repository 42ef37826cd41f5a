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
    selected = [find_case(common.matrix(project), name) for name in cases]
    for case in selected:
        if case.key.task != "robustness":
            raise ConfigError(f"{case.key} is a case of {case.key.task}: curves are of the task robustness")
    if len({case.dataset for case in selected}) > 1:
        raise ConfigError("the cases are of several datasets: name cases of one, so that the columns can be compared")
    entries, warnings = ledger.read(project.mlruns)
    for warning in warnings:
        common.say(f"warning: {warning}", err=True)
    newest = {str(entry.key): entry.result for entry in entries if entry.result is not None}
    for case in selected:
        if str(case.key) not in newest:
            raise ConfigError(f"the ledger has no result of {case.key}: run it first")
    named = {str(row["id"]): str(row["condition"]) for row in datasets.load(selected[0].dataset).rows}
    wer = tasks.get("robustness").METRICS[0]
    rates = [robustness_curves.rates(newest[str(case.key)], named, wer) for case in selected]
    titles = [f"{case.key.model}:{case.key.variant} {case.key.place}" for case in selected]
    common.print_table(*robustness_curves.table(titles, rates))
