"""What `modellab datasets import` tells of rows that it keeps: each kind moves its own sentence alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ..datasets.importers import layouts
from .conftest import Desk

RATE_HZ = 16_000
LOUD, SOFT = 4.0, 0.3
SENTENCES = {
    "narrow": "row below 16 kHz (a1): is that what the model will hear?",
    "clipped": "row clipped (a1): recorded too loud?",
    "digits": "text mostly in digits, which the others hardly have (a1): are numbers written alike?",
    "copies": "pair of clips with one speaker, text and length (a1 and b1): is one a copy?",
}
TEXTS = {"a1": "we go home", "b1": "they stay here", "c1": "nobody knows", "d1": "all of us"}


def clip(folder: Path, id: str, seconds: float, gain: float = SOFT, rate_hz: int = RATE_HZ) -> None:
    """A tone of its own for each name; a gain above 1 clips it."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    tone = np.clip(gain * np.sin(2 * np.pi * (200 + 40 * ord(id[0])) * time_s), -1, 1)
    folder.mkdir(parents=True, exist_ok=True)
    soundfile.write(folder / f"{id}.wav", tone, rate_hz, subtype="PCM_16")


def imported(desk: Desk, rows: dict[str, dict[str, object]], *more: str) -> str:
    """What an import of these rows says."""
    table = [{"audio": f"{id}.wav", "id": id, **row} for id, row in rows.items()]
    place = layouts.write(desk.root / "data" / "table.jsonl", layouts.lines(table))
    made = desk.type("datasets", "import", str(place), "--into", "new_v1", "--language", "en", *more)
    assert made.exit_code == 0, made.output
    return made.stdout


@pytest.mark.parametrize("kind", ["", *SENTENCES])
def test_what_is_odd_about_a_row_is_told_and_the_row_is_kept(desk: Desk, kind: str) -> None:
    rows: dict[str, dict[str, object]] = {}
    for number, (id, text) in enumerate(TEXTS.items()):
        clip(desk.root / "data", id, 1.0 + 0.1 * number)
        rows[id] = {"text": text, "speaker": "ann"}
    if kind == "narrow":
        clip(desk.root / "data", "a1", 1.0, rate_hz=8000)
    if kind == "clipped":
        clip(desk.root / "data", "a1", 1.0, gain=LOUD)
    if kind == "digits":
        rows["a1"]["text"] = "4 0 7 1"
    if kind == "copies":
        clip(desk.root / "data", "b1", 1.004)
        rows["b1"]["text"] = "We go  home"
    told = imported(desk, rows)
    assert {name for name, sentence in SENTENCES.items() if f"1 {sentence}" in told} == ({kind} if kind else set())
    assert "4 read, 0 left out" in told


@pytest.mark.parametrize(
    ("texts", "is_told"),
    [
        (["17", "42", "8", "99"], False),  # a set of numbers
        (["in 1999", "17", "we go", "you stay"], False),  # figures are how this set writes numbers
        (["17", "we go", "you stay", "they run"], True),
        (["call 5 of us", "we go", "you stay", "they run"], False),
    ],
)
def test_digits_are_odd_where_nobody_else_writes_them(desk: Desk, texts: list[str], is_told: bool) -> None:
    for number, id in enumerate(TEXTS):
        clip(desk.root / "data", id, 1.0 + 0.1 * number)
    told = imported(desk, {id: {"text": text} for id, text in zip(TEXTS, texts, strict=True)})
    assert ("mostly in digits" in told) == is_told


@pytest.mark.parametrize(
    ("second", "seconds", "is_told"),
    [
        ({"text": "we go home", "speaker": "bob"}, 1.004, False),  # another person
        ({"text": "we go home", "speaker": "ann"}, 1.02, False),  # said twice
        ({"text": "we went home", "speaker": "ann"}, 1.004, False),
        ({"text": "we go home"}, 1.004, False),  # nobody knows who
        ({"text": "we go home", "speaker": "ann"}, 1.0, True),
    ],
)
def test_copies_have_one_speaker_one_text_and_one_length(
    desk: Desk, second: dict[str, object], seconds: float, is_told: bool
) -> None:
    clip(desk.root / "data", "a1", 1.0)
    clip(desk.root / "data", "b1", seconds)
    told = imported(desk, {"a1": {"text": "we go home", "speaker": "ann"}, "b1": second})
    assert ("is one a copy?" in told) == is_told


def test_no_name_stands_in_what_is_told_of_private_rows(desk: Desk) -> None:
    clip(desk.root / "data", "a1", 1.0, gain=LOUD, rate_hz=8000)
    clip(desk.root / "data", "b1", 1.0)
    rows: dict[str, dict[str, object]] = {id: {"text": "we go home", "speaker": "ann"} for id in ("a1", "b1")}
    told = imported(desk, rows, "--private")
    assert "1 row clipped: recorded too loud?" in told
    assert "1 pair of clips with one speaker, text and length: is one a copy?" in told
