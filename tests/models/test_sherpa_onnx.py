"""sherpa-onnx: networks of NeMo's and of a zipformer's shape really run, and what would end the process is an error."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets, models
from modellab.errors import WeightsError
from modellab.models import adapter_code, made
from modellab.streaming.clock import VirtualClock
from modellab.streaming.feed import listen
from modellab.streaming.protocol import most_streams
from modellab.types import Audio, Setting

ROOT = Path(__file__).parents[2]
FOLDER = models.FOLDER / "sherpa_onnx"
CONFIG = models.config(FOLDER)
adapter = adapter_code.load(FOLDER, "adapter")


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The folders of the tiny checkpoints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELLAB_CACHE", str(tmp_path_factory.mktemp("cache")))
        names = ("tiny", "tiny-streaming")
        made.together([(FOLDER, name) for name in names])
        yield {name: made.weights(FOLDER, name) for name in names}


@pytest.fixture
def tiny(checkpoints: dict[str, Path]) -> Path:
    return checkpoints["tiny"]


@pytest.fixture(scope="module")
def online(checkpoints: dict[str, Path]) -> Any:
    """A transducer that streams, whose utterances end after 0.6 s of silence."""
    return load(checkpoints["tiny-streaming"], kind="streaming_transducer", rule2_min_trailing_silence=0.6)


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


@pytest.mark.parametrize("name", CONFIG.variants)
def test_a_variant_names_a_kind_and_options_that_there_are(name: str) -> None:
    options = CONFIG.options_for(name)
    kind = adapter.KINDS[options.pop("kind")]
    assert set(options) <= set(kind.options)


@pytest.mark.parametrize("kind", adapter.KINDS.values(), ids=adapter.KINDS)
def test_each_kind_is_what_the_library_has(kind: Any) -> None:
    import inspect

    import sherpa_onnx

    maker = sherpa_onnx.OnlineRecognizer if kind.streams else sherpa_onnx.OfflineRecognizer
    accepted = inspect.signature(getattr(maker, kind.make)).parameters
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


def finals(model: Any, sound: Audio, chunk_s: float = 0.25) -> list[str]:
    return [each.event.text for each in listen(model, sound, VirtualClock, chunk_s) if each.event.kind == "final"]


def with_silence(*sounds: Audio, silence_s: float = 1.0) -> Audio:
    silence = np.zeros(round(16_000 * silence_s), np.float32)
    return Audio(np.concatenate([part for each in sounds for part in (each.samples, silence)]), 16_000)


def test_only_networks_that_hear_as_audio_comes_have_streams(tiny: Path, online: Any) -> None:
    assert most_streams(load(tiny)) == 0
    assert most_streams(online) > 0


def test_a_stream_says_in_the_end_what_a_clip_says_and_shows_it_on_the_way(online: Any) -> None:
    events = [each.event for each in listen(online, speech(), VirtualClock, 0.25)]
    shown = [event.text for event in events if event.kind == "partial"]
    assert [event.text for event in events if event.kind == "final"] == [online.transcribe(speech()).text]
    assert shown[0] != shown[-1]
    assert all(later.startswith(before) for before, later in pairwise(shown)), "it takes nothing back"


def test_an_utterance_ends_in_silence_and_the_next_one_is_apart(online: Any) -> None:
    """Whatever the pieces; a clip is one utterance whatever silence is in it."""
    sound = with_silence(speech(), speech())
    first = finals(online, sound)
    assert len(first) >= 2
    assert [finals(online, sound, chunk_s) for chunk_s in (0.013, 9.0)] == [first, first]
    assert len(online.transcribe(sound).segments) == 1


def test_what_goes_on_without_a_pause_is_cut(checkpoints: dict[str, Path]) -> None:
    weights = checkpoints["tiny-streaming"]
    model = load(weights, kind="streaming_transducer", rule3_min_utterance_length=2.0)
    long = Audio(np.tile(speech().samples, 8), 16_000)
    assert len(finals(model, long)) >= 4
    assert len(finals(load(weights, kind="streaming_transducer"), long)) == 1


def test_streams_do_not_mix(online: Any) -> None:
    sounds = [speech(), Audio(np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32), 16_000)]
    alone = [finals(online, sound) for sound in sounds]
    streams = [online.open_stream(16_000) for _ in sounds]
    said: list[list[Any]] = [[] for _ in sounds]
    for at in range(0, 40_000, 4000):
        for stream, sound, events in zip(streams, sounds, said, strict=True):
            events += stream.feed(sound.samples[at : at + 4000])
    for stream, events in zip(streams, said, strict=True):
        events += stream.finish()
    assert [[event.text for event in events if event.kind == "final"] for events in said] == alone


@pytest.mark.parametrize("n_samples", [0, 1, 100, 1599])
def test_a_stream_of_any_length_ends(online: Any, n_samples: int) -> None:
    sound = Audio(np.zeros(n_samples, np.float32), 16_000)
    assert finals(online, sound) == list(filter(None, [online.transcribe(sound).text]))


@pytest.mark.slow
def test_twenty_minutes_need_no_more_memory_than_five(online: Any) -> None:
    import psutil

    stream, minute = online.open_stream(16_000), np.resize(speech().samples, 60 * 16_000)
    resident = []
    for _ in range(20):
        stream.feed(minute)
        resident.append(psutil.Process().memory_info().rss)
    assert resident[-1] - resident[4] < 16 * 2**20
