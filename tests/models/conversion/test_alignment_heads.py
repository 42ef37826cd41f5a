"""Which heads time words: told beside a checkpoint, else by its sizes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modellab.errors import WeightsError
from modellab.models.conversion import alignment_heads
from modellab.models.conversion.alignment_heads import KNOWN, heads, of_sizes

TINY_EN = [[1, 0], [2, 0], [2, 5], [3, 0], [3, 1], [3, 2], [3, 3], [3, 4]]
THEIRS = """
import base64, gzip, json, numpy, whisper
unzip = lambda dump: numpy.frombuffer(gzip.decompress(base64.b85decode(dump)), bool)
print(json.dumps({name: [len(unzip(dump)), numpy.flatnonzero(unzip(dump)).tolist()]
                  for name, dump in whisper._ALIGNMENT_HEADS.items()}))
"""


def dims(name: str = "tiny.en", **changes: int) -> Any:
    encoder, decoder, n, n_vocab = KNOWN[name][0]
    sizes = {"n_audio_layer": encoder, "n_text_layer": decoder, "n_text_head": n, "n_vocab": n_vocab}
    return SimpleNamespace(**{**sizes, "n_text_state": 64 * n, **changes})


@pytest.mark.slow
@pytest.mark.engine
def test_the_heads_are_openai_whispers() -> None:
    done = subprocess.run([sys.executable, "-c", THEIRS], capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    ours = {
        name: [layers * each, [int(head) for head in text.split()]]
        for name, ((_, layers, each, _), text) in KNOWN.items()
    }
    assert {alignment_heads.OTHER_NAMES.get(name, name): found for name, found in theirs.items()} == ours


@pytest.mark.parametrize("name", KNOWN)
def test_every_published_size_is_known(name: str) -> None:
    found = of_sizes(dims(name), name)
    assert found == [list(divmod(int(head), KNOWN[name][0][2])) for head in KNOWN[name][1].split()]


@pytest.mark.parametrize(
    ("sizes", "names", "expected"),
    [
        (dims(), (), TINY_EN),
        (dims(), ("base",), TINY_EN),  # a name does not make it another checkpoint
        (dims(n_text_state=24), ("tiny.en",), None),  # nor does it make a smaller one this one
        (dims(n_text_layer=2), (), None),
        (dims("large-v2"), (), of_sizes(dims("large-v2"), "large-v2")),
        (dims("large-v2"), ("large-v1",), of_sizes(dims("large-v1"), "large-v1")),
        (dims("large-v3-turbo"), ("turbo",), [[2, 4], [2, 11], [3, 3], [3, 6], [3, 11], [3, 14]]),
    ],
)
def test_sizes_tell_and_names_choose(sizes: Any, names: tuple[str, ...], expected: Any) -> None:
    assert heads(sizes, None, *names) == expected


def test_the_two_large_ones_differ() -> None:
    assert of_sizes(dims("large-v2"), "large-v1") != of_sizes(dims("large-v2"))


@pytest.mark.parametrize("name", ["mine.json", "generation_config.json", "config.json"])
def test_what_is_told_beside_it_comes_first(tmp_path: Path, name: str) -> None:
    (tmp_path / "generation_config.json").write_text("{}")
    (tmp_path / name).write_text(json.dumps({"alignment_heads": [[2, 1], [3, 5]]}))
    assert heads(dims(), tmp_path / "mine.pt") == [[2, 1], [3, 5]]
    assert heads(dims(), tmp_path / "other.pt") == (TINY_EN if name == "mine.json" else [[2, 1], [3, 5]])


def test_a_file_of_another_kind_tells_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[1]")
    assert heads(dims(), tmp_path / "mine.pt") == TINY_EN


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"alignment_heads": [[4, 0]]}', r"are \[\[4, 0\]\], expected pairs \[layer, head\] of 4 layers and 6 heads"),
        ('{"alignment_heads": [[0, 6]]}', "do they belong to another checkpoint"),
        ('{"alignment_heads": [[-1, 0]]}', "expected pairs"),
        ('{"alignment_heads": [3]}', "expected pairs"),
        ('{"alignment_heads": "upper"}', "expected pairs"),
        ('{"alignment_heads": ', "is not readable JSON"),
    ],
)
def test_nonsense_beside_it_is_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(WeightsError, match=says):
        heads(dims(), tmp_path / "mine.pt")
