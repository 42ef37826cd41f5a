"""The command `modellab`: its commands put together, and the process boundary around them."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from modellab.cli import (
    access,
    adhoc,
    alerts,
    baselines,
    calibrate,
    common,
    compare,
    convert,
    curves,
    dataset_facts,
    dataset_import,
    dataset_list,
    dataset_power,
    datasets,
    demo,
    diarize,
    doctor,
    explain,
    export,
    forget,
    grouped,
    history,
    init_suite,
    lifecycle,
    load,
    meaning,
    model_list,
    models,
    page,
    power,
    report,
    rescore,
    results,
    run,
    score,
    serve,
    site,
    tracking,
    transcribe,
    try_models,
    worker,
)
from modellab.errors import ModellabError, refused
from modellab.system import interrupt


class OneSentence(grouped.WholeSummaries):
    """The process boundary: what a command raises on purpose, or the disk refuses, becomes one sentence."""

    def invoke(self, ctx: Any) -> Any:
        interrupt.raises()
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()  # where it cannot be written that is still a sentence
        except ModellabError as error:
            sentence = (str(error).splitlines() or [type(error).__name__])[0]
            raise _stop(sentence) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # `modellab models | head`: typer ends quietly
                raise
            raise _stop(refused(error, "the output")) from error  # a file that was open already has no name


def _stop(sentence: str) -> typer.Exit:
    common.say(f"modellab: {common.printable(sentence)}", err=True)
    return typer.Exit(2)


app = typer.Typer(
    name="modellab",
    cls=OneSentence,
    help="A regression suite for speech models: run them, compare them with what was accepted, keep every result.",
    no_args_is_help=True,
    context_settings=grouped.HELP,
    rich_markup_mode=None,  # rich takes longer to import than everything else that --help needs
    pretty_exceptions_enable=False,
)
COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    grouped.TRY: {
        "demo": demo.demo,
        "try": try_models.try_models,
        "transcribe": transcribe.transcribe,
        "diarize": diarize.diarize,
        "synthesize": adhoc.synthesize,
        "vad": adhoc.vad,
        "align": adhoc.align,
        "identify": adhoc.identify,
        "translate": adhoc.translate,
        "chat": adhoc.chat,
    },
    grouped.SET_UP: {"init": init_suite.init, "doctor": doctor.doctor},
    grouped.JUDGE: {
        "run": run.run,
        "worker": worker.worker,
        "compare": compare.compare,
        "explain": explain.explain,
        "score": score.score,
        "rescore": rescore.rescore,
        "calibrate": calibrate.calibrate,
        "power": power.power,
    },
    grouped.LOOK: {
        "results": results.results,
        "report": report.report,
        "page": page.page,
        "history": history.history,
        "curves": curves.curves,
        "meaning": meaning.meaning,
        "export": export.export,
        "site": site.site,
        "forget": forget.forget,
    },
    grouped.RELEASE: {
        "lifecycle": lifecycle.lifecycle,
        "promote": lifecycle.promote,
        "rollback": lifecycle.rollback,
    },
    grouped.SHARE: {
        "serve": serve.serve,
        "load": load.load,
        "ui": tracking.ui,
        "sync": tracking.sync,
        "digest": alerts.digest,
        "alerts": alerts.alerts,
    },
}
SETTINGS: dict[str, dict[str, Any]] = {"run": run.SETTINGS}
GROUPS = {
    "models": (grouped.SET_UP, models.app),
    "datasets": (grouped.SET_UP, datasets.app),
    "baselines": (grouped.JUDGE, baselines.app),
    "tokens": (grouped.SHARE, access.tokens),
    "users": (grouped.SHARE, access.users),
    "projects": (grouped.SHARE, access.projects),
}

for panel, commands in COMMANDS.items():
    for name, function in commands.items():
        app.command(name, rich_help_panel=panel, **SETTINGS.get(name, {}))(function)
for name, (panel, group) in GROUPS.items():
    app.add_typer(group, name=name, rich_help_panel=panel)
models.app.command(name="list")(model_list.list_models)
models.app.command()(convert.convert)
datasets.app.callback(invoke_without_command=True)(dataset_list.every)
datasets.app.command(name="list")(dataset_list.list_datasets)
datasets.app.command()(dataset_facts.show)
datasets.app.command()(dataset_facts.verify)
datasets.app.command()(dataset_facts.lock)
datasets.app.command()(dataset_power.power)
datasets.app.command()(dataset_import.formats)
datasets.app.command()(dataset_import.presets)
datasets.app.command(name="import")(dataset_import.import_dataset)
grouped.dress(app)


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
    """What the line asks for; the one in `__init__.py` comes here.

    Pydantic looks for plugins of its own in every installed package, which takes longer than the whole of --help.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    with ExitStack() as opened:
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # closed by the shell, `>&-`
                setattr(sys, name, opened.enter_context(Path(os.devnull).open("w", encoding="utf-8")))
        try:
            app()
        except Exception as error:
            if not interrupt.is_cause(error):
                raise
            sys.exit(interrupt.ENDED)
        finally:
            interrupt.ends_at_once()
            _write_the_rest()


def _write_the_rest() -> None:
    """Leave nothing for Python to write when it ends: where that fails it says so itself, with status 120."""
    try:
        sys.stdout.flush()
    except OSError:  # which was told already
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
