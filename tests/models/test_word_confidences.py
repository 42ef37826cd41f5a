"""Engines that say how sure they are of each word, when they are asked: the text stays what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modellab import models
from modellab.models import adapter_code, token_probabilities, weights
from modellab.types import Setting

HERE = Path(__file__).parent
SCRIPT = """
import json, sys
from dataclasses import replace
sys.path.insert(0, {here!r})
import hear
from modellab import audio, datasets, models
from pathlib import Path
from modellab.models import adapter_code, weights
from modellab.types import Setting

name, precision = sys.argv[1:]
folder = models.folders()[name]
config = models.config(folder)
path = weights.locate(config.variants["lab"].source(precision, folder))
plain = Setting(name, "lab", path, "cpu", precision, 1, config.options_for("lab"))
rows = datasets.load(Path({golden!r})).rows[:3]
clips = [audio.read(row["audio"], 16000) for row in rows]
said = []
for setting in (plain, replace(plain, options={{**plain.options, "word_confidences": True}})):
    model = adapter_code.load(folder, "adapter").load(setting)
    said.append([model.transcribe(clip) for clip in clips])
print(json.dumps([[[each.text, each.confidences] for each in one] for one in said]))
"""


@pytest.mark.engine
@pytest.mark.parametrize(
    ("model", "precision"),
    [
        ("faster_whisper", "float32"),
        pytest.param("whisper_cpp", "f16", marks=pytest.mark.slow),
        pytest.param("whisper", "float32", marks=pytest.mark.slow),
        pytest.param("distil_whisper", "float32", marks=pytest.mark.slow),
    ],
)
def test_each_word_has_a_probability_where_it_is_asked_for(model: str, precision: str) -> None:
    golden = HERE.parents[1] / "golden" / "asr_smoke_v1"
    code = SCRIPT.format(here=str(HERE), golden=str(golden))
    done = subprocess.run([sys.executable, "-c", code, model, precision], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    plain, sure = json.loads(done.stdout.splitlines()[-1])
    assert [text for text, _ in sure] == [text for text, _ in plain]
    assert [confidences for _, confidences in plain] == [[]] * 3
    for text, confidences in sure:
        assert [word for word, _ in confidences] == text.split()
        assert all(0 < probability <= 1 for _, probability in confidences)
        assert max(probability for _, probability in confidences) > 0.5


@pytest.mark.engine
@pytest.mark.parametrize(
    ("model", "variant", "dataset"),
    [
        pytest.param("distil_whisper", "lab", "asr_smoke_v1", id="Whisper with timestamps", marks=pytest.mark.slow),
        pytest.param("transformers_asr", "lab", "asr_smoke_v1", id="an encoder-decoder", marks=pytest.mark.slow),
        pytest.param("transformers_asr", "tiny", "asr_taught_v1", id="CTC", marks=pytest.mark.slow),
        pytest.param("transformers_asr", "tiny-tdt", "asr_taught_v1", id="a transducer", marks=pytest.mark.slow),
    ],
)
def test_confidences_of_transformers_are_the_networks_own_probabilities(model: str, variant: str, dataset: str) -> None:
    command = [sys.executable, str(HERE / "independent.py"), model, variant, dataset]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert len(said) == 3
    for plain, nothing, text, confidences, computed in said:
        assert (text, nothing) == (plain, []), "asking changes what is heard, or was not needed"
        assert [word for word, _ in confidences] == [word for word, _ in computed] == text.split()
        assert [p for _, p in confidences] == pytest.approx([p for _, p in computed], abs=1e-4)


class Pieces:
    """A tokenizer whose tokens are written as they are; 9 is special."""

    all_special_ids = (9,)
    pieces = ("▁go", "▁ho", "me", "▁English", ",", "▁")

    def convert_ids_to_tokens(self, number: int) -> str:
        return self.pieces[number] if number < 9 else "</s>"

    def decode(self, numbers: list[int]) -> str:
        return "".join(self.pieces[number] for number in numbers).replace("▁", " ")


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        pytest.param([], "", [], id="nothing"),
        pytest.param([(0, 0.5), (1, 0.25), (2, 0.75), (9, 0.1)], "go home", [("go", 0.5), ("home", 0.5)], id="words"),
        pytest.param([(0, 0.5), (4, 1.0)], "go,", [("go,", 0.75)], id="a mark is part of its word"),
        pytest.param([(3, 0.9), (0, 0.5)], "go", [("go", 0.5)], id="a word in front was taken off"),
        pytest.param([(0, 0.5), (5, 0.1)], "go", [("go", 0.5)], id="a space is no word"),
        pytest.param([(0, 0.5), (1, 0.5)], "went home", None, id="other words"),
        pytest.param([(0, 0.5)], "go home", None, id="a word without tokens"),
    ],
)
def test_words_have_confidences_where_their_tokens_spell_them(
    tokens: list[tuple[int, float]], text: str, expected: list[tuple[str, float]] | None
) -> None:
    tokenizer = Pieces()
    assert token_probabilities.confidences(tokens, tokenizer, tokenizer.decode, text) == expected


@pytest.mark.slow
@pytest.mark.parametrize("option", [{"num_beams": 2}, {"batch_size": 4}])
@pytest.mark.engine
def test_what_has_no_probabilities_of_one_path_is_refused(option: dict[str, int]) -> None:
    folder = models.folders()["distil_whisper"]
    config = models.config(folder)
    path = weights.locate(config.variants["lab"].source("float32", folder))
    options = {**config.options_for("lab"), **option, token_probabilities.OPTION: True}
    load = adapter_code.load(folder, "adapter").load
    with pytest.raises(ValueError, match="expected no batch_size and num_beams 1"):
        load(Setting("distil_whisper", "lab", path, "cpu", "float32", 1, options))
