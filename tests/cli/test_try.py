"""`modellab try`: one's own recordings through models, before anything is set up."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modellab.models.weights import Source
from modellab.reports import tried
from modellab.runner import transcribe

from .conftest import Desk
from .test_transcribe import behave


@pytest.fixture
def recordings(desk: Desk) -> Path:
    """Two clips that the fake knows: one has a text beside it with one wrong word, the other has none."""
    folder = desk.root / "mine"
    folder.mkdir()
    shutil.copy(desk.audio(0), folder / "first.flac")
    shutil.copy(desk.audio(6), folder / "second.flac")
    (folder / "first.txt").write_text("Turn on the bathroom light!")
    return folder


def test_a_line_for_each_recording_then_the_figures(desk: Desk, recordings: Path) -> None:
    result = desk.type("try", "mine", "--model", "fake", "--no-page")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[:2] == [
        "first.flac\tfake:one\t20.00 %\tturn on the kitchen light",
        "second.flac\tfake:one\t-\tcall anna tonight",
    ]
    figures = next(line for line in lines if line.startswith("fake:one ")).split()
    assert figures[1:6] == ["cpu-float32", "20.00", "%", "1", "of"]
    assert "2 recordings, 1 with a text beside it" in result.stderr
    assert not (desk.root / "mlruns").exists()


def test_json_has_everything_and_nothing_else_is_on_stdout(desk: Desk, recordings: Path) -> None:
    told = json.loads(desk.type("try", "mine", "--model", "fake", "--json", "--no-page").stdout)
    assert [each["reference"] for each in told["recordings"]] == ["Turn on the bathroom light!", None]
    (model,) = told["models"]
    assert (model["model"], model["wer"], model["failed"]) == ("fake:one", 0.2, 0)
    assert [each["wer"] for each in model["heard"]] == [0.2, None]
    assert model["rtf"] > 0
    assert model["peak_rss_bytes"] > 10**6


def test_a_file_with_its_text(desk: Desk, recordings: Path) -> None:
    result = desk.type("try", "mine/first.flac", "--model", "fake", "--no-page")
    assert result.stdout.startswith("first.flac\tfake:one\t20.00 %\t")


def test_the_page_has_transcripts_sound_and_errors_of_each_model(desk: Desk, recordings: Path) -> None:
    desk.model("other")
    result = desk.type("try", "mine", "--model", "fake", "--model", "other")
    assert result.exit_code == 0
    page = (desk.root / "modellab-try.html").read_text()
    assert page.count("data:audio/") == 2
    assert page.count("turn on the kitchen light") == 2
    assert page.count("<b>S</b>") == 2
    assert "Turn on the bathroom light!" in page
    assert desk.type("try", "mine", "--model", "fake").exit_code == 0  # its own page may be written over


def test_sound_without_room_in_the_page_is_played_from_beside_it(
    desk: Desk, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tried, "BUDGET_BYTES", 0)
    (recordings / "second.flac").rename(recordings / "second: a call.flac")
    assert desk.type("try", "mine", "--model", "fake").exit_code == 0
    page = (desk.root / "modellab-try.html").read_text()
    assert "data:audio/" not in page
    assert page.count("<audio") == 1
    assert 'src="mine/first.flac"' in page
    assert page.count("no room for more sound in this page") == 1, "its name has a colon, which begins a scheme"


def test_a_page_that_is_not_its_own_is_left_alone(desk: Desk, recordings: Path) -> None:
    Path("modellab-try.html").write_text("my thesis")
    result = desk.type("try", "mine", "--model", "fake")
    assert result.exit_code == 2
    assert "is no page of `modellab try`" in result.stderr
    assert Path("modellab-try.html").read_text() == "my thesis"


def test_a_recording_that_cannot_be_read_does_not_cost_the_others(desk: Desk, recordings: Path) -> None:
    (recordings / "broken.wav").write_bytes(b"no sound at all " * 100)
    result = desk.type("try", "mine", "--model", "fake", "--no-page")
    assert result.exit_code == 0
    told = {line.split("\t")[0]: line.split("\t")[-1] for line in result.stdout.splitlines() if "\t" in line}
    assert told["second.flac"] == "call anna tonight"
    assert "is it really an audio file" in told["broken.wav"]


def test_a_model_that_hears_nothing_at_all_is_status_2(desk: Desk, recordings: Path) -> None:
    behave(desk, raise_always=True)
    result = desk.type("try", "mine", "--model", "fake", "--no-page")
    assert result.exit_code == 2
    assert "the decoder lost its way" in result.stdout


def test_the_first_recordings_are_told_to_be_the_first(desk: Desk, recordings: Path) -> None:
    result = desk.type("try", "mine", "--model", "fake", "--first", "1", "--no-page")
    assert result.stdout.count("\tfake:one\t") == 1
    assert "2 recordings, the first 1 are heard (--first 0 takes all)" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere",), "there is no file or folder called nowhere"),
        (("void",), "void holds no recordings: expected audio"),
        (("mine", "--model", "fake", "--model", "fake"), "--model fake is named twice"),
        (("mine", "--model", "fkae"), "did you mean fake?"),
        (("mine", "--model", "fake", "--language", "klingonese"), "klingonese"),
    ],
)
def test_what_cannot_be_is_one_sentence(desk: Desk, recordings: Path, arguments: tuple[str, ...], said: str) -> None:
    Path("void").mkdir()
    result = desk.type("try", *arguments, "--no-page")
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_yes_fetches_the_small_checkpoint(desk: Desk, recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []
    desk.model("fake", variants={"one": {"weights": "path:weights.bin"}})

    def fetch(source: Source) -> None:
        fetched.append(source.name)
        (source.folder / "weights.bin").write_bytes(b"words")

    monkeypatch.setattr(transcribe, "QUICK", "fake:one")
    monkeypatch.setattr(transcribe, "why_not", lambda *_, **__: "")
    monkeypatch.setattr("modellab.cli.models.fetch_one", fetch)
    result = desk.type("try", "mine", "--yes", "--no-page")
    assert (result.exit_code, fetched) == (0, ["path:weights.bin"])
    assert result.stdout.startswith("first.flac\tfake:one\t")
    assert "NOT YOUR WORDS" not in result.stderr


@pytest.mark.engine
def test_the_toy_is_told_loudly(desk: Desk, recordings: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transcribe, "could_run", lambda *_, **__: None)
    result = desk.type("try", "mine/first.flac", "--no-page")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1].startswith("NOT YOUR WORDS: faster_whisper:lab is a toy")


def test_a_manifest_says_what_is_heard(desk: Desk, recordings: Path) -> None:
    row = {"audio_filepath": "first.flac", "text": "turn on the kitchen light", "duration": 1.5}
    (recordings / "manifest.json").write_text(json.dumps(row) + "\n")
    result = desk.type("try", "mine/manifest.json", "--model", "fake", "--no-page")
    assert result.stdout.splitlines()[0] == "first.flac\tfake:one\t0.00 %\tturn on the kitchen light"


def test_a_name_with_a_tab_is_one_cell(desk: Desk, recordings: Path) -> None:
    (recordings / "second.flac").rename(recordings / "se\tcond.flac")
    lines = desk.type("try", "mine", "--model", "fake", "--no-page").stdout.splitlines()
    assert lines[1] == "se cond.flac\tfake:one\t-\tcall anna tonight"


def test_a_table_that_is_not_understood_is_named(desk: Desk, recordings: Path) -> None:
    (recordings / "first.txt").unlink()
    (recordings / "list.csv").write_text("datei,wortlaut\nfirst.flac,turn on the kitchen light\n")
    result = desk.type("try", "mine", "--model", "fake", "--no-page")
    assert result.exit_code == 0
    assert "note: no texts were found in list.csv: of a table with other headings" in result.stderr
    assert "none has a text beside it" in result.stderr


def test_the_number_of_a_recording_counts_those_that_cannot_be_read(
    desk: Desk, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (recordings / "empty.flac").touch()
    told: list[str] = []

    @contextmanager
    def said(line: Callable[[], str], line_s: float) -> Iterator[None]:
        told.append(line())
        yield

    monkeypatch.setattr("modellab.cli.progress._shown", said)
    assert desk.type("try", "mine", "--model", "fake", "--no-page").exit_code == 0
    assert [line.split(":")[0] for line in told] == ["recording 1 of 3", "recording 3 of 3"]
