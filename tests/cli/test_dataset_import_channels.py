"""`modellab datasets import` of recordings with several channels, and of stretches of them."""

from __future__ import annotations

import numpy as np
import soundfile

from modellab import audio, datasets

from ..datasets.importers import layouts
from .conftest import Desk


def loaded(desk: Desk, name: str) -> datasets.Dataset:
    return datasets.load(desk.root / "golden" / name)


def test_stretches_and_channels_are_referred_to(desk: Desk) -> None:
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (32_000, 2))
    folder = desk.root / "data"
    folder.mkdir()
    soundfile.write(folder / "call.flac", noise, 16_000, subtype="PCM_16")
    rows = [
        {"audio": "call.flac", "text": "first", "channel": 0, "start": 0.25, "end": 0.75, "id": "a"},
        {"audio": "call.flac", "text": "second", "channel": 1, "start": 0.25, "end": 0.75, "id": "b"},
    ]
    layouts.write(folder / "rows.jsonl", layouts.lines(rows))
    assert desk.type("datasets", "import", str(folder), "--into", "calls_v1", "--language", "en").exit_code == 0
    new = loaded(desk, "calls_v1")
    assert [row["duration_s"] for row in new.rows] == [0.5, 0.5]
    whole, _ = audio.read_channels(folder / "call.flac")
    for row, channel in zip(new.rows, (0, 1), strict=True):
        assert np.array_equal(audio.read(row["audio"]).samples, whole[4_000:12_000, channel])
    text = (desk.root / "golden" / "calls_v1" / "dataset.yaml").read_text()
    assert 'audio: "../../data/call.flac", duration_s: 0.5, start_s: 0.25, end_s: 0.75, channel: 0' in text
    assert 'import:\n  format: "table"\n' in text
    assert not (desk.root / "golden" / "calls_v1" / "audio").exists()
    mixed = desk.type("datasets", "import", str(folder), "--into", "mixed_v1", "--language", "en", "--channel", "mix")
    assert mixed.exit_code == 1
    assert "a has another reference than rows.jsonl, line 2 has for the same clip" in mixed.stdout


def test_a_row_of_each_channel_where_rows_name_none(desk: Desk) -> None:
    folder = desk.root / "data"
    folder.mkdir()
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, (16_000, 3))
    soundfile.write(folder / "array.flac", noise, 16_000, subtype="PCM_16")
    soundfile.write(folder / "mono.flac", noise[:, 0], 16_000, subtype="PCM_16")
    rows: list[dict[str, object]] = [
        {"audio": "array.flac", "text": "hello there"},
        {"audio": "array.flac", "text": "one of them", "channel": 1, "start": 0.25, "end": 0.75, "id": "own"},
        {"audio": "mono.flac", "text": "good morning"},
        {"audio": "gone.flac", "text": "nobody"},
    ]
    layouts.write(folder / "rows.jsonl", layouts.lines(rows))
    how = ("--language", "en", "--channel", "all", "--max-left-out", "50%")
    made = desk.type("datasets", "import", str(folder), "--into", "array_v1", *how)
    assert made.exit_code == 0, made.output
    assert "4 read, 1 left out, 5 sound" in made.stdout
    assert "the mean is heard" not in made.stdout
    found = {row["id"]: row for row in loaded(desk, "array_v1").rows}
    assert sorted(found) == ["array-ch0", "array-ch1", "array-ch2", "mono", "own"]
    whole, _ = audio.read_channels(folder / "array.flac")
    for channel in range(3):
        assert np.array_equal(audio.read(found[f"array-ch{channel}"]["audio"]).samples, whole[:, channel])
    assert {found[f"array-ch{channel}"]["text"] for channel in range(3)} == {"hello there"}
    again = desk.type("datasets", "import", "array_v1", "--again", "--into", "array_v2")
    assert "since then: nothing changed" in again.stdout
