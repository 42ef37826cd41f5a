"""What the benchmark of the server sends, and which figures its page holds to the aims."""

from __future__ import annotations

from pathlib import Path

from tools.serve_benchmark import page, recordings
from tools.serve_benchmark.recordings import ORDINARY, SHORT


def test_the_ordinary_recording_is_ten_clips_in_one_window_of_a_model(tmp_path: Path) -> None:
    sent = recordings.made(tmp_path)
    assert 2 < sent[SHORT].clip.duration_s < 4
    assert 25 < sent[ORDINARY].clip.duration_s < 30
    assert sent[ORDINARY].text.startswith(sent[SHORT].text)
    assert len(sent[ORDINARY].text.split()) > 9 * 4


def test_each_recording_has_its_rows_with_the_same_aims() -> None:
    lat = {"http_over_bare": 1.1, "openai_over_bare": 1.2, "http_minus_bare_ms": 3.0}
    through = {"mean_ratio": 0.97, "p95_over_bare_at_2": 1.1, **{n: {"ratio": int(n) / 70} for n in page.CLIENTS}}
    found = {"latency": {ORDINARY: lat, SHORT: lat}, "throughput": {ORDINARY: through, SHORT: through}}
    rows = {name: page.beside_bare(name, found) for name in (ORDINARY, SHORT)}
    assert [row[1:] for row in rows[ORDINARY]] == [row[1:] for row in rows[SHORT]]
    assert [value for _, value, *_ in rows[SHORT]] == [1.1, 1.2, 3.0, 0.97, 4 / 70, 1.1]
    assert all(name.startswith("short recording: ") for name, *_ in rows[SHORT])
