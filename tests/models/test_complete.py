"""Weights that are not whole are told by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modellab import models
from modellab.errors import WeightsError
from modellab.models import weights_check


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model-1.safetensors").write_bytes(b"numbers")
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "model-1.safetensors"}}))
    return tmp_path


FILES = ("config.json", "*.safetensors|model.bin")


def test_whole_weights_pass(folder: Path) -> None:
    weights_check.check(None, FILES)
    weights_check.check(folder, FILES)
    weights_check.check(folder / "model-1.safetensors")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("config.json", None, "has no config.json; was it"),
        ("model-1.safetensors", None, "has no *.safetensors or model.bin; was it"),
        ("model-1.safetensors", b"", "model-1.safetensors is empty; was it"),
        ("model-1.safetensors", b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        ("model.safetensors.index.json", b"{}", "is no list of parts"),
        ("model.safetensors.index.json", b'{"weight_map": {"b": "model-2.safetensors"}}', "has no model-2.safetensors"),
    ],
)
def test_what_is_missing_is_named(folder: Path, name: str, content: bytes | None, sentence: str) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(WeightsError) as raised:
        weights_check.check(folder, FILES)
    assert sentence in str(raised.value)


def test_a_link_to_a_download_that_never_ended_is_named(folder: Path) -> None:
    (folder / "more.safetensors").symlink_to(folder / "blob")
    with pytest.raises(WeightsError, match=r"more\.safetensors is a link to nothing"):
        weights_check.check(folder)


@pytest.mark.parametrize("processor", ["preprocessor_config.json", "processor_config.json"])
def test_a_whisper_is_whole_whichever_release_of_transformers_saved_it(tmp_path: Path, processor: str) -> None:
    files = models.config(models.FOLDER / "distil_whisper").files
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(WeightsError, match=r"has no preprocessor_config\.json or processor_config\.json"):
        weights_check.check(tmp_path, files)
    (tmp_path / processor).write_text("{}")
    weights_check.check(tmp_path, files)
