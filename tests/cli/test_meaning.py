"""`modellab meaning`: errors that change what is said, of a stored result, and nothing kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modellab.metrics.semantic import Same
from modellab.models import meaning_judge

from ..datasets.importers.layouts import lines, write
from ..integration.conftest import SENTENCES
from .conftest import Desk


def minds_names(folder: Path) -> Same:
    """A judge that minds nothing but another name."""
    assert folder.name == "folder"
    return lambda one, other: ("anna" in one.split()) == ("anna" in other.split())


@pytest.fixture
def scored(desk: Desk) -> str:
    """The name of a case with two errors, one of them in a name."""
    heard = [text.replace("play the", "play").replace("anna", "hannah") for text in SENTENCES]
    write(desk.root / "hyp.jsonl", lines([{"id": f"{i:03}", "text": text} for i, text in enumerate(heard)]))
    done = desk.type("score", "--dataset", "short_v1", "--hyp", "hyp.jsonl", "--model", "mine:v1")
    assert "mine:v1" in done.stdout, done.output
    (file,) = (desk.root / "mlruns" / "ledger").glob("*.jsonl")
    key = json.loads(file.read_text().splitlines()[-1])["key"]
    return f"{key['model']}:{key['variant']}-{key['dataset']}-{key['device']}-{key['precision']}"


def test_errors_that_change_the_meaning_are_told_and_nothing_is_kept(
    desk: Desk, scored: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning_judge, "judge", minds_names)
    before = {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file()}
    said = desk.type("meaning", scored, "--judge", "folder")
    assert said.exit_code == 0, said.output
    words = sum(len(text.split()) for text in SENTENCES)
    assert f"semantic WER {100 / words:.2f} %, WER {200 / words:.2f} %: 1 of 2 errors change the meaning" in said.stdout
    assert [line.split() for line in said.stdout.splitlines() if line.startswith("006")] == [["006", "anna", "hannah"]]
    assert "information only" in said.stdout
    assert {path: path.read_bytes() for path in desk.root.rglob("*") if path.is_file()} == before


def test_without_a_judge_one_sentence_says_what_one_is(desk: Desk, scored: str) -> None:
    said = desk.type("meaning", scored)
    assert said.exit_code == 2
    assert "there is no judge of meaning: name one with --judge FOLDER" in said.output
    missing = desk.type("meaning", scored, "--judge", "nowhere")
    assert "nowhere is no judge of meaning: there is no config.json in it" in missing.output
