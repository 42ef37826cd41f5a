"""`modellab score` of models that ran elsewhere and say how sure they were of each word."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..datasets.importers.layouts import lines, write
from ..integration.conftest import SENTENCES, length
from .conftest import Desk


def values(desk: Desk, file: str) -> dict[str, Any]:
    done = desk.type("score", "--dataset", "short_v1", "--hyp", file)
    assert done.exit_code == 0, done.output
    (ledger,) = (desk.root / "mlruns" / "ledger").glob("*.jsonl")
    return json.loads(ledger.read_text().splitlines()[-1])["values"]  # type: ignore[no-any-return]


def test_json_lines_with_confidences(desk: Desk) -> None:
    rows = [
        {"id": f"{i:03}", "text": text, "confidences": [[word, 0.75] for word in text.split()]}
        for i, text in enumerate(SENTENCES)
    ]
    write(desk.root / "hyp.jsonl", lines(rows))
    found = values(desk, "hyp.jsonl")
    assert (found["wer"], found["ece"], found["wer_at_80_coverage"]) == (0, pytest.approx(0.25), 0)
    assert found["confidence_auroc"] is None


@pytest.mark.parametrize(("field", "known"), [("0.75", True), ("NA", False), ("", False), ("7", False)])
def test_the_sixth_field_of_a_ctm_is_a_confidence(desk: Desk, field: str, known: bool) -> None:
    words = [
        f"{i:03} 1 {k * 0.1:.2f} 0.1 {word} {field}\n" for i, text in enumerate(SENTENCES)
        for k, word in enumerate(text.split()) if k * 1600 < length(i)
    ]  # fmt: skip
    write(desk.root / "hyp.ctm", "".join(words))
    found = values(desk, "hyp.ctm")
    assert found["wer"] == 0
    assert (found.get("ece") is not None) == known
    if known:
        assert found["ece"] == pytest.approx(0.25)


def test_what_is_no_list_of_confidences_names_the_line(desk: Desk) -> None:
    rows = [{"id": f"{i:03}", "text": text, "confidences": [0.5]} for i, text in enumerate(SENTENCES)]
    write(desk.root / "hyp.jsonl", lines(rows))
    done = desk.type("score", "--dataset", "short_v1", "--hyp", "hyp.jsonl")
    assert done.exit_code == 2
    assert "confidences are [0.5], expected [[word, probability], ...]" in done.output
