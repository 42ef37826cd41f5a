"""Any format to any other: the same numbers, and in the engines the same words at the same times."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab.errors import ConfigError, WeightsError
from modellab.models.conversion import convert
from modellab.models.conversion.checkpoint import Whisper, shapes
from modellab.models.conversion.verify import CLIP, compare, verify
from modellab.models.embedded import compact, tokens
from modellab.models.embedded.compact import Checkpoint
from modellab.models.embedded.formats.decoding import Decoding
from modellab.models.embedded.vocabulary import of_tokens

from .chain import facts
from .conftest import run

ORDER = ("openai", "transformers", "ggml", "ct2")


@pytest.fixture(scope="module")
def labs(lab_ct2: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The embedded checkpoint from CTranslate2's format through all of the others and back."""
    return run("chain", lab_ct2, tmp_path_factory.mktemp("labs"), *ORDER)


@pytest.fixture(scope="module")
def englishes(english: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The English-only one through all of the others and back."""
    return run("chain", english, tmp_path_factory.mktemp("englishes"), "openai", "ct2", "transformers", "ggml")


@pytest.mark.engine
def test_every_format_holds_the_same(lab: Whisper, labs: list[dict[str, Any]]) -> None:
    assert [next(iter(line)) for line in labs] == ["source", *ORDER]
    for line in labs:
        assert next(iter(line.values())) == facts(lab)


@pytest.mark.engine
@pytest.mark.slow
def test_an_english_only_checkpoint_keeps_all_but_what_float16_cannot_hold(englishes: list[dict[str, Any]]) -> None:
    source, *exact, halved = (next(iter(line.values())) for line in englishes)
    assert "n_vocab=51864" in source["dims"]
    assert source["dtypes"] == ["float32"]
    assert source["heads"] == [[1, 0], [2, 1]]
    assert source["suppressed"] == [[5, 9], [220, 50_256]], "what its generation_config.json says, and the default"
    assert exact == [source] * 3
    assert {**halved, "tensors": 0} == {**source, "tensors": 0}
    changed = {name for name, total in source["tensors"].items() if halved["tensors"][name] != total}
    assert "decoder.token_embedding.weight" in changed
    assert not any(name.endswith(("bias", "positional_embedding")) for name in changed)


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.parametrize("fmt", ORDER)
def test_an_english_only_checkpoint_takes_everything_for_english(englishes: list[dict[str, Any]], fmt: str) -> None:
    path = next(line["path"] for line in englishes if fmt in line)
    assert run("identify", fmt, path, CLIP) == [{"language": "en"}]


@pytest.mark.engine
@pytest.mark.slow
def test_engines_agree_about_an_english_only_checkpoint(englishes: list[dict[str, Any]], english: Path) -> None:
    path = next(Path(line["path"]) for line in englishes if "ct2" in line)
    numbers = compare(english, path).numbers  # what random weights say hangs on the last digit
    assert [each.what for each in numbers] == ["the encoder's output", "the first logits"]
    assert all(each.same and each.largest > 1 for each in numbers), numbers


@pytest.mark.engine
@pytest.mark.slow
def test_words_have_the_same_times_in_two_engines(labs: list[dict[str, Any]], lab_ct2: Path) -> None:
    """Both by the heads that the checkpoint was told, which are not those that openai-whisper takes of a file."""
    path = Path(labs[1]["path"])
    (theirs,), (ours,) = run("hear", "ct2", lab_ct2, CLIP), run("hear", "openai", path, CLIP)
    assert [word for word, _, _ in ours["words"]] == [word for word, _, _ in theirs["words"]]
    assert len(ours["words"]) > 10
    times = [[edge for _, *both in found["words"] for edge in both] for found in (ours, theirs)]
    assert times[0] == pytest.approx(times[1], abs=0.02)
    alone = path.with_name("alone.pt")
    alone.write_bytes(path.read_bytes())  # with nothing beside it that tells the heads
    (other,) = run("hear", "openai", alone, CLIP)
    assert [edge for _, *both in other["words"] for edge in both] != pytest.approx(times[1], abs=0.02)


@pytest.mark.slow
def test_whisper_cpp_and_ctranslate2_agree(lab_ct2: Path, lab_ggml: Path) -> None:
    assert verify(lab_ct2, lab_ggml).endswith("22 of 22 words are the same")


def _check(ours: Path, theirs: Path) -> None:
    verify(ours, theirs)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("decoder.blocks.1.cross_attn.value.weight", "they differ in the first logits by at most"),
        pytest.param("encoder.conv1.weight", "they differ in the first logits by at most", marks=pytest.mark.slow),
    ],
)
def test_another_model_is_told_and_nothing_stays(
    lab: Whisper, lab_ggml: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    """One tensor with its signs turned, as a writer with a mistake would write it."""
    turned = {**lab.checkpoint.tensors, name: -lab.checkpoint.tensors[name]}
    wrong = Whisper(Checkpoint(lab.checkpoint.dims, turned), lab.decoding)
    monkeypatch.setitem(convert.READ, "ggml", lambda _: wrong)
    with pytest.raises(WeightsError, match=f"whisper_cpp and faster_whisper do not compute the same.*{says}"):
        convert.convert(lab_ggml, "ct2", tmp_path / "out", "lab", _check)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_full_is_left_alone(lab_ggml: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(ConfigError, match="is there already: name another folder with --into"):
        convert.convert(lab_ggml, "ct2", tmp_path, "lab")
    with pytest.raises(ConfigError, match="is a checkpoint for ggml already: nothing to convert"):
        convert.convert(lab_ggml, "ggml", tmp_path / "new", "lab")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_numbers_that_float16_cannot_hold_are_no_ggml(lab: Whisper, tmp_path: Path) -> None:
    huge = {name: array.astype(np.float32) for name, array in lab.checkpoint.tensors.items()}
    huge["decoder.ln.bias"] = huge["decoder.ln.bias"] + 1e5
    with pytest.raises(WeightsError, match=r"decoder\.ln\.bias holds numbers beyond 65504"):
        convert.write(Whisper(Checkpoint(lab.checkpoint.dims, huge), lab.decoding), "ggml", tmp_path, "lab")


def test_a_folder_or_a_file_in_it_is_the_same_checkpoint(lab: Whisper, lab_ggml: Path, lab_ct2: Path) -> None:
    for path in (lab_ggml, lab_ggml.parent, lab_ct2, lab_ct2 / "model.bin"):
        assert facts(convert.read(path)) == facts(lab)


def test_shapes_are_those_of_the_embedded_checkpoint(lab: Whisper) -> None:
    assert dict(shapes(lab.checkpoint.dims)) == {name: array.shape for name, array in lab.checkpoint.tensors.items()}


@pytest.mark.slow
def test_the_third_size_of_vocabulary_and_128_mels_run_in_two_engines(tmp_path: Path) -> None:
    """As large-v3 has them, with random weights of the embedded checkpoint's width."""
    dims = dataclasses.replace(compact.expand().dims, n_mels=128, n_vocab=51_866)
    draw = np.random.default_rng(3)
    drawn = {name: draw.normal(0, 0.3, shape).astype(np.float16) for name, shape in shapes(dims)}
    vocabulary = of_tokens(tokens.as_bytes(), dims.n_vocab)
    decoding = Decoding(vocabulary, [[2, 0]], vocabulary.suppressed(), vocabulary.suppressed_at_begin())
    path = convert.write(Whisper(Checkpoint(dims, drawn), decoding), "ggml", tmp_path, "large")
    folder = convert.convert(path, "ct2", tmp_path / "ct2", "large")
    assert facts(convert.read(folder)) == facts(convert.read(path))
    numbers = compare(path, folder).numbers
    assert [each.what for each in numbers if each.same] == ["the first logits"], numbers
