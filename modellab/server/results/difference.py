"""What a file would change by, as `git diff` shows it, for whoever is about to write it."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

MOST_LINES = 400  # of one file
CONTEXT = 2  # lines around what changes
NONE = "/dev/null"


def of(root: Path, path: Path, after: str) -> dict[str, Any]:
    """How a file below `root` would change if it held `after`: its `path`, the `diff`, and how many `further_lines`."""
    name = path.relative_to(root) if path.is_relative_to(root) else path
    old = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = (f"a/{name}" if old else NONE, f"b/{name}")
    lines = list(difflib.unified_diff(old, after.splitlines(), *names, n=CONTEXT, lineterm=""))
    return {"path": str(name), "diff": lines[:MOST_LINES], "further_lines": max(0, len(lines) - MOST_LINES)}
