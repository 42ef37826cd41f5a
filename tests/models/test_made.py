"""Checkpoints that a model folder makes itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modellab.errors import WeightsError
from modellab.models import made, weights

MAKE = """
from .make_bytes import CONTENT

def make(name, folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "model.bin").write_bytes(CONTENT + name.encode())
    with open({log!r}, "a") as log:
        log.write("x")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    model = tmp_path / "mine"
    model.mkdir()
    (model / "make.py").write_text(MAKE.format(log=str(tmp_path / "log")))
    (model / "make_bytes.py").write_text("CONTENT = b'tiny '\n")
    return model


def test_a_checkpoint_is_made_once_and_named_by_its_recipe(folder: Path) -> None:
    source = weights.Source(("made:tiny",), None, folder)
    assert weights.why_missing(source) == ""
    first, second = (weights.locate(source) for _ in range(2))
    assert first is not None
    assert first == second
    assert (first / "inner" / "model.bin").read_bytes() == b"tiny tiny"
    assert (folder.parent / "log").read_text() == "x"
    assert weights.digest(source, first) == first.name == f"mine-tiny@{made.recipe(folder)}"


def test_another_recipe_is_another_checkpoint(folder: Path) -> None:
    first = made.weights(folder, "tiny")
    (folder / "make_bytes.py").write_text("CONTENT = b'other '\n")
    assert (made.weights(folder, "tiny") / "inner" / "model.bin").read_bytes() == b"other tiny"
    assert (first / "inner" / "model.bin").read_bytes() == b"tiny tiny"


def test_a_damaged_checkpoint_is_made_again(folder: Path) -> None:
    path = made.weights(folder, "tiny") / "inner" / "model.bin"
    path.write_bytes(b"half")
    assert (made.weights(folder, "tiny") / "inner" / "model.bin").read_bytes() == b"tiny tiny"


def test_a_recipe_that_fails_is_one_sentence(folder: Path) -> None:
    (folder / "make.py").write_text("def make(name, folder):\n    raise ValueError(f'no {name} here')\n")
    with pytest.raises(WeightsError, match=r"make\.py could not make 'tiny': ValueError: no tiny here"):
        made.weights(folder, "tiny")
    (folder / "make.py").unlink()
    with pytest.raises(WeightsError, match=r"make\.py does not exist: config\.yaml names made:tiny as weights"):
        made.weights(folder, "tiny")


def test_several_are_made_in_one_process_and_one_that_fails_costs_itself_only(folder: Path) -> None:
    (folder / "make.py").write_text(
        "import os\n\n\n"
        "def make(name, folder):\n"
        "    if name == 'torn':\n"
        "        raise ValueError('no such recipe')\n"
        "    (folder / 'pid').write_text(str(os.getpid()))\n"
    )
    made.together([(folder, name) for name in ("one", "torn", "two")])
    places = sorted(path for path in (folder.parent / "cache" / "made").glob("mine-*") if path.is_dir())
    assert [place.name.partition("@")[0] for place in places] == ["mine-one", "mine-two"]
    (pid,) = {(place / "pid").read_text() for place in places}
    assert pid != str(os.getpid())
    assert made.weights(folder, "one") == places[0]
    assert (places[0] / "pid").read_text() == pid, "it was there"
    with pytest.raises(WeightsError, match="could not make 'torn': ValueError: no such recipe"):
        made.weights(folder, "torn")


def test_one_alone_is_left_to_who_needs_it(folder: Path) -> None:
    made.together([(folder, "tiny")])
    assert not (folder.parent / "cache" / "made").exists()
