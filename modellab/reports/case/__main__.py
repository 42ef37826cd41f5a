"""`python -m modellab.reports.case.__main__ ROOT`: makes the pages of cases, asked and answering over its own pipes.

Pickled records, one after the other: in goes an entry, out comes a pair of the page and what was wrong, of which one is
''. It speaks first, once all that drawing needs is imported. It ends when nobody can ask any more.
"""

from __future__ import annotations

import functools
import os
import pickle
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np

from modellab import audio, text
from modellab.errors import ExtraError, ModellabError
from modellab.metrics import edit_distance
from modellab.plan.settings import Project
from modellab.reports.case import page
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.types import Accepted, Audio, Key, Result, Status, Utterance

CLIPS = 3  # utterances with sound: more would cost more than all the rest of a case
Answer = tuple[str, str]


def serve(root: Path) -> None:
    """Answer until the pipe ends."""
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # whatever libraries print goes to stderr
        with suppress(Exception):  # what is wrong shows at the first real page
            warm_up()
        answer: Answer = ("", "")
        with suppress(BrokenPipeError, EOFError):
            while True:
                pickle.dump(answer, answers)
                answers.flush()
                answer = _answer(root, pickle.load(sys.stdin.buffer))  # noqa: S301 - our own parent's


def _answer(root: Path, entry: Entry) -> Answer:
    try:
        return render(root, entry), ""
    except Exception as problem:  # noqa: BLE001 - a page is for looking at: whatever is wrong with it, numbers go on
        return "", str(problem) if isinstance(problem, ExtraError) else f"{type(problem).__name__}: {problem}"


def render(root: Path, entry: Entry) -> str:
    """The page of an entry, from the datasets and baselines of the project at `root`."""
    project = _project(root)
    return page.render(entry, project.golden, _accepted(project, entry), CLIPS)


def warm_up() -> None:
    """Draw a page of nothing, compress silence, align two words: that imports and compiles what others need."""
    said = Utterance("0", {"wer": (1.0, 1.0)}, {"text": "a"}, 0.1, 0.1, 1.0)
    nothing = Result(Key("asr", "none", "none", "none", "cpu", "float32"), (said,), {}, "", {})
    page.render(Entry(key=nothing.key, status=Status.PASS, session="", result=nothing), Path())
    audio.compressed(Audio(np.zeros(1600, np.float32), 16_000), 10_000)
    edit_distance.align("a", "b")
    for name in text.names():
        text.get(name)("a")


@functools.cache
def _project(root: Path) -> Project:
    return Project.at(root)


def _accepted(project: Project, entry: Entry) -> Accepted | None:
    try:
        return baselines.load(project.baselines, entry.key)
    except ModellabError:  # a damaged baseline is the business of the next run
        return None


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
