"""python -m tools.performance.meetings: ask MeetEval for the errors of random meetings and write them down.

MeetEval has no wheels, so the tests compare with what is written here, and with MeetEval itself where it is installed:

    pip install --group references
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from modellab.metrics import meeting
from modellab.types import SpokenTurn
from tools.performance import draws
from tools.performance.draws import Session

RECORD = Path(__file__).parents[2] / "tests" / "metrics" / "meeteval.json"
SESSIONS = 2000
Errors = list[int]  # reference words, errors without times, errors with words at their time


def errors(session: Session) -> Errors:
    """What our metric counts."""
    plain = meeting.compare(session.reference, session.hypothesis).words
    timed = meeting.compare(session.reference, session.hypothesis, session.collar_s).words
    return [plain.reference_length, plain.errors, timed.errors]


def meetevals(session: Session) -> Errors:
    """What MeetEval counts."""
    from meeteval.wer.wer.cp import cp_word_error_rate
    from meeteval.wer.wer.time_constrained import tcp_word_error_rate

    logging.getLogger("preprocess").setLevel(logging.ERROR)  # it tells of speakers who overlap themselves
    sides = segments(session.reference), segments(session.hypothesis)
    plain, timed = cp_word_error_rate(*sides), tcp_word_error_rate(*sides, collar=session.collar_s)
    return [plain.length, plain.errors, timed.errors]


def inputs(n: int) -> str:
    """A name for the first so many random meetings: another one means that the record belongs to others."""
    return hashlib.sha256(repr(list(draws.sessions(n))).encode()).hexdigest()[:16]


def recorded() -> dict[str, Any]:
    """What MeetEval said: its `version`, the `inputs` it was asked about, `errors` of each meeting."""
    return dict(json.loads(RECORD.read_text(encoding="utf-8")))


def unlike(n: int, theirs: Iterable[Errors]) -> Iterator[str]:
    """The meetings of which we count something else."""
    for session, other in zip(draws.sessions(n), theirs, strict=True):
        if (own := errors(session)) != other:
            yield f"{session}: {own}, MeetEval {other}"


def segments(side: Iterable[SpokenTurn]) -> Any:
    """One side of a meeting as MeetEval's SegLST."""
    from meeteval.io import SegLST

    keys = ("start_time", "end_time", "speaker", "words")
    return SegLST([{"session_id": "meeting", **dict(zip(keys, turn, strict=True))} for turn in side])


def main() -> None:
    """Write the record, one meeting to a line."""
    lines = ",\n".join(json.dumps(meetevals(session)) for session in draws.sessions(SESSIONS))
    head = f'"version": "{importlib.metadata.version("meeteval")}",\n"inputs": "{inputs(SESSIONS)}"'
    RECORD.write_text(f'{{{head},\n"errors": [\n{lines}\n]}}\n', encoding="utf-8")
    print(f"{RECORD}: {SESSIONS} meetings")


if __name__ == "__main__":
    main()
