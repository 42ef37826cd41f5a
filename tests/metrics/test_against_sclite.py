"""The alignment of marked references, against what NIST's sclite counted."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest

from modellab.annotations import markup
from modellab.metrics.graph_alignment import SCLITE, align
from modellab.types.word_graph import graph, line

RECORDED = Path(__file__).parent / "sclite.tsv"  # by sclite 2.10 (SCTK 1.3) -F -D, of made-up texts with its marks
FOLDERS = (None, "/usr/lib/sctk/bin")  # where Debian's package sctk has it
FOUND = [path for folder in FOLDERS if (path := shutil.which("sclite", path=folder))]
Counts = tuple[int, ...]


def own_counts(reference: str, hypothesis: str) -> Counts:
    words = align(graph(markup.parsed(reference), str.split), line(hypothesis.split()), SCLITE).words
    return words.hits, words.substitutions, words.deletions, words.insertions


def weighted_errors(counts: Counts) -> int:
    return 4 * counts[1] + 3 * (counts[2] + counts[3])


def recorded_by_sclite() -> list[tuple[str, str, Counts]]:
    with RECORDED.open() as table:
        _, *rows = csv.reader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(reference, hypothesis, tuple(map(int, counts))) for reference, hypothesis, *counts in rows]


def test_every_count_is_sclites() -> None:
    """Of paths with the same weight it may take another one: one in several hundred texts."""
    other = [(pair, found) for *pair, counts in recorded_by_sclite() if (found := own_counts(*pair)) != counts]
    assert len(recorded_by_sclite()) == 250
    assert len(other) <= 1, other
    assert [weighted_errors(own_counts(*pair)) for *pair, _ in recorded_by_sclite()] == [
        weighted_errors(counts) for *_, counts in recorded_by_sclite()
    ]


@pytest.mark.skipif(not FOUND, reason="needs sclite (Debian: sctk): the recorded counts are compared in any case")
def test_the_record_is_what_sclite_counts(tmp_path: Path) -> None:
    for name, side in (("reference", 0), ("hypothesis", 1)):
        lines = [f"{pair[side]} (s-{number:03d})\n" for number, pair in enumerate(recorded_by_sclite())]
        (tmp_path / f"{name}.trn").write_text("".join(lines))
    command = [FOUND[0], "-r", "reference.trn", "trn", "-h", "hypothesis.trn", "trn", "-i", "spu_id", "-F", "-D"]
    done = subprocess.run([*command, "-o", "pra", "stdout"], cwd=tmp_path, capture_output=True, text=True, check=True)
    scores = [line.split(")")[-1].split() for line in done.stdout.splitlines() if line.startswith("Scores:")]
    assert [tuple(map(int, counts)) for counts in scores] == [counts for *_, counts in recorded_by_sclite()]
