"""python -m tools.mutants: of a random sample of small changes, how many do a room's own tests see?

    python -m tools.mutants gate --seed 2 --count 20

The room's tests are `tests/<room>` (of text also `tests/test_text*.py`); a change in a function is put to those that
call it, another to all. A change counts as seen where one fails or comes to no end. Changes that change nothing anyone
could see are named, with their reason, in `equivalents.yaml`, and do not count. Exit status 1 below the target.
"""

from __future__ import annotations

import argparse
import difflib
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

SET = {"CI": "true", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # CI: hypothesis draws the same each time
ROOMS = ("gate", "metrics", "stats", "text")
TARGET = 0.85
EQUIVALENTS = Path(__file__).with_name("equivalents.yaml")
os.environ.update(SET)  # read when hypothesis and numpy are imported

from tools.mutants.changes import Change, changes  # noqa: E402
from tools.mutants.trial import ROOT, copied, seen, unchanged  # noqa: E402


@dataclass(slots=True)
class Tally:
    """What came of a room's sample."""

    seen: int = 0
    unseen: list[Change] = field(default_factory=list)
    equivalent: int = 0

    @property
    def share(self) -> float:
        """Seen of all but the equivalent, 0 to 1; 1 where there was none."""
        tried = self.seen + len(self.unseen)
        return self.seen / tried if tried else 1.0


def main(arguments: list[str] | None = None) -> int:
    """Try each room, print what went unseen, and say which is below the target."""
    options = parser().parse_args(arguments)
    known, tallies = equivalents(), {}
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, copied(Path(folder).resolve()) as copy:
        for room in options.rooms or ROOMS:
            tests = unchanged(copy, folders(room))
            tally = tallies[room] = Tally()
            sample = drawn(room, options.seed, options.count)
            for i, change in enumerate(sample, start=1):
                began, word = time.monotonic(), "equivalent"
                if change.key in known:
                    tally.equivalent += 1
                elif seen(copy, change, tests):
                    tally.seen, word = tally.seen + 1, "seen"
                else:
                    tally.unseen.append(change)
                    word = "UNSEEN"
                took = f"{time.monotonic() - began:.1f} s"
                print(f"{i}/{len(sample)} {word}, {took}: {change.file}:{change.line}: {change.after.strip()}")
                sys.stdout.flush()
    for change in (change for tally in tallies.values() for change in tally.unseen):
        print("\n" + difference(change))
    print()
    for room, tally in tallies.items():
        print(
            f"{room}: {tally.share:.0%} seen ({tally.seen} of {tally.seen + len(tally.unseen)}, "
            f"{tally.equivalent} equivalent beside them), seed {options.seed}"
        )
    return int(any(tally.share < TARGET for tally in tallies.values()))


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__.split("\n")[0])
    made.add_argument("rooms", nargs="*", help=f"packages right under modellab/ (default: {' '.join(ROOMS)})")
    made.add_argument("--seed", type=int, default=1, help="of the draw (default: 1)")
    made.add_argument("--count", type=int, default=40, help="changes per room (default: 40)")
    return made


def folders(room: str) -> list[str]:
    """The room's own tests."""
    tests = [f"tests/{room}"] if (ROOT / "tests" / room).is_dir() else []
    tests += [f"tests/{path.name}" for path in sorted((ROOT / "tests").glob(f"test_{room}*.py"))]
    if not tests or not (ROOT / "modellab" / room).is_dir():
        raise SystemExit(f"{room} is no package right under modellab/ with tests of its own in tests/{room}")
    return tests


def drawn(room: str, seed: int, count: int) -> list[Change]:
    """A sample of a room's changes, all equally likely; the same for the same seed and sources."""
    every = [
        change
        for path in sorted((ROOT / "modellab" / room).rglob("*.py"))
        for change in changes(path.relative_to(ROOT).as_posix(), path.read_bytes())
    ]
    return random.Random(f"{seed} {room}").sample(every, min(count, len(every)))


def equivalents() -> dict[tuple[str, str, str], str]:
    """Why a change cannot be seen, by file and the lines before and after it."""
    listed = yaml.safe_load(EQUIVALENTS.read_text(encoding="utf-8"))
    return {
        (file, " ".join(entry["before"].split()), " ".join(entry["after"].split())): entry["why"]
        for file, entries in listed.items()
        for entry in entries
    }


def difference(change: Change) -> str:
    """The change as a diff without context."""
    lines = difflib.ndiff(change.before.splitlines(), change.after.splitlines())
    return "\n".join([f"{change.file}:{change.line}", *(line for line in lines if line[0] in "-+")])


if __name__ == "__main__":
    sys.exit(main())
