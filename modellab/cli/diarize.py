"""`modellab diarize`: who speaks when in a file, as RTTM."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import CrashError, HangError, ModellabError

if TYPE_CHECKING:
    from modellab.evaluate import Loaded

TASK = "diarization"


def diarize(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Any format.")],
    model: Annotated[str, typer.Option(metavar="MODEL[:VARIANT]")] = "heuristic_diarization",
    speakers: Annotated[
        int | None, typer.Option(min=1, help="How many people speak; default: the model finds out.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="cpu|cuda|mps")] = "cpu",
    precision: Annotated[str, typer.Option(help="Default: the first that the model offers there.")] = "",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads the model may use; default: the project's.")
    ] = None,
) -> None:
    """Say who speaks when in audio or video files, as lines of RTTM.

    The recording of a line is the file's name without its ending. The model runs in a process of its own.
    """
    from modellab import transcription

    project = common.project_or_here()
    loadable = transcription.choose(common.matrix(project), model, device, precision, TASK)
    failed = False
    with transcription.loaded(loadable, threads or project.threads, TASK) as ready:
        for file in files:
            try:
                typer.echo(_rttm(ready, file, speakers), nl=False)
                sys.stdout.flush()
            except (CrashError, HangError):
                raise
            except ModellabError as error:
                failed = True
                typer.echo(f"modellab: {str(error).splitlines()[0]}", err=True)
    if failed:
        raise typer.Exit(2)


def _rttm(ready: Loaded, file: Path, speakers: int | None) -> str:
    """The RTTM lines of one file. AudioError for one that cannot be used; WorkerError when the model fails."""
    from modellab import audio, rttm
    from modellab.types import Turn

    duration_s = audio.info(file).duration_s
    told = {} if speakers is None else {"num_speakers": speakers}
    row = {"id": file.name, "audio": str(file), "duration_s": duration_s, **told}
    turns = ready.ask("utterance", {"row": row}, duration_s)["output"]["turns"]
    return rttm.text("_".join(file.stem.split()), [Turn(*turn) for turn in turns])
