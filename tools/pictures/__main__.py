"""`python -m tools.pictures`: see the package."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tools import pictures
from tools.pictures import drawing, mlflow, taking, terminal

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Take the pictures, or record the terminal."""
    parser = argparse.ArgumentParser(description=pictures.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terminal", action="store_true")
    parser.add_argument("--mlflow", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modellab-pictures-") as folder:
        if asked.terminal:
            recording = terminal.recorded(ROOT / "docs" / "tutorial.md", Path(folder))
            (IMAGES / "first-run.cast").write_text(terminal.cast(recording), encoding="utf-8")
            (IMAGES / "first-run.svg").write_text(drawing.svg(recording), encoding="utf-8")
        else:
            mine = mlflow.all_of_them(Path(folder), IMAGES) if asked.mlflow else None
            for path in mine or taking.all_of_them(Path(folder), IMAGES / "pages"):
                print(path.relative_to(ROOT), f"{path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
