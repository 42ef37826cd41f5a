"""`modellab forget`: what goes is said first, nobody is taken by surprise, and everything comes back."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.results import forgetting, ledger

from .conftest import Desk
from .finished import BETTER, CASE, KEY, accept, measure

OTHER = dataclasses.replace(KEY, model="other")
LINES = 100
APPENDING = """
import dataclasses, sys
from pathlib import Path

from modellab.results import ledger

[entry] = [each for each in ledger.read(Path(sys.argv[1]))[0] if each.key.model != "other"]
going_on = ledger.Ledger(Path(sys.argv[1]), entry.session)
for number in range(int(sys.argv[2])):
    going_on.append(dataclasses.replace(entry, id=f"{number:032x}"))
"""
WHY = ("--because", "a wrong microphone", "--yes")


def stored(desk: Desk) -> list[str]:
    return [entry.key.model for entry in ledger.read(desk.root / "mlruns")[0]]


@pytest.fixture
def measured(desk: Desk) -> Desk:
    """Two results of one model and one of another, and what else lies in a ledger."""
    for key in (KEY, OTHER):
        measure(desk, BETTER, key=key)
    with next((desk.root / "mlruns" / "ledger").glob("*.jsonl")).open("ab") as file:
        file.write(b"cut o")
    return desk


def test_a_model_goes_and_comes_back(measured: Desk) -> None:
    before = stored(measured)
    done = measured.type("forget", "other", *WHY)
    assert done.exit_code == 0, done.stderr
    assert "other:one-short_v1-cpu-float32: 1 result\n1 result of 1 run" in done.stdout
    assert stored(measured) == [model for model in before if model != "other"]
    said = json.loads((measured.root / "mlruns" / "forgotten" / "why.jsonl.txt").read_text().splitlines()[0])
    assert said["because"] == "a wrong microphone"
    assert measured.type("forget", "--back").stdout == "back in the ledger: 1 result\n"
    assert sorted(stored(measured)) == sorted(before)


def test_a_dataset_goes_with_every_result_and_the_baselines_stay(measured: Desk) -> None:
    accept(measured)
    kept = sorted(path.read_bytes() for path in (measured.root / "baselines").rglob("*.json"))
    assert measured.type("forget", "--dataset", "short_v1", *WHY).exit_code == 0
    assert stored(measured) == []
    assert sorted(path.read_bytes() for path in (measured.root / "baselines").rglob("*.json")) == kept
    rest = b"".join(path.read_bytes() for path in (measured.root / "mlruns" / "ledger").glob("*.jsonl"))
    assert rest.strip() == b"cut o", "what is no result is nobody's to move"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((CASE,), 2, "say why with --because"),
        ((CASE, "--because", "x"), 1, "--yes agrees where nobody can be asked"),
        ((), 2, "what is to be forgotten?"),
        (("latest", *WHY), 2, "'latest' names no results to forget"),
        (("othr", *WHY), 2, "did you mean other?"),
        (("--dataset", "shrt_v1", *WHY), 2, "did you mean short_v1?"),
        (("other", "--back"), 2, "takes no names"),
    ],
)
def test_without_a_name_a_reason_and_consent_nothing_moves(
    measured: Desk, arguments: tuple[str, ...], status: int, said: str
) -> None:
    before = stored(measured)
    result = measured.type("forget", *arguments)
    assert result.exit_code == status
    assert said in result.stderr
    assert stored(measured) == before


def test_what_was_interrupted_half_way_ends_when_asked_again(measured: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stored(measured)
    with monkeypatch.context() as broken:
        broken.setattr(Path, "unlink", _refuse)
        broken.setattr(Path, "replace", _refuse)
        assert measured.type("forget", "other", *WHY).exit_code == 2
    assert stored(measured) == before
    assert measured.type("forget", "other", *WHY).exit_code == 0
    measured.type("forget", "--back")
    assert sorted(stored(measured)) == sorted(before)


def test_a_run_that_goes_on_loses_no_line(measured: Desk) -> None:
    """Results are taken from its file and given back again and again, while another process appends to it."""
    mlruns = measured.root / "mlruns"
    ids = {entry.id for entry in ledger.read(mlruns)[0] if entry.key.model == "other"}
    before = len(list((mlruns / "ledger").glob("*.jsonl")))
    writing = subprocess.Popen([sys.executable, "-c", APPENDING, str(mlruns), str(LINES)])
    while writing.poll() is None:
        forgetting.forget(mlruns, ids, "me", "a test")
        forgetting.bring_back(mlruns)
    assert writing.returncode == 0
    assert len(list((mlruns / "ledger").glob("*.jsonl"))) == before, "it went on in the session's own file"
    found = {entry.id for entry in ledger.read(mlruns)[0]}
    assert {f"{number:032x}" for number in range(LINES)} | ids <= found


def _refuse(path: Path, *_: object) -> None:
    raise OSError(28, "No space left on device", str(path))
