"""`modellab alerts` and `modellab digest`: tell people what changed, by webhook and e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import NotSentError

if TYPE_CHECKING:
    from modellab.plan.settings import Project
    from modellab.reports.alerts.rules import Rules
    from modellab.reports.alerts.told import Told

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
    from modellab.reports.alerts import events, news, releases, sending, told, words
    from modellab.results.select import StoredResults

    entries = StoredResults.read(project.root, project.mlruns, project.baselines).entries
    released, missing = releases.unmeasured(entries, rules.index, rules.hosts) if rules.index else ([], [])
    for sentence in missing:
        common.say(f"warning: {common.printable(sentence)}", err=True)
    known = told.read(project.mlruns)
    for name in rules.to if not dry_run else ():
        _deliver(project, rules, known, name, failed)  # what was on its way when somebody was killed, or not taken
    for name, new_events in news.for_each(rules, entries, released, known).items():
        title = words.subject(new_events, project.root.name)
        common.say(f"{name}: {common.printable(title.partition(': ')[2])}")
        for line in words.lines(new_events):
            common.say(f"  {common.printable(line)}")
        own = known.setdefault(name, told.Told())
        if dry_run or own.sending:
            continue
        now = events.standings(entries), [event.subject for event in released]
        if not new_events:
            own.knows(*now)
            told.write(project.mlruns, known)
            continue
        own.sending = told.Message(sending.new_id(), title, words.lines(new_events), *now)
        told.write(project.mlruns, known)
        _deliver(project, rules, known, name, failed)


def _deliver(project: Project, rules: Rules, known: dict[str, Told], name: str, failed: list[str]) -> None:
    """Send what is written down for a target, and note that it arrived."""
    from modellab.reports.alerts import told

    own = known.get(name)
    if own is None or (message := own.sending) is None:
        return
    if _sent(rules, name, message.title, message.said, failed, message.id):
        own.knows(message.cases, message.releases)
        told.write(project.mlruns, known)


def digest(
    days: Annotated[
        float, typer.Option(min=0.01, max=366, metavar="N", help="What happened in the last N days.")
    ] = 7.0,
    to: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Send it to this target of alerts.toml.")] = None,
    rules_file: File = None,
    of: Annotated[str, typer.Option("--of", metavar="NAME", help="Two with one name are one message.")] = "",
) -> None:
    """Say what regressed, recovered and changed in the last days, and what is red; send it if told to whom."""
    from modellab.errors import ConfigError, did_you_mean
    from modellab.reports.alerts import news, sending, words
    from modellab.results.select import StoredResults

    project = common.project()
    rules = _rules(project, rules_file) if to else None
    for name in to or ():
        if rules and name not in rules.to:
            raise ConfigError(f"there is no [to.{name}]: {did_you_mean(name, rules.to)}")
    entries = StoredResults.read(project.root, project.mlruns, project.baselines).entries
    happened, lines = news.digest(entries, days)
    title = f"{words.subject(happened, project.root.name)} in {days:g} days"
    for line in (title, "", *lines):
        common.say(common.printable(line))
    failed: list[str] = []
    for name in to or ():
        id = sending.new_id(f"{project.root}\n{name}\n{of}" if of else "")
        if rules and _sent(rules, name, title, lines, failed, id):
            common.say(f"sent to {name}", err=True)
    _end(failed)


def _rules(project: Project, path: Path | None) -> Rules:
    from modellab.reports.alerts import rules

    return rules.read(path or project.root / rules.FILE)


def _sent(rules: Rules, name: str, title: str, lines: Sequence[str], failed: list[str], id: str) -> bool:
    """Whether a target took a message; where it did not, the reason is one more of `failed`."""
    from modellab.errors import ModellabError
    from modellab.reports.alerts import sending

    try:
        sending.send(name, rules.to[name], title, lines, rules.hosts, id)
    except ModellabError as error:
        failed.append(str(error))
        return False
    return True


def _end(failed: Sequence[str]) -> None:
    """ModellabError where something was not sent: the others were told all the same."""

    if failed:
        raise NotSentError("; ".join(failed))
