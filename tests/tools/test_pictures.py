"""Pictures of the documentation: what is committed is small and used; how a recording of a terminal is drawn."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tools.pictures import drawing, terminal
from tools.pictures.terminal import Line

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 1_500_000  # all that the tool makes
LINES = [
    Line(0.5, "$ modellab run", is_command=True),
    Line(2.0, "wer <b> REGRESSED"),
    Line(59.0, "1 regression in 1 case"),
]


def made() -> list[Path]:
    return [*(IMAGES / "pages").glob("*.webp"), IMAGES / "first-run.cast", IMAGES / "first-run.svg"]


def test_the_pictures_are_small_and_each_is_shown_somewhere() -> None:
    assert len(made()) >= 10
    assert sum(path.stat().st_size for path in made()) < MOST_BYTES
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    assert [path.name for path in made() if path.name not in text] == []


def test_the_recording_takes_about_a_minute() -> None:
    header, *events = map(json.loads, (IMAGES / "first-run.cast").read_text(encoding="utf-8").splitlines())
    assert (header["version"], header["width"]) == (2, terminal.COLUMNS)
    times = [at_s for at_s, _, _ in events]
    assert times == sorted(times)
    assert 30 < times[-1] < 90
    assert any("REGRESSED" in text for _, _, text in events)


def test_a_recording_is_what_asciinema_reads() -> None:
    header, first, *_ = map(json.loads, terminal.cast(LINES).splitlines())
    assert header["version"] == 2
    assert first == [0.5, "o", "$ modellab run\r\n"]


def test_a_drawing_has_every_line_and_loads_nothing() -> None:
    text = drawing.svg(LINES)
    tree = ElementTree.fromstring(text)
    assert ["".join(each.itertext()) for each in tree.iter("{http://www.w3.org/2000/svg}text")] == [
        line.text for line in LINES
    ]
    assert re.findall(r"https?://(?!www\.w3\.org)", text) == []
    assert "script" not in text


def test_each_line_moves_the_text_up_when_it_comes() -> None:
    text = drawing.svg(LINES)
    *heights, still = [int(y) for y in re.findall(r"translateY\((-?\d+)px\)", text)]
    assert heights == [drawing.HEIGHT * (terminal.ROWS - i) for i in range(4)]
    assert still == heights[-1], "where nothing moves the last screen stands"
