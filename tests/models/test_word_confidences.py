"""Engines that say how sure they are of each word, when they are asked: the text stays what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

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
        ("whisper_cpp", "f16"),
        pytest.param("whisper", "float32", marks=pytest.mark.slow),
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
