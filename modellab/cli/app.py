"""The command `modellab`: its commands put together, and the process boundary around them."""

from __future__ import annotations

import errno
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from modellab.cli import (
    access,
    baselines,
    calibrate,
    common,
    compare,
    convert,
    curves,
    dataset_facts,
    dataset_import,
    dataset_power,
    datasets,
    diarize,
    doctor,
    explain,
    export,
    history,
    lifecycle,
    meaning,
    models,
    page,
    power,
    report,
    rescore,
    run,
    score,
    serve,
    site,
    tracking,
    transcribe,
    try_models,
)
from modellab.errors import ModellabError


class OneSentence(TyperGroup):
    """The process boundary: what a command raises on purpose, or the disk refuses, becomes one sentence."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ModellabError as error:
            sentence = (str(error).splitlines() or [type(error).__name__])[0]
            raise _stop(sentence) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # `modellab models | head`: typer ends quietly
                raise
            where = error.filename or "the output"  # a file that was open already has no name
            raise _stop(f"{where}: {error.strerror or error}") from error


def _stop(sentence: str) -> typer.Exit:
    common.say(f"modellab: {common.printable(sentence)}", err=True)
    return typer.Exit(2)


app = typer.Typer(
    name="modellab",
    cls=OneSentence,
    help="A regression suite for speech models: run them, compare them with what was accepted, keep every result.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich takes longer to import than everything else that --help needs
    pretty_exceptions_enable=False,
)
app.command(name="try")(try_models.try_models)
app.command(**run.SETTINGS)(run.run)
app.command()(transcribe.transcribe)
app.command()(diarize.diarize)
app.add_typer(models.app, name="models")
models.app.command()(convert.convert)
app.add_typer(datasets.app, name="datasets")
datasets.app.command(name="list")(dataset_facts.list_datasets)
datasets.app.command()(dataset_facts.show)
datasets.app.command()(dataset_facts.verify)
datasets.app.command()(dataset_facts.lock)
datasets.app.command()(dataset_power.power)
datasets.app.command()(dataset_import.formats)
datasets.app.command()(dataset_import.presets)
datasets.app.command(name="import")(dataset_import.import_dataset)
app.add_typer(baselines.app, name="baselines")
app.command()(explain.explain)
app.command()(calibrate.calibrate)
app.command()(power.power)
app.command()(report.report)
app.command()(site.site)
app.command()(history.history)
app.command()(rescore.rescore)
app.command()(score.score)
app.command()(meaning.meaning)
app.command()(serve.serve)
app.add_typer(access.tokens, name="tokens")
app.add_typer(access.users, name="users")
app.add_typer(access.projects, name="projects")
app.command()(export.export)
app.command()(page.page)
app.command()(compare.compare)
app.command()(lifecycle.promote)
app.command()(lifecycle.rollback)
app.command()(lifecycle.lifecycle)
app.command()(curves.curves)
app.command()(tracking.ui)
app.command()(tracking.sync)
app.command()(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        common.say(f"modellab {version('modellab')}")
        raise typer.Exit


VERSION = typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")


@app.callback()
def options(version: Annotated[bool, VERSION] = False) -> None:
    """What may stand before a command; `--version` is done by its callback."""


def main() -> None:
    """The entry point of the `modellab` command."""
    app()
