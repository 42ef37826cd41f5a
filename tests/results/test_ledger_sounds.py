"""A ledger that somebody else has written cannot make this machine show or send other files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.results import ledger
from modellab.results.entry import Entry, encode
from modellab.results.ledger import Ledger
from modellab.results.serialization import dumps
from modellab.tracking import artifacts

from ..make import KEY, result, utterance


def entry(path: Path) -> Entry:
    output = {"text": "x", "audio": {"audio": str(path), "rate_hz": 16_000, "duration_s": 1.0}}
    return Entry(KEY, "NEW", "s1", result=result([utterance("a", {"wer": (1.0, 2.0)}, output)]))  # type: ignore[arg-type]


@pytest.mark.parametrize("inside", [True, False])
def test_only_saved_audio_is_attached(tmp_path: Path, inside: bool) -> None:
    mlruns = tmp_path / "mlruns"
    path = mlruns / "audio" / "s1" / "case" / "a.flac" if inside else tmp_path / "private.flac"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"private")
    Ledger(mlruns, "s1").append(entry(path))
    entries, warnings = ledger.read(mlruns)
    artifacts.write(tmp_path / "artifacts", entries)
    attached = [found.name for found in (tmp_path / "artifacts" / "audio").rglob("*") if found.is_file()]
    if inside:
        assert (attached, warnings) == (["a.flac"], [])
    else:
        assert attached == []
        assert warnings == [f"s1.jsonl, line 1: {str(path)!r} is no saved audio of this project: left alone"]
    assert [each.id for each in entries], "the result itself is kept"


def test_another_machines_sounds_are_only_gone(tmp_path: Path) -> None:
    Ledger(tmp_path, "s1").append(entry(tmp_path / "other" / "a.flac"))
    (found,), warnings = ledger.read(tmp_path)
    assert warnings == []
    assert json.loads(dumps(encode(found)))["result"]["utterances"][0]["output"]["text"] == "x"
    assert replace(found, result=None) == replace(found, result=None)
