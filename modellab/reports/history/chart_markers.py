"""A strip above a history's panels: baselines accepted, stages moved, libraries upgraded, where they happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modellab.reports.history.events import Event, Kind
from modellab.reports.history.series import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROWS: dict[Kind, tuple[str, str, str]] = {  # marker, colour, name
    "upgrade": ("D", "#bf8700", "upgrade"),
    "baseline": ("^", "#0550ae", "baseline"),
    "stage": ("*", "#8250df", "stage"),
}
STRIP = 0.2  # inches for each row
LETTER = 0.0062  # of the strip's width, at its font
LONGEST = 44  # letters of an event's text


def rows(history: History) -> list[Kind]:
    """The kinds of events that there are, in the order of the strip."""
    return [kind for kind in ROWS if any(event.kind == kind for event in history.events)]


def place(history: History, event: Event) -> float:
    """Where on the axis of results an event lies: in front of the first result that came after it."""
    later = (i for i, run in enumerate(history.runs) if run.at >= event.at)
    return next(later, len(history.runs)) - 0.5


def draw(strip: Axes, history: History) -> None:
    """One row for each kind; a text where the next mark of the row leaves room for it."""
    kinds, last = rows(history), len(history.runs) - 0.5
    for height, kind in enumerate(reversed(kinds)):
        marker, colour, name = ROWS[kind]
        there = [(place(history, event), event) for event in history.events if event.kind == kind]
        strip.scatter(
            [x for x, _ in there], [height] * len(there), marker=marker, s=26, c=colour, clip_on=False, zorder=3
        )
        strip.annotate(name, (1.01, height), xycoords=_mixed(strip), va="center", fontsize=8, color=colour)
        for (x, event), following in zip(there, [*(x for x, _ in there[1:]), last + 1], strict=True):
            words = shown(event.text)
            width = (len(words) + 3) * LETTER * (last + 0.5)
            if x + width <= min(following, last):
                strip.annotate(words, (x, height), xytext=(6, 0), textcoords="offset points", va="center", fontsize=7)
            elif x - width >= -0.5 and following > last and all(x - width > other for other, _ in there if other < x):
                strip.annotate(words, (x, height), xytext=(-6, 0), textcoords="offset points", va="center",
                               ha="right", fontsize=7)  # fmt: skip
    strip.set_xlim(-0.5, last)
    strip.set_ylim(-0.6, len(kinds) - 0.4)
    strip.axis("off")


def shown(text: str) -> str:
    """An event's text, cut where it is long."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def lines(panel: Axes, history: History) -> None:
    """A faint line through a panel for every event."""
    for event in history.events:
        panel.axvline(place(history, event), color=ROWS[event.kind][1], linewidth=0.6, alpha=0.35, zorder=0.5)


def _mixed(strip: Axes) -> Any:
    """x as a fraction of the strip, y in rows."""
    return strip.get_yaxis_transform()
