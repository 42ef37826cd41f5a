"""`modellab datasets list`: a line for each golden dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, datasets, options

if TYPE_CHECKING:
    from rich.text import Text

COLUMNS = ("dataset", "task", "version", "tier", "cases", "audio", "licence", "digest")
COLOURS = {"ok": "green", "silent": "yellow", "none": "yellow", "changed": "red"}
Facts = dict[str, Any]

Task = Annotated[str, typer.Option(metavar="TASK", help="Only datasets of this task: asr, tts, vad, ...")]


def every(context: typer.Context) -> None:
    """List the golden datasets."""
    if context.invoked_subcommand is None:
        list_datasets()


def list_datasets(task: Task = "", as_json: options.AsJson = False) -> None:
    """List the golden datasets."""
    from modellab import tasks
    from modellab.plan.selection import known

    if task:
        known("task", task, tasks.names())
    every = [_facts(folder) for folder in datasets.folders(common.project().golden)]
    chosen = [facts for facts in every if not task or facts.get("task") == task]
    if as_json:
        common.put_json({"datasets": chosen})
    elif chosen:
        common.print_table(COLUMNS, map(_row, chosen))
    else:
        common.say(f"no dataset here is of {task}: `modellab datasets import` makes one of recordings")


def _facts(folder: Path) -> Facts:
    """What is known of a dataset; of a broken one why it is."""
    from modellab import datasets as read
    from modellab.datasets import columns
    from modellab.errors import sentence

    try:
        data = read.load(folder, named=True)
        audio_s = columns.audio_s(data)
    except Exception as error:  # noqa: BLE001 - one dataset ends here: whatever was raised is told, the next is read
        return {"name": folder.name, "broken": sentence(error)}
    header = data.header
    state = "ok" if header.digest == data.digest else "changed" if header.digest else "none"
    made = header.made if state == "ok" and read.why_silent(folder, header) else ""
    return {
        "name": data.name,
        "task": data.task,
        "version": data.version,
        "tier": data.tier,
        "language": header.language,
        "domain": header.domain,
        "cases": len(data.rows),
        "audio_s": round(audio_s, 4),
        "licence": data.licence,
        "is_private": data.is_private,
        "digest": "silent" if made else state,
        "made_by": made,
    }


def _row(facts: Facts) -> Sequence[str | Text]:
    from rich.text import Text

    if "broken" in facts:
        return [facts["name"], *[""] * 6, Text(f"broken: {facts['broken']}", "red")]
    told = {
        "ok": "ok",
        "silent": f"ok, its audio: {facts['made_by']}",
        "none": "none: modellab datasets validate",
        "changed": "changed: modellab datasets validate",
    }
    shown = [str(facts[name]) for name in ("name", "task", "version", "tier", "cases")]
    state = Text(told[facts["digest"]], COLOURS[facts["digest"]])
    return [*shown, datasets.length(facts["audio_s"]), facts["licence"], state]
