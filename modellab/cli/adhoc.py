"""One model on a file or text of one's own, of every task beside recognition and diarization. Nothing is judged."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab.cli import common
from modellab.cli.progress import Waiting
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.runner.evaluate import Loaded
    from modellab.runner.transcribe import Listener

TOY = "{name} is a tiny checkpoint that exercises code: what it says means nothing, {hint}"
OWN = "`modellab models list --task {task}` shows others"

Files = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Any format.")]
Model = Annotated[str, typer.Option(metavar="MODEL[:VARIANT]")]
Device = Annotated[str, typer.Option(metavar="cpu|cuda|mps|server")]
Precision = Annotated[str, typer.Option(help="Default: the first that the model offers there.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads the model may use; default: the project's.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object for each file, a line each.")]


def synthesize(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is to be said; - reads it from standard input.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.wav")] = Path("speech.wav"),
    model: Model = "espeak:en-us",
    voice: Annotated[str, typer.Option(help="A voice that the model knows.")] = "",
    device: Device = "cpu",
    precision: Precision = "",
    threads: Threads = None,
) -> None:
    """Say a text aloud: speech as a sound file."""
    from modellab import audio

    spoken = sys.stdin.read() if text == "-" else text
    if not spoken.strip():
        raise ConfigError("there is no text to be said")
    with _listening(model, device, precision, threads, "tts") as listener:
        row = {"id": "speech", "text": " ".join(spoken.split()), **({"voice": voice} if voice else {})}
        reply = listener.hear(partial(_asked, row=row))
        made = reply["output"]["audio"]
        if made is None:
            raise ConfigError(f"{model} said nothing")
        with common.writing(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            audio.write(output, audio.read(Path(made["audio"])))
    spent = f"{made['duration_s']:.1f} s of speech in {reply['wall_s']:.2f} s"
    common.say(f"{output}: {spent}")


def vad(
    files: Files,
    model: Model = "silero_vad:jit",
    device: Device = "cpu",
    precision: Precision = "",
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Say where somebody speaks in audio or video files: a line of start and end in seconds for each stretch."""

    def lines(output: Any) -> Iterator[str]:
        return (f"{start_s:.3f}\t{end_s:.3f}" for start_s, end_s in output["regions"])

    _each_file(files, _setting(model, device, precision, threads, "vad"), lines, {}, as_json)


def align(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Any format.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is said in it, or a file that holds it.")] = "",
    model: Model = "pocketsphinx:aligner",
    device: Device = "cpu",
    precision: Precision = "",
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Say where each word of a text is spoken in a file: start, end in seconds, word, a line each.

    A recogniser with word times (`--model faster_whisper:base`) needs no text: it aligns what it hears.
    """
    from modellab.text.folding import basic

    transcript = Path(text).read_text(encoding="utf-8") if text and Path(text).is_file() else text

    def lines(output: Any) -> Iterator[str]:
        return (f"{_time(start_s)}\t{_time(end_s)}\t{word}" for word, start_s, end_s in output["words"])

    more = {"words": [[word, 0.0, 0.0] for word in basic(transcript).split()]}
    _each_file([file], _setting(model, device, precision, threads, "alignment"), lines, more, as_json)


def translate(
    source: Annotated[str, typer.Argument(metavar="FILE_OR_TEXT", help="A recording, or a text.")],
    to: Annotated[str, typer.Option("--to", help="The language to translate into, such as de.")],
    of: Annotated[str, typer.Option("--from", help="The language of the source, such as en.")],
    model: Model = "seamlessm4t:tiny",
    device: Device = "cpu",
    precision: Precision = "",
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Translate a recording or a text into another language."""
    more = {"source_language": of, "target_language": to}
    setting = _setting(model, device, precision, threads, "translation")
    if Path(source).is_file():
        _each_file([Path(source)], setting, lambda output: [output["text"]], more, as_json)
        return
    with _listening(*setting) as listener:
        row = {"id": "text", "source": source, **more}
        output = listener.hear(partial(_asked, row=row))["output"]
        _show("text", output, lambda output: [output["text"]], as_json)


def identify(
    files: Files,
    model: Model = "",
    device: Device = "cpu",
    precision: Precision = "",
    threads: Threads = None,
    as_json: AsJson = False,
    yes: Annotated[bool, typer.Option("--yes", help="Fetch the default model without asking.")] = False,
) -> None:
    """Say which language is spoken in audio or video files, by faster_whisper:base if nothing else is said."""
    from modellab.cli import consent
    from modellab.runner import transcribe

    if not model:
        model = transcribe.REAL
        instance = transcribe.could_run(common.matrix(common.project_or_here()), model, device, precision)
        question = f"fetch {model} ({transcribe.REAL_MB} MB, once), which knows 99 languages?"
        if instance is not None:
            consent.fetched(instance, question, yes=yes)
    setting = _setting(model, device, precision, threads, "lid")
    _each_file(files, setting, lambda output: [output["language"]], {}, as_json)


def chat(
    turns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT]...", help="What is said in turn; else the lines of stdin."),
    ] = None,
    model: Model = "lfm2_5_audio:tiny",
    device: Device = "cpu",
    precision: Precision = "",
    threads: Threads = None,
) -> None:
    """Talk to a model in turn: each line is answered with all that was said before it in mind."""
    script: list[dict[str, str]] = []
    with _listening(model, device, precision, threads, "chat") as listener:
        for turn in turns or (line.strip() for line in sys.stdin):
            if not turn:
                continue
            script.append({"text": turn})
            row = {"id": "dialogue", "script": list(script)}
            output = listener.hear(partial(_asked, row=row))["output"]
            answer = output["replies"][-1]
            common.say(answer.get("text") or "(it answered without words)")
            sys.stdout.flush()


# ---------------------------------------------------------------------------- what they share

Setting = tuple[str, str, str, int | None, str]
Lines = Callable[[Any], Iterable[str]]  # of an output


def _setting(model: str, device: str, precision: str, threads: int | None, task: str) -> Setting:
    return model, device, precision, threads, task


@contextmanager
def _listening(model: str, device: str, precision: str, threads: int | None, task: str) -> Iterator[Listener]:
    """The model in a process of its own, and a word on standard error where it is a toy."""
    from modellab.models import weights
    from modellab.runner import transcribe

    project = common.project_or_here()
    instance = transcribe.choose(common.matrix(project), model, device, precision, task)
    if weights.split(instance.source.name)[0] in {"embedded", "made"}:
        name = f"{instance.key.model}:{instance.key.variant}"
        common.say(TOY.format(name=name, hint=OWN.format(task=task)), err=True)
    with transcribe.listening(instance, threads or project.threads, task) as listener:
        yield listener


def _asked(ready: Loaded, row: dict[str, Any], duration_s: float = 0.0) -> dict[str, Any]:
    return ready.ask("utterance", {"row": row}, duration_s)


def _each_file(files: Sequence[Path], setting: Setting, lines: Lines, more: dict[str, Any], as_json: bool) -> None:
    """Each file through the model; one that fails is told and does not cost the others."""
    from modellab import audio

    failed = False
    waiting = Waiting(len(files))
    with _listening(*setting) as listener:
        for waiting.number, file in enumerate(files):
            try:
                duration_s = audio.info(file).duration_s
                row = {"id": file.name, "audio": str(file), "duration_s": duration_s, **more}
                with waiting(file.name, duration_s, listener.so_far_s):
                    reply = listener.hear(partial(_asked, row=row, duration_s=duration_s))
                _show(str(file), reply["output"], lines, as_json, several=len(files) > 1)
            except BrokenPipeError:  # nobody reads on
                raise
            except Exception as error:  # noqa: BLE001 - one file ends here: whatever was raised is told, the next is heard
                failed = True
                common.say_failed(file, error)
    if failed:
        raise typer.Exit(2)


def _show(name: str, output: Any, lines: Lines, as_json: bool, *, several: bool = False) -> None:
    """What there is to say of one file; of several each line begins with its name."""
    from modellab.system import escape

    if as_json:
        text = json.dumps({"file": name, **output}, ensure_ascii=False, allow_nan=False)
        common.put(escape.json_text(text) + "\n")
    else:
        for line in lines(output):
            common.say(common.printable(name) + "\t" + common.printable(line) if several else common.printable(line))
    sys.stdout.flush()


def _time(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
