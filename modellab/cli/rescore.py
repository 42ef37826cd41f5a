"""`modellab rescore`: stored results counted anew, without running a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.matrix import Case
    from modellab.plan.settings import Project
    from modellab.rescoring.stored import Rescoring
    from modellab.results.entry import Entry
    from modellab.types import CaseId

NEWEST = 5  # sessions named when one is unknown
FLIPS = 10  # changed orders that are told
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[SESSION|CASE ...]", help="A session, how it begins, or a case's id.")
]


def rescore(
    names: Names = None,
    normaliser: Annotated[
        str, typer.Option(metavar="NAME", help="Another normaliser than the dataset's: shown, and kept with --keep.")
    ] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Write results under another normaliser, too.")] = False,
    every: Annotated[bool, typer.Option("--all", help="Every result, not only the newest of each case.")] = False,
    references: Annotated[
        bool, typer.Option("--references", help="Reference texts were corrected; the audio is the same.")
    ] = False,
    profiles: Annotated[bool, typer.Option("--profiles", help="Only show the WER under every normaliser.")] = False,
    baselines: Annotated[bool, typer.Option("--baselines", help="Score what is accepted anew, with --reason.")] = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; stored in the baselines.")] = "",
) -> None:
    """Count every quality metric of stored results anew, without running a model.

    For a normaliser or metric that changed: the outputs are in the ledger. New results go to a session of their own,
    judged against today's baselines; no old line is changed. Exit status 1 if a result or baseline could not be
    scored, or if the newest of a case is red now.
    """
    from modellab import text

    project = common.project()
    if normaliser:
        text.get(normaliser)
    if baselines:
        _baselines(project, names or [], reason, normaliser)
        return
    entries = common.entries(project, private=True)
    chosen = _chosen(entries, names or [], every=every)
    if profiles:
        _profiles(project, chosen)
    else:
        _results(project, chosen, normaliser, keep=keep, references=references)


# ---------------------------------------------------------------------------- results


def _results(project: Project, chosen: list[Entry], normaliser: str, *, keep: bool, references: bool) -> None:
    from modellab.rescoring import stored
    from modellab.results.ledger import Ledger, new_session

    data = stored.Folders(project.golden)
    rescorings = stored.rescore(chosen, data, normaliser, references=references)
    new = [rescoring for rescoring in rescorings if rescoring.after is not None]
    other = any(normaliser not in ("", data[rescoring.before.key.dataset].normaliser) for rescoring in new)
    if not other:
        rescorings = stored.assess(rescorings, _cases(project), project)
        new = [rescoring for rescoring in rescorings if rescoring.after is not None]
    if new:
        common.print_table(["case", "measured", "N", "normaliser", "metric", "value", "verdict"], map(_row, new))
    for rescoring in rescorings:
        if rescoring.refusal:
            common.say(f"refused: {rescoring.before.session}: {common.printable(rescoring.refusal)}", err=True)
    same = sum(rescoring.same for rescoring in rescorings)
    if same:
        common.say(f"{same} as they were: nothing that counts has changed")
    if other and not keep:
        common.say("only shown, because a dataset names another normaliser: --keep writes them to the ledger")
    else:
        ledger = Ledger(project.mlruns, new_session())
        stored.keep(rescorings, ledger)
        if ledger.trouble:
            common.say(f"warning: {ledger.trouble}", err=True)
        common.say(f"{len(new)} new results in session {ledger.session}" if new else "nothing was written")
    newest = {rescoring.before.key: rescoring.after for rescoring in new}.values()
    is_red = not other and any(after and after.red for after in newest)  # an old result that is red is history
    if is_red or any(rescoring.refusal for rescoring in rescorings):
        raise typer.Exit(1)


def _row(rescoring: Rescoring) -> Iterator[str]:
    from modellab import tasks, units
    from modellab.results.rescored import BEFORE

    assert rescoring.after is not None
    assert rescoring.after.result is not None
    facts, metric = rescoring.after.result.provenance, tasks.get(rescoring.before.key.task).METRICS[0]
    then, now = (facts[BEFORE], facts["normaliser"])
    values = [units.value(entry.values.get(metric.name), metric.unit) for entry in (rescoring.before, rescoring.after)]
    yield str(rescoring.before.key)
    yield rescoring.before.finished_at[:16].replace("T", " ")
    yield str(len(rescoring.after.result.utterances))
    yield now if then == now else f"{then} -> {now}"
    yield metric.name
    yield values[1] if values[0] == values[1] else " -> ".join(values)
    yield str(rescoring.after.status)


def _chosen(entries: list[Entry], names: Sequence[str], *, every: bool) -> list[Entry]:
    """The results that are meant, as they were scored last: of each case the newest, of a session each."""
    from modellab.results.rescored import origin, standing

    sessions = {entry.id: entry.session for entry in entries}
    there = [entry for entry in standing(entries) if entry.result is not None]
    home = {entry.id: sessions.get(origin(entry), entry.session) for entry in there}  # where it was measured
    chosen: list[Entry] = [] if names else there
    for name in names:
        by_case = [entry for entry in there if str(entry.key) == name]
        by_session = [entry for entry in there if home[entry.id].startswith(name)]
        if not by_case and not by_session:
            newest = list(dict.fromkeys(home[entry.id] for entry in reversed(there)))[:NEWEST]
            raise ConfigError(f"no case and no session is called {name!r}, the newest are: {', '.join(newest)}")
        chosen += by_session or (by_case if every else by_case[-1:])
    if not names and not every:
        chosen = list({entry.key: entry for entry in there}.values())
    unique = {entry.id: entry for entry in chosen}
    return sorted(unique.values(), key=lambda entry: (entry.finished_at, entry.id))


def _cases(project: Project) -> dict[CaseId, Case]:
    from modellab import tasks
    from modellab.plan.matrix import Broken

    matrix = common.matrix(project)
    cases = (case for task in tasks.names() for case in matrix.cases(task))
    return {case.key: case for case in cases if not isinstance(case, Broken)}


# ---------------------------------------------------------------------------- baselines


def _baselines(project: Project, names: Sequence[str], reason: str, normaliser: str) -> None:
    from modellab.rescoring import stored
    from modellab.system.machine import today

    if not reason.strip():
        raise ConfigError("--baselines needs --reason TEXT: why they change is stored in them")
    if normaliser:
        raise ConfigError("--baselines takes each dataset's own normaliser: change `normaliser:` in its dataset.yaml")
    damaged: list[str] = []
    accepted = stored.accept(project, stored.Folders(project.golden), names, reason.strip(), today(), damaged)
    for fault in damaged:
        common.say(f"refused: {common.printable(fault)}", err=True)
    if unknown := sorted(set(names) - {str(entry.key) for entry, _, _ in accepted}):
        raise ConfigError(f"no baseline is of {', '.join(unknown)}: `modellab baselines list` shows what there is")
    for entry, written, refusal in accepted:
        if refusal:
            common.say(f"refused: {entry.key}: {common.printable(refusal)}", err=True)
        for path in written:
            common.say(f"  {path.relative_to(project.root) if path.is_relative_to(project.root) else path}")
    files = sum(len(written) for _, written, _ in accepted)
    current = sum(not written and not refusal for _, written, refusal in accepted)
    common.say(f"{files} files written, {current} baselines have today's normaliser, digest and metrics already")
    if damaged or any(refusal for _, _, refusal in accepted):
        raise typer.Exit(1)


# ---------------------------------------------------------------------------- what the choice of a normaliser matters


def _profiles(project: Project, chosen: Sequence[Entry]) -> None:
    from modellab import text, units
    from modellab.rescoring import normaliser_sensitivity, stored

    rows = normaliser_sensitivity.rates(chosen, stored.Folders(project.golden))
    if not rows:
        raise ConfigError("none of these results has a word error rate: only they depend on the choice of a normaliser")
    table = (
        [
            str(row.entry.key),
            str(row.size),
            f"{row.own}",
            *(units.value(row.rates[name], "ratio") for name in text.names()),
        ]
        for row in rows
    )
    common.print_table(["case", "N", "its own", *text.names()], table)
    flips = list(normaliser_sensitivity.flips(rows))
    for flip in flips[:FLIPS]:
        common.say(f"order changes: {flip}")
    if len(flips) > FLIPS:
        common.say(f"... and {len(flips) - FLIPS} more")
    if not flips:
        common.say("no two models of a dataset change places")
