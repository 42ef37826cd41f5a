"""`modellab try`: one's own recordings through one or several models, side by side, to read and to hear."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modellab import units
from modellab.cli import common, consent
from modellab.cli.progress import Waiting
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.datasets.importers.own_recordings import Recording
    from modellab.plan.matrix import Matrix, ModelInstance
    from modellab.runner.tryout import Heard, Tried

    Tell = Callable[[Tried, Heard], None]

FIRST = 25
PAGE = Path("modellab-try.html")
LOUD = (
    "NOT YOUR WORDS: {model} is a toy that knows 144 English words and comes with modellab to test it. "
    "--yes fetches {real} ({mb} MB, once), which knows words"
)

Places = Annotated[list[Path], typer.Argument(metavar="FILE_OR_FOLDER...", help="Recordings, in any format.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="MODEL[:VARIANT]", help="May be repeated. Default: faster_whisper:tiny.en."),
]
First = Annotated[int, typer.Option(min=0, metavar="N", help="Only the first N recordings; 0 takes all.")]
Page = Annotated[Path, typer.Option("--page", metavar="FILE.html", help="The page to listen to.")]
NoPage = Annotated[bool, typer.Option("--no-page", help="Write no page.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads each model may use; default: the project's.")]


def try_models(
    places: Places,
    model: Models = None,
    language: Annotated[str, typer.Option(help="What is spoken, such as de; default: the model finds out.")] = "",
    device: Annotated[str, typer.Option(metavar="cpu|cuda|mps|server")] = "cpu",
    first: First = FIRST,
    page: Page = PAGE,
    no_page: NoPage = False,
    threads: Threads = None,
    yes: Annotated[bool, typer.Option("--yes", help="Fetch the models' weights without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object.")] = False,
) -> None:
    """Try models on your own recordings: transcripts side by side, word errors, speed, memory, a page to listen to.

    A text beside a recording (call.txt beside call.wav, or .json, .srt, .vtt) is what it is held against; without one
    there is no WER. Nothing is judged or kept: `modellab init --data FOLDER` makes a suite of the same recordings.
    """
    from modellab.datasets.importers import own_recordings
    from modellab.text import languages

    spoken = languages.code(language) if language else ""
    there = own_recordings.collected(places)
    chosen = there.recordings[: first or None]
    project = common.project_or_here()
    instances = _instances(common.matrix(project), model or [], device, spoken, yes=yes)
    _introduce(there.recordings, chosen, there.notes)
    tried = [
        _through(instance, chosen, threads or project.threads, spoken, _teller(instances, as_json))
        for instance in instances
    ]
    if as_json:
        _put_json(chosen, tried)
    else:
        _show(chosen, tried)
    if not no_page:
        _write_page(page, chosen, tried)
    _warn_of_toys(instances)
    if all(attempt.failed == len(chosen) for attempt in tried):
        raise typer.Exit(2)


# ---------------------------------------------------------------------------- which models


def _instances(matrix: Matrix, names: Sequence[str], device: str, language: str, *, yes: bool) -> list[ModelInstance]:
    """The models that are asked for, fetched where somebody agrees; without a name the default, or the toy."""
    from modellab.plan.selection import find_model
    from modellab.runner import transcribe

    doubled = next((name for name in names if names.count(name) > 1), "")
    if doubled:
        raise ConfigError(f"--model {doubled} is named twice: there is nothing to compare")
    for name in names:
        find_model(matrix, name)  # a name that nothing has is told before anything is fetched
        if (instance := transcribe.could_run(matrix, name, device)) is not None:
            shown = f"{instance.key.model}:{instance.key.variant}"
            consent.fetched(instance, f"the weights of {shown} are not here: fetch them?", yes=yes)
    if names:
        return [transcribe.choose(matrix, name, device) for name in names]
    real, mb = _default(language)
    instance = transcribe.could_run(matrix, real, device)
    knows = "any words" if real == transcribe.REAL else "any English words"
    question = f"fetch {real} ({mb} MB, once), which knows {knows}?"
    if instance is not None and consent.fetched(instance, question, yes=yes):
        return [instance]
    return [transcribe.choose(matrix, "", device)]


def _default(language: str) -> tuple[str, int]:
    """The checkpoint that is offered, and its megabytes: the smallest that knows the language."""
    from modellab.runner import transcribe

    is_english = language.partition("-")[0] in ("", "en")
    return (transcribe.QUICK, transcribe.QUICK_MB) if is_english else (transcribe.REAL, transcribe.REAL_MB)


def _warn_of_toys(instances: Sequence[ModelInstance]) -> None:
    from modellab.runner import transcribe

    for instance in instances:
        if transcribe.is_embedded(instance):
            name, real = f"{instance.key.model}:{instance.key.variant}", transcribe.QUICK
            common.say(LOUD.format(model=name, real=real, mb=transcribe.QUICK_MB), err=True, bold=True)


# ---------------------------------------------------------------------------- hearing and showing


def _introduce(every: Sequence[Recording], chosen: Sequence[Recording], notes: Sequence[str]) -> None:
    for note in notes:
        common.say(f"note: {common.printable(note)}", err=True)
    with_text = sum(bool(recording.text) for recording in chosen)
    some = f", the first {len(chosen)} are heard (--first 0 takes all)" if len(chosen) < len(every) else ""
    texts = f"{with_text} with a text beside it" if with_text else "none has a text beside it, so there is no WER"
    common.say(f"{units.counted(len(every), 'recording')}{some}, {texts}", err=True)


def _through(
    instance: ModelInstance, recordings: Sequence[Recording], threads: int, language: str, tell: Tell
) -> Tried:
    """All recordings through one model; each is told as soon as it is heard."""
    from modellab.runner import tryout

    key = instance.key
    tried = tryout.Tried(f"{key.model}:{key.variant}", f"{key.device}-{key.precision}")
    waiting = Waiting(len(recordings), tried.model)
    for heard in tryout.hear(instance, recordings, threads, language, tried, waiting):
        waiting.number = len(tried.heard)
        tell(tried, heard)
    return tried


def _teller(instances: Sequence[ModelInstance], as_json: bool) -> Tell:
    """What is shown of a recording once a model has heard it: of one model all, of several a line on the way."""

    def line(tried: Tried, heard: Heard) -> None:
        common.say("\t".join(" ".join(common.printable(cell).split()) for cell in _cells(tried, heard)))
        sys.stdout.flush()

    def on_the_way(tried: Tried, heard: Heard) -> None:
        shown = common.printable(heard.error or heard.text)
        common.say(f"{tried.model} {len(tried.heard)} {common.printable(heard.recording.name)}: {shown}", err=True)

    def block(tried: Tried, heard: Heard) -> None:
        _block(heard.recording, [(tried, heard)])

    def nothing(*_: object) -> None:
        pass

    if as_json:
        return nothing
    if not sys.stdout.isatty():
        return line
    return block if len(instances) == 1 else on_the_way


def _cells(tried: Tried, heard: Heard) -> tuple[str, ...]:
    """A line for a program: recording, model, WER, words."""
    return heard.recording.name, tried.model, units.value(heard.wer, "ratio"), heard.error or heard.text


def _show(recordings: Sequence[Recording], tried: Sequence[Tried]) -> None:
    """Side by side, for a person who has several models; then the figures of each model."""
    from modellab.reports import tried as page

    if sys.stdout.isatty() and len(tried) > 1:
        for at, recording in enumerate(recordings):
            _block(recording, [(attempt, attempt.heard[at]) for attempt in tried])
    common.say()
    rows = [[*page.figures(attempt), str(attempt.failed)] for attempt in tried]
    common.print_table([*page.HEADINGS, "failed"], rows)
    common.say("WER: wrong words of 100 spoken. RTF: seconds of computing for one second of audio. Nothing is judged.")


def _block(recording: Recording, heard: Sequence[tuple[Tried, Heard]]) -> None:
    width = max(len(tried.model) for tried, _ in heard)
    common.say(f"\n{common.printable(recording.name)}", bold=True)
    if recording.text:
        common.say(f"  {'text':{width}}  {common.printable(recording.text)}")
    for tried, answer in heard:
        shown = f"failed: {answer.error}" if answer.error else answer.text
        wrong = f"  [WER {units.value(answer.wer, 'ratio')}]" if answer.wrong else ""
        common.say(f"  {tried.model:{width}}  {common.printable(shown)}{wrong}")


def _put_json(recordings: Sequence[Recording], tried: Sequence[Tried]) -> None:
    from modellab.system import escape

    def number(value: float) -> float | None:
        return None if value != value else round(value, 6)

    def heard(answer: Heard) -> dict[str, Any]:
        facts = {"text": answer.text, "language": answer.language, "error": answer.error}
        return {"name": answer.recording.name, **facts, "wer": number(answer.wer), "wall_s": number(answer.wall_s)}

    models = [
        {
            "model": attempt.model,
            "setting": attempt.setting,
            "wer": number(attempt.wer),
            "rtf": number(attempt.rtf),
            "peak_rss_bytes": number(attempt.peak_bytes),
            "load_s": number(attempt.load_s),
            "failed": attempt.failed,
            "heard": [heard(one) for one in attempt.heard],
        }
        for attempt in tried
    ]
    files = [
        {"name": recording.name, "audio": str(recording.audio), "reference": recording.text} for recording in recordings
    ]
    text = json.dumps({"recordings": files, "models": models}, ensure_ascii=False, allow_nan=False)
    common.put(escape.json_text(text) + "\n")


def _write_page(page: Path, recordings: Sequence[Recording], tried: Sequence[Tried]) -> None:
    """The page, where its library is here; else how to get it."""
    from modellab.system import extras

    if extras.missing("reports"):
        common.say(f"no page to listen to: {extras.lacking('reports', 'it')}", err=True)
        return
    from modellab.reports import tried as rendering

    if page.exists() and rendering.MARK not in page.read_text(encoding="utf-8", errors="replace"):
        raise ConfigError(f"{page} is there and is no page of `modellab try`: --page takes another name")
    try:
        common.write(page, rendering.render(recordings, tried, page.absolute().parent))
    except ConfigError as error:
        if page != PAGE:
            raise
        common.say(f"no page to listen to: {error}; --page FILE.html writes it elsewhere", err=True)
        return
    common.say(f"a page to listen to: {page} (open it in a browser)", err=True)
