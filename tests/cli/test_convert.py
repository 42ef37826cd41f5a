"""`modellab models convert`: from a variant or a path to another engine's format, verified, or one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab import models
from modellab.models.conversion import convert, verify

from .conftest import Desk


@pytest.mark.slow
def test_a_variant_becomes_a_checkpoint_of_another_engine(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(desk.root)
    result = desk.type("models", "convert", "whisper_cpp:lab", "--to", "ct2")
    assert result.exit_code == 0, result.output
    path, line = result.stdout.splitlines()
    folder = desk.root / "lab-ct2"
    assert path == f"{folder}: use it in a config.yaml as weights: path:{folder}"
    assert line.startswith("whisper_cpp and faster_whisper agree on clip.flac but for the first logits by at most ")
    assert line.endswith("; 22 of 22 words are the same")
    assert {"model.bin", "config.json", "tokenizer.json", "vocabulary.json"} <= {each.name for each in folder.iterdir()}


def test_a_folder_becomes_a_file_where_it_is_told(desk: Desk, tmp_path: Path) -> None:
    assert desk.type("models", "convert", "whisper_cpp:lab", "--to", "ct2", "--into", "a", "--no-verify").exit_code == 0
    result = desk.type("models", "convert", "a", "--to", "ggml", "--into", str(tmp_path / "new" / "b"), "--no-verify")
    assert result.exit_code == 0, result.output
    assert {each.name for each in (tmp_path / "new" / "b").iterdir()} == {"ggml-a.bin", "ggml-a.json"}
    assert len(result.stdout.splitlines()) == 1


def test_an_empty_folder_may_be_there(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert desk.type("models", "convert", "whisper_cpp:lab", "--to", "ct2", "--into", ".", "--no-verify").exit_code == 0
    assert (tmp_path / "empty" / "model.bin").is_file()


@pytest.mark.slow
def test_a_mismatch_is_an_error_and_the_output_is_removed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "TOLERANCE_F16", 1e-9)
    result = desk.type("models", "convert", "whisper_cpp:lab", "--to", "ct2", "--into", "a")
    assert result.exit_code == 2
    assert "whisper_cpp and faster_whisper do not compute the same on clip.flac" in result.stderr
    assert not list(desk.root.glob("*a*.new")) + list(desk.root.glob("a"))


def test_an_engine_that_is_not_installed_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    found = models.find_package
    monkeypatch.setattr(models, "find_package", lambda name: None if name == "pywhispercpp" else found(name))
    result = desk.type("models", "convert", "whisper_cpp:lab", "--to", "ct2", "--into", "a")
    assert result.exit_code == 0, result.output
    last = result.stdout.splitlines()[-1]
    assert last == "not compared: whisper_cpp needs pywhispercpp: pip install 'modellab[whisper-cpp]'"
    assert convert.read(desk.root / "a")


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nowhere", "nowhere is no file or folder here, and no MODEL:VARIANT"),
        ("whisper_cpp:lab-q8_0", "quantised (ggml type 8), expected f16 or f32"),
        ("whisper_cpp:large-v3", "modellab models fetch whisper_cpp:large-v3"),
        ("espeak:en-us", "the weights of espeak:en-us come in a package"),
        ("whisper_cpp:labb", "labb"),
        ("pyproject.toml", "expected a Whisper checkpoint of openai-whisper (.pt), transformers, CTranslate2 or"),
        ("whisper_cpp:lab", "is a checkpoint for ggml already: nothing to convert"),
    ],
)
def test_what_cannot_be_converted(desk: Desk, source: str, says: str) -> None:
    to = "ggml" if source == "whisper_cpp:lab" else "ct2"
    result = desk.type("models", "convert", source, "--to", to, "--into", "a")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert says in result.stderr
    assert not (desk.root / "a").exists()
