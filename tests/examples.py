"""Console examples of a page of the documentation, as a reader would follow them: files are written, commands run.

What a page shows below a command has to come, line for line in order; `...` is anything, blanks are any number of them.
A fence `console no-run` is left out; `# exit status 1` behind a command says that it ends so.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FILE_OR_CONSOLE = re.compile(
    r"^`(?P<file>[\w./]+)`:\n\n```\w+\n(?P<text>.*?)^```$|^```console\n(?P<console>.*?)^```$", re.MULTILINE | re.DOTALL
)
STATUS = re.compile(r"#.*exit status (\d+)")
TIMEOUT_S = 600
OURS = re.compile(r"CI|(?:GITHUB|MODELLAB|MLFLOW|PYTEST)_.*")  # variables that a reader's shell has not


@dataclass(frozen=True)
class Command:
    """A command line, the exit status that the page states, and the lines that it shows."""

    line: str
    status: int
    shown: tuple[str, ...]


def steps(page: str) -> Iterator[tuple[str, str] | Command]:
    """What a page tells its reader to do, in order: (file, text) to write, or a command to give."""
    for found in FILE_OR_CONSOLE.finditer(page):
        if found["file"]:
            yield found["file"], found["text"]
        else:
            yield from commands(found["console"])


def commands(block: str) -> Iterator[Command]:
    """The commands of one console block with what is shown below each."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, *shown = part.splitlines()
        status = STATUS.search(line)
        yield Command(line, int(status[1]) if status else 0, tuple(each for each in shown if each.strip()))


def missing(shown: tuple[str, ...], said: str) -> list[str]:
    """The lines shown that did not come, each looked for behind the one before it."""
    lines = [" ".join(line.split()) for line in said.splitlines()]
    at, lost = 0, []
    for line in (" ".join(each.split()) for each in shown):
        pattern = re.compile(".*".join(re.escape(piece) for piece in line.split("...")))
        if line.strip(". ") == "":
            continue
        place = next((i for i in range(at, len(lines)) if pattern.fullmatch(lines[i])), None)
        if place is None:
            lost.append(line)
        else:
            at = place + 1
    return lost


def follow(page: str, folder: Path, environment: dict[str, str]) -> int:
    """Do in `folder` what a page says; AssertionError where something else comes. How many commands there were."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    readers = {name: value for name, value in os.environ.items() if not OURS.fullmatch(name)}
    environment = {**readers, **environment, "PATH": path}
    count = 0
    for step in steps(page):
        if isinstance(step, tuple):
            file = folder / step[0]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(step[1], encoding="utf-8")
            continue
        done = subprocess.run(
            ["bash", "-c", step.line],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
        )
        assert done.returncode == step.status, f"$ {step.line}\n{done.stdout}"
        assert missing(step.shown, done.stdout) == [], f"$ {step.line}\n{done.stdout}"
        count += 1
    return count
