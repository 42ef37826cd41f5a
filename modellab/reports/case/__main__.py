"""`python -m modellab.reports.case.__main__ ROOT MOST_BYTES`: makes the pages of cases, as `system/json_child.py` asks.

"warm_up" imports all that drawing needs; "page" takes an entry as the ledger has it and gives the page and what was
wrong, of which one is ''. A page may have MOST_BYTES.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from modellab import audio, text
from modellab.errors import ExtraError
from modellab.metrics import edit_distance
from modellab.plan.settings import Project
from modellab.reports.case import page
from modellab.results.entry import Entry, decode
from modellab.system import json_child
from modellab.types import Audio, CaseId, Result, Status, Utterance

CLIPS = 3  # utterances with sound: more would cost more than all the rest of a case


def answer(root: Path, order: Mapping[str, Any]) -> dict[str, str]:
    """The reply to one request."""
    if order["verb"] == "warm_up":
        with suppress(Exception):  # what is wrong shows at the first real page
            warm_up()
        return {}
    try:
        return {"page": render(root, decode(order["entry"])), "problem": ""}
    except Exception as problem:  # noqa: BLE001 - a page is for looking at: whatever is wrong with it, numbers go on
        reason = str(problem) if isinstance(problem, ExtraError) else f"{type(problem).__name__}: {problem}"
        return {"page": "", "problem": reason}


def render(root: Path, entry: Entry) -> str:
    """The page of an entry, from the datasets and baselines of the project at `root`."""
    project = _project(root)
    return page.render(entry, project.golden, page.accepted(project, entry), CLIPS)


def warm_up() -> None:
    """Draw a page of nothing, compress silence, align two words: that imports and compiles what others need."""
    utterance = Utterance("0", {"wer": (1.0, 1.0)}, {"text": "a"}, 0.1, 0.1, 1.0)
    nothing = Result(CaseId("asr", "none", "none", "none", "cpu", "float32"), (utterance,), {}, "", {})
    page.render(Entry(key=nothing.key, status=Status.PASS, session="", result=nothing), Path())
    audio.compressed(Audio(np.zeros(1600, np.float32), 16_000), 10_000)
    edit_distance.align("a", "b")
    for name in text.names():
        text.get(name)("a")


@functools.cache
def _project(root: Path) -> Project:
    return Project.at(root)


if __name__ == "__main__":
    json_child.run(functools.partial(answer, Path(sys.argv[1])), most_bytes=int(sys.argv[2]))
