"""The help of the command: groups of commands by what one wants, whole summaries, arguments as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

TRY = "Try it on your own files"
SET_UP = "Set up"
JUDGE = "Run and judge"
LOOK = "Look at results"
RELEASE = "Release"
SHARE = "Serve and share"
PANELS = (TRY, SET_UP, JUDGE, LOOK, RELEASE, SHARE)
HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
BRACKETED = re.compile(r"([\[{])(?P<name>.*)[\]}](?P<dots>\.\.\.)?")  # an argument as typer shows it
TYPE = re.compile(r"<(?P<name>[^<>]+)>")  # Python's, behind a name
WORDS = {"str": "TEXT", "int": "N", "float": "NUMBER", "path": "PATH"}
NODE = re.compile(r"[^\[\]]*::\w+\[(?P<case>.+)\]")  # a test as pytest prints it


class WholeSummaries(TyperGroup):
    """A group whose help shows the whole first sentence of each command, under the heading that it was given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """A test as pytest prints it, `benchmarks/test_asr.py::test_asr[ID]`, names its case; `run` gives it on."""
        named = args if "run" in args[:1] else [case(argument) for argument in args]
        return super().parse_args(ctx, named)

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
                formatter.write_dl([(f"{name:{width}}", help_text) for name, help_text in panels[panel]])


def in_order(panels: Sequence[str]) -> list[str]:
    """The headings in their order, others after them."""
    return [*(panel for panel in PANELS if panel in panels), *(panel for panel in panels if panel not in PANELS)]


def summary(command: Any) -> str:
    """The first paragraph of a command's help, which is one sentence."""
    return " ".join((command.short_help or command.help or "").split("\n\n")[0].split())


class AsWritten(TyperCommand):
    """A command whose help shows names as people write them: `A B [C ...]`, not `{A B [C ...]}... <list[str]>`."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Names that must stand without brackets, repeated ones with one ellipsis."""
        return [as_written(piece) for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments without their types in Python, and options with a word for theirs where they have none."""
        records: dict[str, list[tuple[str, str]]] = {"argument": [], "option": []}
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None:
                records[parameter.param_type_name].append(record)
        shown = {
            "Arguments": [(TYPE.sub("", name).strip(), told) for name, told in records["argument"]],
            "Options": [(TYPE.sub(_in_words, name), told) for name, told in records["option"]],
        }
        for heading, lines in shown.items():
            if lines:
                with formatter.section(heading):
                    formatter.write_dl(lines)


def _in_words(kind: re.Match[str]) -> str:
    """The type of an option as typer shows it, `<int range>`, in a word: N; a choice of words as it is."""
    return WORDS.get(kind["name"].removesuffix(" range"), kind["name"])


def as_written(piece: str) -> str:
    """An argument of a usage line without the brackets and dots that its name has already.

    >>> [as_written(each) for each in ("{CASE}", "{FILE}...", "{A B [C ...]}...", "[[SPEC]...]...", "[NAME]")]
    ['CASE', 'FILE...', 'A B [C ...]', '[SPEC]...', '[NAME]']
    """
    if not (match := BRACKETED.fullmatch(piece)):
        return piece
    name, dots = match["name"], match["dots"] or ""
    if "..." in name or name.startswith("["):
        return name
    return f"{name}{dots}" if piece.startswith("{") else f"[{name}]{dots}"


def case(argument: str) -> str:
    """The case of a test as pytest prints it; anything else as it is.

    >>> case("benchmarks/test_asr.py::test_asr[whisper:lab-asr_smoke_v1-cpu-float32]")
    'whisper:lab-asr_smoke_v1-cpu-float32'
    """
    match = NODE.fullmatch(argument)
    return match["case"] if match else argument


def dress(app: typer.Typer) -> None:
    """Give every command of an application and its groups the help of `AsWritten`."""
    for command in app.registered_commands:
        command.cls = AsWritten
    for group in app.registered_groups:
        if group.typer_instance is not None:
            dress(group.typer_instance)
