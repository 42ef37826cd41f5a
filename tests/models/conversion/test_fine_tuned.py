"""Checkpoints as people's trainings save them, on transformers and openai-whisper."""

from __future__ import annotations

import json
import math
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import WeightsError
from modellab.models.conversion import convert
from modellab.models.conversion.checkpoint import Whisper

from .chain import facts

NAME = "model.safetensors"
PART = "model.decoder.layers.0.fc1.weight"
pytestmark = pytest.mark.engine
Tensors = dict[str, Any]


@pytest.fixture(scope="module")
def lab_transformers(lab: Whisper, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return convert.write(lab, "transformers", tmp_path_factory.mktemp("transformers"), "lab")


@pytest.fixture
def folder(lab_transformers: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lab_transformers, tmp_path / "mine"))


def change(folder: Path, name: str, **values: Any) -> None:
    content = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps({**content, **values}))


def load_file(path: Path) -> Tensors:
    """Torch comes with it: here, so that only the process that runs these tests imports it."""
    from safetensors import torch

    return torch.load_file(path)


def save_file(tensors: Tensors, path: Path) -> None:
    from safetensors import torch

    torch.save_file(tensors, path)


def as_torch(folder: Path, tensors: Tensors) -> None:
    import torch

    (folder / NAME).unlink()
    torch.save(tensors, folder / "pytorch_model.bin")


def in_parts(folder: Path, tensors: Tensors) -> None:
    (folder / NAME).unlink()
    places = {name: f"model-0000{1 + i % 2}-of-00002.safetensors" for i, name in enumerate(tensors)}
    for file in set(places.values()):
        save_file({name: tensors[name] for name, place in places.items() if place == file}, folder / file)
    (folder / f"{NAME}.index.json").write_text(json.dumps({"weight_map": places}))


def without_head(folder: Path, tensors: Tensors) -> None:
    save_file({name.removeprefix("model."): tensor for name, tensor in tensors.items()}, folder / NAME)


def with_head(folder: Path, tensors: Tensors) -> None:
    save_file({**tensors, "proj_out.weight": tensors["model.decoder.embed_tokens.weight"].clone()}, folder / NAME)


def float32(folder: Path, tensors: Tensors) -> None:
    save_file({name: tensor.float() for name, tensor in tensors.items()}, folder / NAME)


def older_tokenizer(folder: Path, _: Tensors) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())
    (folder / "vocab.json").write_text(json.dumps(content["model"]["vocab"]))
    (folder / "tokenizer.json").unlink()


def no_tokenizer(folder: Path, _: Tensors) -> None:
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize(
    "save",
    [as_torch, in_parts, without_head, with_head, float32, older_tokenizer, no_tokenizer],
    ids=lambda f: f.__name__,
)
def test_saved_otherwise_it_is_the_same(folder: Path, lab: Whisper, save: Callable[[Path, Tensors], None]) -> None:
    save(folder, load_file(folder / NAME))
    assert facts(convert.read(folder)) == facts(lab)


def test_bfloat16_is_read_exactly(folder: Path) -> None:
    import torch

    tensors = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(folder / NAME).items()}
    save_file(tensors, folder / NAME)
    found = convert.read(folder).checkpoint.tensors["decoder.blocks.0.mlp.0.weight"]
    assert torch.equal(torch.from_numpy(found).float(), tensors[PART].float())


def test_what_its_files_do_not_tell_is_as_in_whisper(folder: Path, lab: Whisper) -> None:
    (folder / "generation_config.json").unlink()
    found = convert.read(folder).decoding
    assert found.alignment_heads == lab.checkpoint.dims.alignment_heads, "the upper half of the decoder"
    assert found.suppress_ids == found.vocabulary.suppressed()
    assert found.suppress_ids_begin == [220, 50_257]


def test_no_suppressed_tokens_stay_none(folder: Path) -> None:
    change(folder, "generation_config.json", suppress_tokens=None, begin_suppress_tokens=[])
    found = convert.read(folder).decoding
    assert (found.suppress_ids, found.suppress_ids_begin) == ([], [])


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        (
            "config.json",
            {"activation_function": "relu"},
            "has activation_function 'relu', the other engines know 'gelu'",
        ),
        ("config.json", {"vocab_size": 51_870}, r"has the shape \(51865, 64\), expected \(51870, 64\)"),
        ("config.json", {"decoder_layers": 4}, r"has no tensor 'model\.decoder\.layers\.3\."),
        ("config.json", {"d_model": None}, "config.json tells no .*, expected the sizes of a Whisper"),
        ("config.json", {"decoder_ffn_dim": 99, "d_model": 128}, "has the shape"),
        (
            "generation_config.json",
            {"alignment_heads": [[7, 0]]},
            "expected pairs .layer, head. of 3 layers and 2 heads",
        ),
    ],
)
def test_what_its_files_tell_has_to_fit(folder: Path, name: str, values: dict[str, Any], says: str) -> None:
    change(folder, name, **values)
    with pytest.raises(WeightsError, match=says):
        convert.read(folder)


@pytest.mark.parametrize(
    ("tensor", "value", "says"),
    [
        (PART, math.nan, r"decoder\.blocks\.0\.mlp\.0\.weight holds numbers that are infinite or none"),
        (PART, None, "has no tensor 'model.decoder.layers.0.fc1.weight': it is no whole Whisper checkpoint"),
        ("proj_out.weight", 1.0, "proj_out.weight is not the embedding"),
    ],
)
def test_damaged_tensors_are_told(folder: Path, tensor: str, value: float | None, says: str) -> None:
    import torch

    tensors = load_file(folder / NAME)
    like = tensors.pop(tensor, tensors["model.decoder.embed_tokens.weight"])
    if value is not None:
        tensors[tensor] = torch.full_like(like, value)
    save_file(tensors, folder / NAME)
    with pytest.raises(WeightsError, match=says):
        convert.read(folder)


def test_tensors_that_are_missing_or_cut_off_are_told(folder: Path) -> None:
    (folder / NAME).write_bytes((folder / NAME).read_bytes()[:5000])
    with pytest.raises(WeightsError, match=r"model\.safetensors cannot be read"):
        convert.read(folder)
    (folder / NAME).unlink()
    with pytest.raises(WeightsError, match=r"has neither model\.safetensors nor pytorch_model\.bin"):
        convert.read(folder)
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(WeightsError, match=r"holds an adapter \(LoRA\) and not its model: merge it first"):
        convert.read(folder)


class Evil:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> Any:
        return os.mkdir, ("was_run",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"model_state_dict": {}}, "has no `dims` and `model_state_dict`, expected a checkpoint of openai-whisper"),
        ({"dims": {"n_mels": 80}, "model_state_dict": {}}, "has no `dims`"),
        ([1, 2], "has no `dims`"),
        (Evil(), "cannot be read as a torch file of plain tensors"),
    ],
)
def test_another_torch_file_is_told_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: Any, says: str
) -> None:
    import torch

    monkeypatch.chdir(tmp_path)
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(WeightsError, match=says):
        convert.read(tmp_path / "a.pt")
    assert not (tmp_path / "was_run").exists()


def test_a_pickle_that_is_no_torch_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(pickle.dumps({"a": 1}, protocol=2))
    with pytest.raises(WeightsError, match="cannot be read as a torch file of plain tensors"):
        convert.read(tmp_path / "a.pt")
