"""A file of the ledger that holds something else."""

from __future__ import annotations

from pathlib import Path

from modellab.results import ledger
from modellab.results.ledger import Ledger

from .test_ledger import entry


def test_a_file_of_something_else_is_told_in_few_words(tmp_path: Path) -> None:
    book, mine = Ledger(tmp_path, "s1"), entry()
    book.append(mine)
    with book.path.open("ab") as file:
        file.write(b"\xff\n" * 40)

    entries, warnings = ledger.read(tmp_path)

    assert entries == [mine]
    assert len(warnings) == ledger.MOST_TOLD + 1
    assert warnings[-1] == "s1.jsonl: 35 more of its 42 lines are not results: left out"
