"""python -m tools.golden NAME... | --all [--into golden]: make golden datasets again, each in a fresh process."""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
from pathlib import Path

from tools.golden.write import write

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def names() -> list[str]:
    """Every dataset that can be made: the modules of this folder whose name ends in a version."""
    return sorted(path.stem for path in HERE.glob("*.py") if re.search(r"_v\d+$", path.stem))


def make(name: str, into: Path) -> None:
    """Make one dataset in this process, which must not have spoken before (see tools/speech/espeak.py)."""
    module = importlib.import_module(f"tools.golden.{name}")
    into.mkdir(parents=True, exist_ok=True)
    if hasattr(module, "make"):  # not from clips in memory
        module.make(into / name)
        return
    size_bytes = write(into / name, module.HEADER, module.clips())
    print(f"{into / name}: {size_bytes / 1e6:.2f} MB")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.golden", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(names())}")
    parser.add_argument("--all", action="store_true", help="every dataset")
    parser.add_argument("--into", type=Path, default=ROOT / "golden", help="where the dataset folders go")
    asked = parser.parse_args()
    chosen = names() if asked.all else asked.names
    if not chosen or set(chosen) - set(names()):
        parser.error(f"name one or more of {', '.join(names())}, or --all")
    if len(chosen) == 1:
        make(chosen[0], asked.into)
        return
    for name in chosen:
        subprocess.run([sys.executable, "-m", "tools.golden", name, "--into", str(asked.into)], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
