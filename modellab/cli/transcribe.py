"""`modellab transcribe`: hear what a model makes of a file."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common, transcripts
from modellab.cli.progress import Waiting
from modellab.cli.transcripts import Wanted

if TYPE_CHECKING:
    from modellab.audio.preprocessing import Chain
    from modellab.plan.matrix import Matrix, ModelInstance
    from modellab.runner.evaluate import Loaded
    from modellab.runner.transcribe import Transcription


MODEL = "Default: faster_whisper:base, which it offers to fetch; without it an embedded model."
OUTPUT = "In place of standard output; .srt, .vtt: subtitles."


def transcribe(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Any format.")],
    model: Annotated[str, typer.Option(metavar="MODEL[:VARIANT]", help=MODEL)] = "",
    device: Annotated[str, typer.Option(metavar="cpu|cuda|mps|server")] = "cpu",
    precision: Annotated[str, typer.Option(help="Default: the first that the model offers there.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each file, a line each.")] = False,
    form: Annotated[str, typer.Option("--format", metavar="txt|srt|vtt|json", help="Words, or subtitles.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE|FOLDER", help=OUTPUT)] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads the model may use; default: the project's.")
    ] = None,
    pre: Annotated[
        str, typer.Option(metavar="STEPS", help="Preprocess the audio: highpass(cutoff_hz=80),vad_chunks")
    ] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Fetch the default model without asking, if it is not on this disk.")
    ] = False,
) -> None:
    """Transcribe audio or video files.

    The words go to stdout, the speed to stderr. The model runs in a process of its own. Nothing is fetched unless you
    agree: with a key at a terminal, else with --yes.
    """
    from modellab.runner import transcribe as transcription

    wanted = transcripts.Wanted.of(form, as_json, output, files)
    project = common.project_or_here()
    matrix = common.matrix(project)
    is_there = any(file.exists() for file in files)  # nothing is fetched for a name that was mistyped
    instance = _default(matrix, device, precision, yes=yes) if is_there and not model else None
    instance = instance or transcription.choose(matrix, model, device, precision)
    chain = transcription.chain_of(instance, pre)
    outcomes = Outcomes(instance, threads or project.threads, wanted, several=len(files) > 1, chain=chain)
    usable = outcomes.usable(files)
    if usable and transcription.is_embedded(instance):
        instead = "" if model else f"; --yes fetches {transcription.REAL}, which knows any"
        known = "whisper-lab knows only a small synthetic vocabulary"
        common.say(f"{known}: expect wrong words elsewhere{instead}", err=True)
    if usable:
        outcomes.transcribe(usable)
    if outcomes.failed:
        raise typer.Exit(2)


def _default(matrix: Matrix, device: str, precision: str, *, yes: bool) -> ModelInstance | None:
    """The default checkpoint, where it is on this disk or somebody agrees to fetch it; None for the embedded one."""
    from modellab.cli import consent
    from modellab.runner import transcribe as transcription

    instance = transcription.real(matrix, device, precision)
    question = f"fetch {transcription.REAL} ({transcription.REAL_MB} MB, once), which knows any words?"
    return instance if instance and consent.fetched(instance, question, yes=yes) else None


class Outcomes:
    """Prints what becomes of each file; one that fails does not keep the others from being heard."""

    def __init__(self, instance: ModelInstance, threads: int, wanted: Wanted, several: bool, chain: Chain) -> None:
        self.instance, self.threads, self.wanted, self.several = instance, threads, wanted, several
        self.chain = chain
        self.failed = False
        key = instance.key
        self.facts = {
            "model": f"{key.model}:{key.variant}",
            "device": key.device,
            "precision": key.precision,
            "threads": threads,
        }

    def usable(self, files: list[Path]) -> list[tuple[Path, float]]:
        """Those that can be opened and their seconds, before a model is loaded for nothing; the others have failed."""
        from modellab import audio

        opened = []
        for file in files:
            try:
                opened.append((file, audio.info(file).duration_s))
            except Exception as error:  # noqa: BLE001 - one file ends here: whatever was raised is told, the next is opened
                self.fail(file, error)
        return opened

    def transcribe(self, files: list[tuple[Path, float]]) -> None:
        """Load the model once, then every file; it is loaded again where its process was lost over one."""
        from modellab.runner import transcribe as transcription

        waiting = Waiting(len(files))
        with transcription.listening(self.instance, self.threads, chain=self.chain) as listener:
            for file, duration_s in files:
                try:
                    with waiting(file.name, duration_s, listener.so_far_s):
                        heard = listener.hear(partial(transcription.transcribe, file=file, duration_s=duration_s))
                    self.show(heard, listener.get())
                except BrokenPipeError:  # nobody reads on
                    raise
                except Exception as error:  # noqa: BLE001 - one file ends here, as above
                    self.fail(file, error)

    def show(self, heard: Transcription, ready: Loaded) -> None:
        """The words to stdout or their file; without --json the speed to stderr."""
        from modellab.system import escape

        load_s, place = ready.facts["load_s"], self.wanted.place(Path(heard.file))
        if self.wanted.form == transcripts.JSON:
            names = ["file", "text", "language", "segments", "duration_s", "wall_s", "rtf"]
            names += ["preprocessing", "preprocessing_s"] if heard.preprocessing else []
            self._line({**{name: getattr(heard, name) for name in names}, **self.facts, "load_s": load_s}, place)
            return
        if place:
            common.write(place, transcripts.text(heard, self.wanted.form))
            common.say(f"{heard.file}: {place}")
        elif self.wanted.form in transcripts.SUBTITLES:
            common.put(escape.lines(transcripts.text(heard, self.wanted.form)))
        else:
            common.say(common.printable(f"{heard.file}: {heard.text}" if self.several else heard.text))
        sys.stdout.flush()
        facts = "{model} {device}-{precision}".format(**self.facts)
        spent = f"{heard.duration_s:.1f} s of audio in {heard.wall_s:.2f} s (RTF {heard.rtf:.3f})"
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        before = f", preprocessed in {heard.preprocessing_s:.2f} s" if heard.preprocessing else ""
        common.say(f"{facts}, {threads}: {spent}{before}, loaded in {load_s:.2f} s", err=True)

    def fail(self, file: Path, error: Exception) -> None:
        """One sentence to stderr, and with --json an object too, so that there is one for each file."""
        self.failed = True
        message = common.say_failed(file, error)
        if self.wanted.form == transcripts.JSON:
            self._line({"file": str(file), "error": message}, self.wanted.place(file))

    @staticmethod
    def _line(values: dict[str, Any], place: Path | None) -> None:
        from modellab.system import escape

        line = escape.json_text(json.dumps(_rounded(values), ensure_ascii=False, allow_nan=False)) + "\n"
        common.write(place, line) if place else common.put(line)


def _rounded(value: Any) -> Any:
    """Seconds to a tenth of a millisecond: what lies below is noise."""
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_rounded(part) for part in value]
    return round(value, 4) if isinstance(value, float) else value
