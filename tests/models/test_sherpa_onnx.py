"""sherpa-onnx: a network of NeMo's shape really runs, and what would end the process is an error before."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets, models
from modellab.errors import WeightsError
from modellab.models import adapter_code, made
from modellab.types import Audio, Setting

ROOT = Path(__file__).parents[2]
FOLDER = models.FOLDER / "sherpa_onnx"
CONFIG = models.config(FOLDER)
adapter = adapter_code.load(FOLDER, "adapter")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the tiny checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield made.weights(FOLDER, "tiny")


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "copy")


def load(weights: Path, precision: str = "float32", **options: Any) -> Any:
    return adapter.load(Setting("sherpa_onnx", "tiny", weights, "cpu", precision, 1, {"kind": "nemo_ctc", **options}))


def speech() -> Audio:
    return audio.read(datasets.load(ROOT / "golden" / "asr_taught_v1").rows[0]["audio"], 16_000)


def test_a_network_of_nemos_shape_hears_the_same_each_time(tiny: Path) -> None:
    model = load(tiny)
    first = model.transcribe(speech())
    noise = model.transcribe(Audio(np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32), 16_000))
    assert first.text
    assert noise.text not in ("", first.text)
    assert model.transcribe(speech()) == first == load(tiny).transcribe(speech())
    (segment,) = first.segments
    assert 0 <= segment.start_s < segment.end_s == speech().duration_s


@pytest.mark.parametrize("n_samples", [0, 1, 100, 400, 1599, 1600])
def test_sound_of_any_length_gives_an_answer(tiny: Path, n_samples: int) -> None:
    heard = load(tiny).transcribe(Audio(np.zeros(n_samples, np.float32), 16_000))
    assert bool(heard.segments) == bool(heard.text)
    assert all(math.isnan(each.start_s) or each.start_s <= n_samples / 16_000 for each in heard.segments)


@pytest.mark.parametrize("name", [name for name in CONFIG.variants if name != "tiny"])
def test_a_variant_names_a_kind_and_options_that_there_are(name: str) -> None:
    options = CONFIG.options_for(name)
    kind = adapter.KINDS[options.pop("kind")]
    assert set(options) <= set(kind.options)


@pytest.mark.parametrize("kind", adapter.KINDS.values(), ids=adapter.KINDS)
def test_each_kind_is_what_the_library_has(kind: Any) -> None:
    import inspect

    import sherpa_onnx

    accepted = inspect.signature(getattr(sherpa_onnx.OfflineRecognizer, kind.make)).parameters
    assert {*kind.files, *kind.given, *kind.options, "tokens", "num_threads", "provider"} <= set(accepted)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"kind": "nemo"}, "knows no kind 'nemo' of network: did you mean nemo_ctc"),
        ({"language": "en"}, "nemo_ctc has no option 'language'"),
        ({"kind": "canary", "source": "en"}, "canary has no option 'source': known: src_lang, tgt_lang"),
    ],
)
def test_what_it_does_not_know_is_named(tiny: Path, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        load(tiny, **options)
    with pytest.raises(ValueError, match="precision 'int4' is none of float32, int8, float16"):
        load(tiny, "int4")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"model.onnx": None}, "has no such file, expected one model*.onnx in float32: was it downloaded whole?"),
        ({"model-2.onnx": ""}, "has model-2.onnx, model.onnx, expected one model*.onnx in float32"),
        ({"tokens.txt": None}, "tokens.txt cannot be read"),
        ({"tokens.txt": ""}, "tokens.txt has 'nothing', expected a token and its number in each line"),
        ({"tokens.txt": "version https://git-lfs\n"}, "tokens.txt has 'version https://git-lfs', expected a token"),
    ],
)
def test_a_folder_that_is_not_whole_is_one_sentence(copy: Path, change: dict[str, str | None], says: str) -> None:
    for name, content in change.items():
        if content is None:
            (copy / name).unlink()
        else:
            (copy / name).write_text(content)
    with pytest.raises(WeightsError, match=re.escape(says)):
        load(copy)


def test_the_file_of_the_precision_is_taken(tmp_path: Path) -> None:
    for name in ("encoder-epoch-99.int8.onnx", "encoder-epoch-99.onnx", "decoder.onnx", "encoder.fp16.onnx"):
        (tmp_path / name).touch()
    names = {
        precision: [adapter._file(tmp_path, start, precision).name for start in ("encoder", "decoder")]
        for precision in ("int8", "float32", "float16")
    }
    assert names == {
        "int8": ["encoder-epoch-99.int8.onnx", "decoder.onnx"],
        "float32": ["encoder-epoch-99.onnx", "decoder.onnx"],
        "float16": ["encoder.fp16.onnx", "decoder.onnx"],
    }
