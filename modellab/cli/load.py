"""`modellab load`: how a server holds up: this one, or any that speaks OpenAI's audio API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from modellab.cli import common
from modellab.errors import ConfigError

if TYPE_CHECKING:
    from modellab.runner.load.measure import Load

KEY = "OPENAI_API_KEY"
INTERRUPTED = 130
Url = Annotated[str, typer.Argument(metavar="URL", help="Of the server: http://127.0.0.1:8000/v1")]
Files = Annotated[list[Path], typer.Argument(metavar="FILES...", help="Recordings, asked for in turn.")]
Model = Annotated[str, typer.Option(metavar="NAME", help="As the server calls it.")]
Clients = Annotated[int, typer.Option(min=1, max=512, help="Closed loop: so many, each asks when answered.")]
Rate = Annotated[
    float,
    typer.Option(min=0, max=10_000, callback=common.number, help="Open loop: requests per second, come what may."),
]
Arrivals = Annotated[str, typer.Option(metavar="poisson|regular", help="Of an open loop.")]
Duration = Annotated[
    float, typer.Option(min=0.001, callback=common.number, metavar="SECONDS", help="Begin no more requests after that.")
]
Requests = Annotated[int, typer.Option(min=0, help="At most so many; 0: as many as the time allows.")]
InFlight = Annotated[int, typer.Option(min=1, max=2000, help="Open loop: at most so many at once.")]
WarmUp = Annotated[int, typer.Option(min=1, max=1000, help="Requests before, which do not count.")]
Timeout = Annotated[float, typer.Option(min=0.1, callback=common.number, metavar="SECONDS", help="For one answer.")]
Retries = Annotated[int, typer.Option(min=0, max=100, help="After 429 and 503, when Retry-After says.")]
Texts = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Lines `FILE NAME<tab>text`: for the word error rate.")
]
Normaliser = Annotated[str, typer.Option(metavar="NAME", help="Of both texts.")]
Language = Annotated[str, typer.Option(metavar="CODE", help="Sent with each request.")]
KeyFrom = Annotated[str, typer.Option(metavar="VARIABLE", help="The environment's variable with the token.")]
Seed = Annotated[int, typer.Option(help="Of the moments of an open loop.")]
Rows = Annotated[Path | None, typer.Option(metavar="FILE", help="A line of JSON for each request.")]
Json = Annotated[str, typer.Option(metavar="FILE|-", help="Every figure as JSON; - prints it alone.")]
Markdown = Annotated[Path | None, typer.Option(metavar="FILE", help="The report as Markdown.")]


def load(
    url: Url,
    files: Files,
    model: Model,
    clients: Clients = 1,
    rate: Rate = 0.0,
    arrivals: Arrivals = "poisson",
    duration: Duration = 30.0,
    requests: Requests = 0,
    in_flight: InFlight = 256,
    warm_up: WarmUp = 1,
    timeout: Timeout = 60.0,
    retries: Retries = 0,
    texts: Texts = None,
    normaliser: Normaliser = "basic",
    language: Language = "",
    key_from: KeyFrom = KEY,
    seed: Seed = 7,
    rows: Rows = None,
    json: Json = "",
    markdown: Markdown = None,
) -> None:
    """Ask a server for transcriptions, many at once, and say how it held up.

    A closed loop of --clients, or an open one of --rate requests per second. Ctrl-C ends it, and reports until then.
    """
    import os

    from modellab.results.entry import now
    from modellab.runner.load import measure
    from modellab.runner.load.client import Target

    if arrivals not in ("poisson", "regular"):
        raise ConfigError(f"--arrivals is {arrivals!r}, expected poisson or regular")
    form = (("language", language),) if language else ()
    target = Target.of(url, model, key=os.environ.get(key_from, ""), timeout_s=timeout, form=form)
    some = measure.clips(files, _texts(texts) if texts else None)
    plan = measure.Plan(clients, rate, arrivals == "regular", duration, requests, in_flight, warm_up, retries, seed)
    measure.first(target, some, plan)
    with _written(rows) as write:
        loader = measure.Loader(target, some, plan, normaliser, lambda row: write(measure.line(row)))
        loader.load.begun_at = now()
        outcome = loader.run()
    _tell(outcome, json, markdown)
    if outcome.ended_early:
        raise typer.Exit(INTERRUPTED)


def _tell(outcome: Load, json: str, markdown: Path | None) -> None:
    """The report, where it was asked for."""
    from modellab.reports import load as report

    if json == "-":
        common.put(report.as_json(outcome))
    else:
        common.say(report.as_text(outcome))
    if json not in ("", "-"):
        common.write(Path(json), report.as_json(outcome))
    if markdown:
        common.write(markdown, report.as_markdown(outcome))


@contextmanager
def _written(path: Path | None) -> Iterator[Callable[[str], object]]:
    """What writes a line into a file as soon as it is there; without a file nothing does."""
    if path is None:
        yield lambda _: None
        return
    with common.writing(path), path.open("w", encoding="utf-8", buffering=1) as out:
        yield out.write


def _texts(path: Path) -> dict[str, str]:
    """Lines of a file's name, a tab and what is said in it; ConfigError for one that is none."""
    from modellab.errors import UnreadableError
    from modellab.system import textfile

    texts: dict[str, str] = {}
    try:
        with textfile.opened(path) as lines:
            listed = [line.rstrip("\n") for line in lines]
    except UnreadableError as error:
        raise ConfigError(f"{path}: {error}") from error
    for number, line in enumerate(listed, start=1):
        name, tab, text = line.partition("\t")
        if not tab and line.strip():
            raise ConfigError(f"{path}, line {number}: {line[:60]!r}, expected a file's name, a tab and a text")
        if tab:
            texts[name.strip()] = text
    return texts
