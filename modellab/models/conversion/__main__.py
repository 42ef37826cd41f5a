"""python -m modellab.models.conversion SRC --to FORMAT --into FOLDER --named NAME: convert, and verify."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modellab.errors import ModellabError
from modellab.models.conversion import convert, verify


def main() -> int:
    """The command line; 1 with one sentence where it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m modellab.models.conversion", description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("--to", choices=convert.FORMATS, required=True)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--named", required=True)
    asked = parser.parse_args()

    def check(ours: Path, theirs: Path) -> None:
        sys.stdout.write(f"{verify.verify(ours, theirs, verify.CLIP)}\n")

    try:
        path = convert.convert(asked.source, asked.to, asked.into, asked.named, check)
    except ModellabError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
