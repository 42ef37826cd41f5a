"""`modellab score`: hypotheses that some other system made, as a result like a run's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from modellab.cli import common, datasets
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.datasets import Dataset
    from modellab.plan.settings import Project
    from modellab.rescoring.hypotheses import Format
    from modellab.rescoring.hypotheses.matching import Matched
    from modellab.rescoring.hypotheses.records import Columns
    from modellab.rescoring.hypotheses.scoring import Scored

ROLES = ("id", "hyp")


def score(
    dataset: Annotated[str, typer.Option("--dataset", metavar="DATASET", help="What was transcribed.")],
    hyp: Annotated[Path, typer.Option("--hyp", metavar="FILE", help="What the model said, a line per utterance.")],
    model: Annotated[
        str, typer.Option(metavar="MODEL[:VARIANT]", help="Whose they are; the file's name if not said.")
    ] = "",
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="Where it is not found out: see below.")] = "",
    column: Annotated[
        list[str] | None, typer.Option(metavar="ROLE=COLUMN", help="id=COLUMN, hyp=COLUMN of JSON or a table.")
    ] = None,
    missing: Annotated[
        Literal["failed", "empty"],
        typer.Option(help="What a row without a hypothesis is: a failure, or an empty answer."),
    ] = "failed",
    strict: Annotated[
        bool, typer.Option("--strict-baselines", help="A missing baseline is red (default in CI).")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show it, keep nothing.")] = False,
    private: Annotated[
        bool, typer.Option("--private", help="Show lines and names of a private dataset that are wrong: not for a log.")
    ] = False,
) -> None:
    """Score what another system said: through the dataset's normaliser, the task's metrics and the gate, as a run.

    Formats: jsonl, nemo (pred_text), table, kaldi, ctm, trn, rttm, seglst, stm. The result goes to the ledger, without
    speed and memory. Exit status 1 if it is red.
    """
    from modellab import datasets as golden
    from modellab.rescoring.hypotheses import scoring
    from modellab.system import machine

    started, columns = scoring.now(), _columns(column)
    project = common.project()
    (folder,) = datasets.chosen(datasets.folders(project.golden), [dataset])
    data = golden.load(folder)
    if data.is_private and not model:
        raise ConfigError(f"{data.name} is private: say with --model whose they are, a file's name is not shown")
    case = scoring.case(project, folder, model or _named(hyp))
    chosen, matched = _matched(hyp, form, columns, data, named=private)
    done = scoring.scored(project, case, data, matched, hyp, empty=missing == "empty", strict=strict or machine.is_ci())
    common.say(f"taken for {chosen.NAME}: {chosen.TITLE}")
    for note in dict.fromkeys(matched.notes):
        common.say(f"note: {common.printable(note)}")
    _show(done, project)
    if dry_run:
        common.say("nothing was kept (--dry-run)")
    else:
        _keep(done, project, started)
    if any(verdict.red for verdict in done.verdicts):
        raise typer.Exit(1)


def _matched(hyp: Path, form: str, columns: Columns, data: Dataset, *, named: bool) -> tuple[Format, Matched]:
    """The file's format and its hypotheses by row; of a private dataset nothing that stands in it is told."""
    from modellab import datasets as golden
    from modellab.errors import DatasetError
    from modellab.rescoring import hypotheses
    from modellab.rescoring.hypotheses import matching

    try:
        chosen = hypotheses.chosen(hyp, form)
        whole = golden.load(data.folder, named=True) if data.is_private else data
        matched = matching.matched(chosen.read(hyp, columns), whole)
    except (ConfigError, DatasetError):
        if named or not data.is_private:
            raise
        hint = f"{data.name} is private: --private shows what is wrong, at your own terminal"
        raise DatasetError(f"the file of hypotheses cannot be read or matched with rows; {hint}") from None
    return chosen, matching.hidden(matched, data.secret) if data.secret else matched


def _columns(given: list[str] | None) -> Columns:
    from modellab.errors import did_you_mean
    from modellab.rescoring.hypotheses.records import Columns

    by_role: dict[str, str] = {}
    for pair in given or []:
        role, equals, name = pair.partition("=")
        if role not in ROLES or not equals or not name:
            raise ConfigError(f"--column {pair}: expected ROLE=COLUMN, {did_you_mean(role, ROLES)}")
        by_role[role] = name
    return Columns(**by_role)


def _named(hyp: Path) -> str:
    """A model's name of a file's.

    >>> _named(Path("a/acme-v2.hyp.json"))
    'acme_v2'
    """
    import re

    name = re.sub(r"\W+", "_", hyp.name.partition(".")[0]).strip("_")
    return name if name.isidentifier() else f"model_{name}".rstrip("_")


def _show(done: Scored, project: Project) -> None:
    """The scorecard's line of it, its notes, and what is red."""
    from modellab import tasks
    from modellab.reports.scorecard import failure, table
    from modellab.runner.outcome import Outcome

    outcome = Outcome(done.case, done.status, done.verdicts, done.result, done.accepted, notes=done.notes).withheld()
    rows = [outcome.summary()]
    common.say(table.tables(rows))
    if outcome.red:
        common.say(failure.text(outcome, tasks.get(done.case.key.task), project.baselines))
    else:
        for note in table.footnotes(rows):
            common.say(note)


def _keep(done: Scored, project: Project, started: float) -> None:
    """Into the ledger."""
    from modellab.rescoring.hypotheses import scoring
    from modellab.results.ledger import Ledger, new_session

    ledger = Ledger(project.mlruns, new_session())
    ledger.append(scoring.entry(done, project, ledger.session, started))
    if ledger.trouble:
        common.say(f"warning: {ledger.trouble}", err=True)
    common.say(f"kept as {done.case.key} in session {ledger.session}")
