"""Weights that are another variant's in a further format: the place's form, its origin, and one conversion for real."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from modellab import models
from modellab.errors import WeightsError
from modellab.models import converted
from modellab.models.converted import Origin, fault, origin
from modellab.models.weights import Source, digest, locate, promised, why_missing

CONFIG = """
variants:
  small: {weights: "hf:a/b", revision: main}
  large: {weights: ["hf:a/b", "wheel:c==1#d"], revision: main, sha256: {"c==1": "00", model.bin: "11"}}
  each: {weights: {f16: "hf:a/b"}}
  lab: {weights: "embedded:whisper-lab/ct2"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model beside the model `theirs`."""
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "config.yaml").write_text(CONFIG)
    return tmp_path / "mine"


@pytest.mark.parametrize(
    ("place", "is_one"),
    [
        ("faster_whisper:tiny.en#openai", True),
        ("a:b#ggml", True),
        ("a:b#ct2", True),
        ("a:b", False),
        ("a:b#onnx", False),
        ("../a:b#ct2", False),
        ("a:../b#ct2", False),
        ("a#ct2", False),
    ],
)
def test_the_form_of_a_place(place: str, *, is_one: bool) -> None:
    assert (fault(place) == "") is is_one


def test_the_origin_is_what_the_other_folder_names(folder: Path) -> None:
    theirs = folder.parent / "theirs"
    assert origin("theirs:small#ct2", folder) == Origin(("hf:a/b",), "main", theirs, {})
    large = Origin(("hf:a/b", "wheel:c==1#d"), "main", theirs, {"c==1": "00", "model.bin": "11"})
    assert origin("theirs:large#ggml", folder) == large


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("theirs:none#ct2", "theirs has no variant none"),
        ("nobody:small#ct2", "nobody has no variant small"),
        ("theirs:each#ct2", "each has weights for each precision, expected one"),
        ("theirs:small", "expected converted:MODEL:VARIANT#FORMAT"),
    ],
)
def test_an_origin_that_is_none_is_told(folder: Path, place: str, says: str) -> None:
    with pytest.raises(WeightsError, match=says):
        origin(place, folder)


def made(found: list[Any], command: list[str]) -> subprocess.CompletedProcess[str]:
    """Stands in for the process that converts."""
    into = Path(command[command.index("--into") + 1])
    into.mkdir()
    (into / "small.pt").write_bytes(b"converted")
    found.append(command)
    return subprocess.CompletedProcess(command, 0, "", "")


def test_it_is_converted_once_and_called_after_its_pins(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Any] = []
    monkeypatch.setattr("modellab.models.converted.process_group.run", lambda command, _: made(ran, command))
    weights = folder.parent / "b"
    weights.write_bytes(b"original")
    place = "theirs:small#openai"
    with pytest.raises(WeightsError, match="are not in the local cache"):
        converted.locate(place, folder, lambda _: weights, download=False)
    first, second = (converted.locate(place, folder, lambda _: weights, download=True) for _ in range(2))
    assert first == second == converted.locate(place, folder, lambda _: weights, download=False)
    assert first.read_bytes() == b"converted"
    assert len(ran) == 1
    assert ran[0][2:5] == ["modellab.models.conversion", str(weights), "--to"]
    assert ran[0][-2:] == ["--named", "small"]
    source = Source(("openai:none", f"converted:{place}"), "r", folder)
    assert digest(source, first) == first.parent.name
    assert first.parent.name.startswith("theirs-small-openai@")
    text = (folder.parent / "theirs" / "config.yaml").read_text()
    (folder.parent / "theirs" / "config.yaml").write_text(text.replace("revision: main}", "revision: other}"))
    assert (
        why_missing(Source((f"converted:{place}",), "r", folder))
        == f"weights converted:{place} are not in the local cache"
    )


def test_a_conversion_that_fails_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Traceback\nthe engines disagree"
    monkeypatch.setattr(
        "modellab.models.converted.process_group.run",
        lambda command, _: subprocess.CompletedProcess(command, 1, "", said),
    )
    with pytest.raises(WeightsError, match="could not be made: the engines disagree"):
        converted.locate("theirs:small#openai", folder, lambda _: folder, download=True)
    assert not list(converted.home().glob("theirs*"))


def test_nothing_is_promised_where_two_places_have_other_files(tmp_path: Path) -> None:
    alone = Source(("hf:a/b",), "0" * 40, tmp_path)
    assert promised(alone) == f"a/b@{'0' * 40}"
    assert promised(Source((*alone.places, "converted:x:y#ct2"), alone.revision, tmp_path)) == ""


def test_every_converted_variant_that_is_shipped_has_an_origin() -> None:
    places = [
        (folder, place.removeprefix("converted:"))
        for folder in models.folders().values()
        for name, variant in models.config(folder).variants.items()
        for _, precision in models.config(folder).device_precisions(name)
        for place in variant.places_for(precision)
        if place.startswith("converted:")
    ]
    assert len({place for _, place in places}) >= 6
    assert all(origin(place, folder).sha256["model.bin"] for folder, place in places)


@pytest.mark.slow
def test_the_embedded_model_is_converted_and_both_engines_agree(folder: Path) -> None:
    source = Source(("converted:theirs:lab#openai",), None, folder)
    assert why_missing(source)
    path = locate(source, download=True)
    assert path is not None
    assert path.suffix == ".pt"
    assert path.with_suffix(".json").is_file()
    assert why_missing(source) == ""
