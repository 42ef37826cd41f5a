"""Events as people read them: a subject, lines of text, Slack's JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from modellab.reports.alerts.events import Event
from modellab.system import escape
from modellab.units import counted

MOST_LINES = 40  # of one message: who has more looks at the report
MARKS = {"regression": "red", "recovery": "green", "release": "new"}
SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def subject(events: Sequence[Event], of: str) -> str:
    """One line that says what there is.

    >>> subject([Event("regression", "a", "b", ())], "lab")
    'lab: 1 regression'
    """
    counts = {kind: sum(event.kind == kind for event in events) for kind in MARKS}
    told = ", ".join(_counted(number, kind) for kind, number in counts.items() if number)
    return f"{of}: {told or 'nothing changed'}"


def lines(events: Sequence[Event]) -> list[str]:
    """A line for each event; the last one says how many there are more."""
    shown = [f"[{MARKS[event.kind]}] {event.subject}: {event.summary}" for event in events[:MOST_LINES]]
    rest = len(events) - len(shown)
    return [escape.line(line) for line in shown] + ([f"and {counted(rest, 'event')} more"] if rest else [])


def listed(names: Sequence[str]) -> str:
    """Names with commas between them; the last one says how many there are more.

    >>> listed(["a", "b"])
    'a, b'
    """
    rest = len(names) - MOST_LINES
    return ", ".join([*names[:MOST_LINES], *([f"and {rest} more"] if rest > 0 else [])])


def text(title: str, sentences: Sequence[str]) -> str:
    """The whole message."""
    return "\n".join([title, "", *sentences, ""])


def slack(title: str, sentences: Sequence[str]) -> str:
    """What Slack's incoming webhooks take, as Mattermost's and Rocket.Chat's do."""
    body = "\n".join(f"• {line}" for line in sentences)
    return json.dumps({"text": f"*{title.translate(SLACK)}*\n{body.translate(SLACK)}"}, ensure_ascii=False)


def _counted(number: int, kind: str) -> str:
    return f"{number} {kind[:-1]}ies" if number > 1 and kind.endswith("y") else counted(number, kind)
