"""`modellab alerts` and `modellab digest`: tell people what changed, by webhook and e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.reports.alerts.rules import Rules

File = Annotated[Path | None, typer.Option("--rules", metavar="FILE", help="The rules; alerts.toml if not given.")]


def alerts(
    rules_file: File = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, send and remember nothing.")
    ] = False,
) -> None:
    """Tell what regressed, recovered or was released since the last time, as alerts.toml says.

    Each event is sent once to each target; where sending failed it is sent the next time.
    """
    from modellab.reports.alerts import told

    project = common.project()
    rules = _rules(project, rules_file)
    failed: list[str] = []
    with told.alone(project.mlruns):
        _tell(project, rules, failed, dry_run=dry_run)
    _end(failed)


def _tell(project: Project, rules: Rules, failed: list[str], *, dry_run: bool) -> None:
    """What is new for each target, to it; what was not sent is one more of `failed`."""
    from modellab.reports.alerts import events, news, releases, told, words
    from modellab.results.select import StoredResults

    entries = StoredResults.read(project.root, project.mlruns, project.baselines).entries
    released, missing = releases.unmeasured(entries, rules.index, rules.hosts) if rules.index else ([], [])
    for sentence in missing:
        common.say(f"warning: {common.printable(sentence)}", err=True)
    known = told.read(project.mlruns)
    for name, found in news.for_each(rules, entries, released, known).items():
        title = words.subject(found, project.root.name)
        common.say(f"{name}: {common.printable(title.partition(': ')[2])}")
        for line in words.lines(found):
            common.say(f"  {common.printable(line)}")
        if dry_run or (found and not _sent(rules, name, title, words.lines(found), failed)):
            continue
        known.setdefault(name, told.Told()).knows(events.standings(entries), [event.subject for event in released])
        told.write(project.mlruns, known)


def digest(
    days: Annotated[
        float, typer.Option(min=0.01, max=366, metavar="N", help="What happened in the last N days.")
    ] = 7.0,
    to: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Send it to this target of alerts.toml.")] = None,
    rules_file: File = None,
) -> None:
    """Say what regressed, recovered and changed in the last days, and what is red; send it if told to whom."""
    from modellab.errors import ConfigError, did_you_mean
    from modellab.reports.alerts import news, words
    from modellab.results.select import StoredResults

    project = common.project()
    rules = _rules(project, rules_file) if to else None
    for name in to or ():
        if rules and name not in rules.to:
            raise ConfigError(f"there is no [to.{name}]: {did_you_mean(name, rules.to)}")
    entries = StoredResults.read(project.root, project.mlruns, project.baselines).entries
    happened, said = news.digest(entries, days)
    title = f"{words.subject(happened, project.root.name)} in {days:g} days"
    for line in (title, "", *said):
        common.say(common.printable(line))
    failed: list[str] = []
    for name in to or ():
        if rules and _sent(rules, name, title, said, failed):
            common.say(f"sent to {name}", err=True)
    _end(failed)


def _rules(project: Project, path: Path | None) -> Rules:
    from modellab.reports.alerts import rules

    return rules.read(path or project.root / rules.FILE)


def _sent(rules: Rules, name: str, title: str, said: Sequence[str], failed: list[str]) -> bool:
    """Whether a target took a message; where it did not, the reason is one more of `failed`."""
    from modellab.errors import ModellabError
    from modellab.reports.alerts import sending

    try:
        sending.send(name, rules.to[name], title, said, rules.hosts)
    except ModellabError as error:
        failed.append(str(error))
        return False
    return True


def _end(failed: Sequence[str]) -> None:
    """ModellabError where something was not sent: the others were told all the same."""
    from modellab.reports.alerts.sending import NotSentError

    if failed:
        raise NotSentError("; ".join(failed))
