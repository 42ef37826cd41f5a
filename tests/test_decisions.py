"""The decision records: each is in the index under its title, and has every part."""

from __future__ import annotations

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs/decisions"
RECORDS = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_every_decision_is_in_the_index_under_its_title_and_has_every_part() -> None:
    table = re.findall(
        r"^\| \[(\d{4})\]\((\S+)\) \| (.+) \|$", (FOLDER / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert [name for _, name, _ in table] == [path.name for path in RECORDS]
    for number, name, title in table:
        lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
        assert lines[0] == f"# {number}: {title}"
        assert re.match(r"Status: (accepted|replaced by \d{4})\. Date: \d{4}-\d\d-\d\d\b", lines[2])
        assert [line for line in lines if line.startswith("## ")] == [
            "## Context",
            "## Decision",
            "## Rejected",
            "## Consequences",
        ]
