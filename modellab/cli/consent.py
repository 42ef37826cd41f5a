"""Nothing large is fetched unless somebody agrees: with a key at a terminal, else with --yes."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from modellab.cli import common

if TYPE_CHECKING:
    from modellab.plan.matrix import ModelInstance


def fetched(instance: ModelInstance, question: str, *, yes: bool) -> bool:
    """Whether the weights of a model are here: they are, or somebody agreed that they are fetched now."""
    from modellab.cli.models import fetch_one
    from modellab.models import weights

    if not weights.why_missing(instance.source):
        return True
    if not (yes or agrees(question)):
        return False
    fetch_one(instance.source)
    return True


def agrees(question: str) -> bool:
    """One key at a terminal; no where nobody sits, and in CI."""
    import typer

    if os.environ.get("CI") or not is_terminal():
        return False
    common.say(f"{question} [Y/n] ", nl=False, err=True)
    typed = typer.getchar()  # one key, or all of what was pasted: "y" with its line end
    common.say(err=True)
    return typed[:1] in {"y", "Y", "\r", "\n"}


def is_terminal() -> bool:
    """Whether somebody sits there who can press a key."""
    return sys.stdin.isatty() and sys.stderr.isatty()
