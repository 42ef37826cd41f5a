"""`/`: how the suite went last, and what runs here, to be tried with a sample, a file, the microphone or a text."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse

from modellab import datasets, units
from modellab.datasets import privacy
from modellab.errors import ModellabError
from modellab.plan.matrix import Broken, Matrix
from modellab.server.auth import SIGNED, Needs, Who, needs
from modellab.server.errors import ApiError
from modellab.server.fleet.fleet import Fleet, Served
from modellab.server.pages import frame
from modellab.server.results import sessions
from modellab.server.results.index import Index

EMBEDDED, MADE = "embedded:", "made:"  # sources of weights: a small vocabulary, and nothing at all
REAL, TOY = "real", "embedded toy, knows 144 words"
SAMPLES = 5
LONGEST_S = 30.0
SOUNDS = {".flac": "audio/flac", ".wav": "audio/wav", ".ogg": "audio/ogg", ".mp3": "audio/mpeg"}


@dataclass(frozen=True, slots=True)
class Sample:
    """A clip of one of the project's datasets, and what is said in it."""

    name: str
    text: str
    path: Path

    @property
    def address(self) -> str:
        return f"/samples/{self.name}"


def is_toy(served: Served) -> bool:
    """Whether a model was taught a small vocabulary alone."""
    return served.instance.source.name.startswith(EMBEDDED)


def is_worth_trying(served: Served) -> bool:
    """Whether a model was taught anything: the rest are checkpoints that exercise code."""
    return "@" not in served.name and not served.instance.source.name.startswith(MADE)


def samples(matrix: Matrix) -> Iterator[Sample]:
    """Short clips of the first dataset of recognition that keeps no secret."""
    for entry in matrix.datasets:
        if isinstance(entry, Broken) or entry[1].task != "asr" or entry[1].privacy == privacy.HASHES:
            continue
        try:
            rows = datasets.load(entry[0]).rows[: 4 * SAMPLES]
        except ModellabError:  # a run says what is wrong with it
            continue
        short = [row for row in rows if row.get("text") and row.get("duration_s", 0) <= LONGEST_S]
        for row in short[:SAMPLES]:
            path = Path(row["audio"])
            if path.suffix in SOUNDS and path.is_file():
                yield Sample(f"{entry[0].name}/{row['id']}", str(row["text"]), path)
        if short:
            return


def router(fleet: Fleet, matrix: Matrix, index: Index) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    held: dict[str, Sample] = {}

    def clips() -> dict[str, Sample]:
        if not held:
            held.update({clip.name: clip for clip in samples(matrix)})
        return held

    @routes.get("/")
    async def start(request: Request, who: Annotated[Who, Depends(Needs(SIGNED))]) -> Response:
        if not who.may("infer"):
            return RedirectResponse("/runs", 303)  # there is nothing to try for those who only look
        shown = [served for served in fleet if is_worth_trying(served)]
        recognisers = [served for served in shown if "asr" in served.tasks]
        return frame.page(
            request, "start.html.j2", "Speech models, measured and served",
            recognisers=_grouped(recognisers), voices=_grouped([served for served in shown if "tts" in served.tasks]),
            has_real=any(not is_toy(served) for served in recognisers), models=[_row(served) for served in shown],
            others=sum("@" not in served.name for served in fleet) - len(shown),
            samples=list((await asyncio.to_thread(clips)).values()), may_read=who.may("read"),
            **(await asyncio.to_thread(_last_run, index, who) if who.may("read") else {}),
        )  # fmt: skip

    @routes.get("/samples/{name:path}", dependencies=[Depends(needs("infer"))])
    async def sample(name: str) -> Response:
        clip = (await asyncio.to_thread(clips)).get(name)
        if clip is None:
            raise ApiError(404, "not_found", "there is no such sample")
        return FileResponse(clip.path, media_type=SOUNDS[clip.path.suffix])

    return routes


def _last_run(index: Index, who: Who) -> dict[str, Any]:
    """The run that began last, and in words what became of it; nothing where the suite has not run yet."""
    runs = index.rows(lambda connection: sessions.runs(connection, who.project, sessions.Runs(limit=1)))["data"]
    if not runs:
        return {"last": None}
    red = f", {runs[0]['red']} red" if runs[0]["red"] else ""
    return {"last": runs[0], "lead": f"{units.counted(runs[0]['cases'], 'case')}{red}"}


def _grouped(models: list[Served]) -> list[tuple[str, list[Served]]]:
    """The models by whether they are real; those that are loaded from the beginning come first."""
    ordered = sorted(models, key=lambda served: (not served.is_preloaded, served.instance.model.status != "production"))
    groups = [
        (name, [served for served in ordered if is_toy(served) is toy]) for name, toy in ((REAL, False), (TOY, True))
    ]
    return sorted((group for group in groups if group[1]), key=lambda group: not group[1][0].is_preloaded)


def _row(served: Served) -> dict[str, str]:
    key = served.instance.key
    return {
        "name": served.name, "kind": "embedded toy" if is_toy(served) else "real", "tasks": ", ".join(served.tasks),
        "device": f"{key.device} {key.precision}", "state": served.state, "what": served.instance.model.summary,
    }  # fmt: skip
