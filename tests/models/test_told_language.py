"""Whisper's engines hear the language that a row or a request says, and refuse one that they do not know."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from modellab.models import whisper_languages

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
options = {{**config.options_for("lab"), "language": None}}
model = adapter_code.load(folder, "adapter").load(Setting(name, "lab", path, "cpu", precision, 1, options))
clip = audio.read(datasets.load(Path({golden!r})).rows[0]["audio"], 16000)
found = model.transcribe(replace(clip, language="en"))
said = {{"en": [found.text, found.language]}}
for language in ("eng", "deu", "nb-NO"):
    heard = model.transcribe(replace(clip, language=language))
    said[language] = [heard.text, heard.language]
try:
    model.transcribe(replace(clip, language="gsw"))
except ValueError as error:
    said["gsw"] = str(error)
print(json.dumps(said))
"""


@pytest.mark.engine
@pytest.mark.parametrize(
    ("model", "precision"),
    [pytest.param("whisper", "float32", marks=pytest.mark.slow), ("faster_whisper", "float32"), ("whisper_cpp", "f16")],
)
def test_what_is_told_is_heard(model: str, precision: str) -> None:
    golden = HERE.parents[1] / "golden" / "asr_smoke_v1"
    script = SCRIPT.format(here=str(HERE), golden=str(golden))
    done = subprocess.run(
        [sys.executable, "-c", script, model, precision], check=True, capture_output=True, text=True, timeout=300
    )
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["eng"] == said["en"]
    assert said["en"][0]
    assert [said[name][1] for name in ("en", "deu", "nb-NO")] == ["en", "de", "no"]
    assert "was not taught 'gsw'" in said["gsw"]


@pytest.mark.parametrize("language", ["deu", "sv"])
def test_a_checkpoint_of_one_language_is_told_no_other(language: str) -> None:
    with pytest.raises(ValueError, match=f"was not taught '{language}', one of its 1 languages"):
        whisper_languages.told(language, ("en",))
