"""`modellab diarize`: who speaks when in a file, as RTTM."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.annotations import lines
from modellab.cli import common
from modellab.cli.progress import Waiting
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.plan.matrix import Matrix, ModelInstance
    from modellab.runner.evaluate import Loaded

TASK = "diarization"
REAL = "campplus_diarization:zh-en"  # the default that tells people apart; real weights, to be fetched
REAL_MB = 81
FLOOR = "heuristic_diarization"  # what needs no download
MODEL = f"Default: {REAL}, which it offers to fetch; without it {FLOOR}."
SPEAKER = 7  # the field of an RTTM line, from 0


def diarize(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Any format.")],
    model: Annotated[str, typer.Option(metavar="MODEL[:VARIANT]", help=MODEL)] = "",
    speakers: Annotated[
        int | None, typer.Option(min=1, help="How many people speak; default: the model finds out.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="cpu|cuda|mps|server")] = "cpu",
    precision: Annotated[str, typer.Option(help="Default: the first that the model offers there.")] = "",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads the model may use; default: the project's.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Fetch the default model without asking, if it is not on this disk.")
    ] = False,
) -> None:
    """Say who speaks when in audio or video files, as lines of RTTM.

    The recording of a line is the file's name without its ending, blanks as _. The model runs in a process of its own.
    How many people speak is a guess unless --speakers says it. Nothing is fetched unless you agree: with a key at a
    terminal, else with --yes.
    """
    from modellab import audio
    from modellab.runner import transcribe

    names = _names(files)
    project = common.project_or_here()
    matrix = common.matrix(project)
    is_there = any(file.exists() for file in files)  # nothing is fetched for a name that was mistyped
    instance = _default(matrix, device, precision, yes=yes) if is_there and not model else None
    instance = instance or transcribe.choose(matrix, model or FLOOR, device, precision, TASK)
    failed, waiting = False, Waiting(len(files))
    with transcribe.listening(instance, threads or project.threads, TASK) as listener:
        for waiting.number, (file, name) in enumerate(zip(files, names, strict=True)):
            try:
                duration_s = audio.info(file).duration_s
                with waiting(file.name, duration_s, listener.so_far_s):
                    lines = listener.hear(
                        partial(_rttm, file=file, duration_s=duration_s, name=name, speakers=speakers)
                    )
                common.put(lines)
                sys.stdout.flush()
                if speakers is None:
                    _call_it_a_guess(file, lines)
            except BrokenPipeError:  # nobody reads on
                raise
            except Exception as error:  # noqa: BLE001 - one file ends here: whatever was raised is told, the next is heard
                failed = True
                common.say_failed(file, error)
    if failed:
        raise typer.Exit(2)


def _default(matrix: Matrix, device: str, precision: str, *, yes: bool) -> ModelInstance | None:
    """The default diarizer, where it is on this disk or somebody agrees to fetch it; None for the one without."""
    from modellab.cli import consent
    from modellab.runner import transcribe

    instance = transcribe.could_run(matrix, REAL, device, precision)
    question = f"fetch {REAL} ({REAL_MB} MB, once), which tells people apart better?"
    if instance is not None and consent.fetched(instance, question, yes=yes):
        return instance
    if instance is not None:
        common.say(f"{FLOOR} often finds too many speakers: --yes fetches {REAL} ({REAL_MB} MB, once)", err=True)
    return None


def _call_it_a_guess(file: Path, lines: str) -> None:
    """Say on stderr that the number of speakers in lines of RTTM was not told."""
    if (speakers := len({line.split()[SPEAKER] for line in lines.splitlines()})) > 1:
        common.say(f"note: {file.name}: {speakers} speakers, which is a guess: --speakers N tells it", err=True)


def _names(files: Sequence[Path]) -> list[str]:
    """The recording that each file becomes; ConfigError for two that would become one."""
    names = [_plain(file.stem) for file in files]
    for number, name in enumerate(names):
        if (first := names.index(name)) < number:
            raise ConfigError(
                f"{files[first]} and {files[number]} would both be the recording {name!r} in the RTTM: name them"
                " differently, or give them one at a time"
            )
    return names


def _plain(name: str) -> str:
    """A name without what RTTM's fields cannot hold."""
    printable = name.encode("utf-8", "replace").decode("utf-8")
    return lines.NO_NAME.sub("_", "_".join(printable.lstrip("\ufeff").split())) or "_"


def _rttm(ready: Loaded, file: Path, duration_s: float, name: str, speakers: int | None) -> str:
    """The RTTM lines of one file. WorkerError when the model fails."""
    from modellab.annotations import rttm
    from modellab.types import Turn

    told = {} if speakers is None else {"num_speakers": speakers}
    row = {"id": file.name, "audio": str(file), "duration_s": duration_s, **told}
    turns = ready.ask("utterance", {"row": row}, duration_s)["output"]["turns"]
    speakers_as = _speakers(speaker for _, _, speaker in turns)
    return rttm.text(name, [Turn(start_s, end_s, speakers_as[speaker]) for start_s, end_s, speaker in turns])


def _speakers(names: Iterable[str]) -> dict[str, str]:
    """What each speaker is called in RTTM: a name that it can hold, and nobody else's."""
    from modellab.annotations import rttm

    by_name: dict[str, str] = {}
    for name in dict.fromkeys(names):
        others = set(by_name.values())
        spare = (f"{_plain(name)}_{number}" for number in count(2))
        by_name[name] = next(
            candidate
            for candidate in chain([_plain(name)], spare)
            if candidate not in others and candidate.lower() != rttm.ABSENT
        )
    return by_name
