"""The help of the command: groups of commands by what one wants, each with its whole summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typer.core import TyperGroup

TRY = "Try it on your own files"
SET_UP = "Set up"
JUDGE = "Run and judge"
LOOK = "Look at results"
RELEASE = "Release"
SHARE = "Serve and share"
PANELS = (TRY, SET_UP, JUDGE, LOOK, RELEASE, SHARE)
HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class WholeSummaries(TyperGroup):
    """A group whose help shows the whole first sentence of each command, under the heading that it was given."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """The commands under their headings; those without one under Commands."""
        shown = [(name, command) for name, command in self.commands.items() if not command.hidden]
        panels: dict[str, list[tuple[str, str]]] = {}
        for name, command in shown:
            panel = getattr(command, "rich_help_panel", None)
            panels.setdefault(panel if isinstance(panel, str) else "Commands", []).append((name, summary(command)))
        width = max((len(name) for name, _ in shown), default=0)
        for panel in in_order(list(panels)):
            with formatter.section(panel):
                formatter.write_dl([(f"{name:{width}}", said) for name, said in panels[panel]])


def in_order(panels: Sequence[str]) -> list[str]:
    """The headings in their order, others after them."""
    return [*(panel for panel in PANELS if panel in panels), *(panel for panel in panels if panel not in PANELS)]


def summary(command: Any) -> str:
    """The first paragraph of a command's help, which is one sentence."""
    return " ".join((command.short_help or command.help or "").split("\n\n")[0].split())
