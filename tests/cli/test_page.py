"""`modellab page`: from the ledger to one HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modellab import datasets
from modellab.results.entry import Entry
from modellab.results.ledger import Ledger
from modellab.types import CaseId, Status

from ..make import PROVENANCE, asr_counts, name, result, utterance
from .conftest import Desk

KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")
CASE = "fake:one-short_v1-cpu-float32"


def measured(desk: Desk, session: str, *texts: str, **fields: Any) -> None:
    """A result in which the model said these texts."""
    digest = datasets.load(desk.root / "golden" / "short_v1").digest
    said = [
        utterance(f"{i:03}", asr_counts(1), {"text": text, "language": "en", "segments": []})
        for i, text in enumerate(texts)
    ]
    found = result(said, key=KEY, provenance={**PROVENANCE, "dataset_digest": digest})
    fields = {"result": found, "finished_at": f"2026-03-01T0{session[-1]}:00:00.000000+00:00", **fields}
    Ledger(desk.root / "mlruns", session).append(Entry(KEY, Status.PASS, session, **fields))


def test_the_newest_result_becomes_a_page(desk: Desk) -> None:
    measured(desk, "s1", "an old answer")
    measured(desk, "s2", "a new answer")
    done = desk.type("page", CASE)
    assert done.exit_code == 0, done.stderr
    file = desk.root / "mlruns" / "pages" / "fake_one-short_v1-cpu-float32.html"
    assert done.stdout.startswith(f"page: {file} (PASS, session s2, 0.")
    text = file.read_text(encoding="utf-8")
    assert "<i>new</i>" in text
    assert "<i>old</i>" not in text
    assert "data:audio/mpeg;base64," in text


def test_another_session_into_a_file_of_ones_own_without_sound(desk: Desk) -> None:
    measured(desk, "s1", "an old answer")
    measured(desk, "s2", "a new answer")
    done = desk.type("page", CASE, "--session", "S1", "-o", "deep/page.html", "--clips", "0")
    assert done.exit_code == 0, done.stderr
    text = Path("deep/page.html").read_text(encoding="utf-8")
    assert "<i>old</i>" in text
    assert "data:audio" not in text


def test_what_was_accepted_is_shown_beside(desk: Desk) -> None:
    accepted = desk.accept(CASE)
    Ledger(desk.root / "mlruns", "s1").append(Entry(KEY, Status.PASS, "s1", result=accepted))
    assert desk.type("page", CASE, "-o", "page.html").exit_code == 0
    assert "baseline</dt><dd>2026-11-21 the first" in Path("page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fake:one-short_v1-cpu-float32"], "has no result yet: `modellab run --model fake:one --dataset short_v1`"),
        (["fake:one-short_v2-cpu-float32"], "did you mean fake:one-short_v1-cpu-float32 or "),
    ],
)
def test_a_case_without_a_result_is_told(arguments: list[str], message: str, desk: Desk) -> None:
    done = desk.type("page", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_session_without_the_case_names_those_that_have_it(desk: Desk) -> None:
    measured(desk, "s1", name(0))
    done = desk.type("page", CASE, "--session", "s7")
    assert done.exit_code == 2
    assert f"no session 's7' has a result of {CASE}; the newest that have: s1" in done.stderr


def test_a_full_disk_is_named_with_the_file(desk: Desk) -> None:
    measured(desk, "s1", "an answer")
    done = desk.type("page", CASE, "-o", "/dev/full")
    assert (done.exit_code, done.stderr) == (2, "modellab: /dev/full cannot be written (No space left on device)\n")
