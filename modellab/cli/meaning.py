"""`modellab meaning CASE --judge FOLDER`: which word errors change what is said, as a local checkpoint sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from modellab.cli import common, options, page
from modellab.errors import ConfigError

SHOWN = 20  # places


def meaning(
    case: options.CaseName,
    judge: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="A checkpoint of transformers for natural language inference."),
    ] = None,
    session: Annotated[
        str, typer.Option(metavar="SESSION", help="Of this session, or of one that begins so; else the newest.")
    ] = "",
) -> None:
    """Say which word errors of a case's result change its meaning, by a local judge. Information only."""
    from modellab import datasets, units
    from modellab.models import meaning_judge
    from modellab.rescoring import meaning
    from modellab.results import ledger

    if judge is None:
        raise ConfigError(meaning_judge.NO_JUDGE)
    project = common.project()
    entry = page.entry_of(project, ledger.read(project.mlruns)[0], case, session)
    judged = meaning.of(
        entry, datasets.load(project.golden / entry.key.dataset), meaning_judge.judge(judge.expanduser())
    )
    wer, semantic = (
        units.value(top / bottom if bottom else None, "ratio") for top, bottom in (judged.wer, judged.semantic_wer)
    )
    common.say(
        f"{entry.key}: semantic WER {semantic}, WER {wer}: {judged.semantic_wer.top:g} of {judged.wer.top:g} errors"
        f" change the meaning, {judge} says"
    )
    shown = judged.changing[:SHOWN]
    rows = [[id, place.reference or "(nothing)", place.hypothesis or "(nothing)"] for id, place in shown]
    if rows:
        common.print_table(("utterance", "said", "heard"), rows)
    common.say("information only: as good as its judge, and no verdict, baseline or report holds it")
