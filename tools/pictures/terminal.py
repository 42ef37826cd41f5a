"""A recording of a terminal: the tutorial's commands, what they print and when, as asciinema plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from tests import examples

COLUMNS, ROWS = 138, 30
LONGEST_WAIT_S = 1.2  # between two lines: nobody watches a model load
TYPING_S, READING_S = 0.7, 2.6  # for a command, after its last line
PROMPT = "$ "


@dataclass(frozen=True)
class Line:
    """A line that appears at `at_s` after the beginning."""

    at_s: float
    text: str
    is_command: bool = False


def recorded(tutorial: Path, folder: Path) -> list[Line]:
    """What the terminal shows while somebody follows the tutorial to where it is red, with waits cut short."""
    lines: list[Line] = []
    now_s = 0.5
    steps = examples.steps(tutorial.read_text(encoding="utf-8"))
    for step in islice(steps, 1, None):  # the first asks for the version
        if isinstance(step, tuple):
            path = folder / step[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step[1], encoding="utf-8")
            now_s = _told(lines, now_s, f"# {step[0]}: see the tutorial")
            continue
        now_s = _told(lines, now_s, step.line, is_command=True) + TYPING_S
        for wait_s, text in _run(step.line, folder):
            now_s += min(wait_s, LONGEST_WAIT_S)
            lines.append(Line(now_s, text[:COLUMNS]))
        now_s += READING_S
        if step.status:
            break
    return lines


def _told(lines: list[Line], now_s: float, text: str, *, is_command: bool = False) -> float:
    lines.append(Line(now_s, f"{PROMPT}{text}"[:COLUMNS], is_command=is_command))
    return now_s + TYPING_S


def _run(command: str, folder: Path) -> list[tuple[float, str]]:
    """Each line that a command prints, with the seconds since the one before."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": str(COLUMNS), "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    words = ["bash", "-c", command.replace("modellab run", "modellab run -q --no-header")]
    process = subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout
    timed, before_s = [], time.monotonic()
    for line in process.stdout:
        timed.append((time.monotonic() - before_s, line.rstrip("\n")))
        before_s = time.monotonic()
    process.wait()
    return timed


def cast(lines: list[Line]) -> str:
    """The recording as a file of asciinema's format, version 2."""
    header = {"version": 2, "width": COLUMNS, "height": ROWS, "title": "modellab: from nothing to a red verdict"}
    events = [[round(line.at_s, 2), "o", f"{line.text}\r\n"] for line in lines]
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in (header, *events))
