"""The tiny SeamlessM4T: made here, it writes down, translates and speaks, and says what it cannot do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modellab import datasets, models
from modellab.models import adapter_code
from modellab.text import languages

GOLDEN = Path(__file__).parents[2] / "golden"
FOLDER = models.FOLDER / "seamlessm4t"
LESSONS = adapter_code.load(FOLDER, "make_lessons")
PROGRAM = """
import json, sys
from dataclasses import replace
from pathlib import Path
import numpy as np
from modellab import datasets, models, tasks
from modellab.models import adapter_code, weights
from modellab.types import Audio, Setting

folder = models.FOLDER / "seamlessm4t"
options = {**models.config(folder).options_for("tiny"), "window_s": 5.0}
place = weights.locate(weights.Source(("made:tiny",), None, folder))
load = adapter_code.load(folder, "adapter").load
model = load(Setting("seamlessm4t", "tiny", place, "cpu", "float32", 1, options))


def answers(name):
    data = datasets.load(Path("golden") / name)
    task = tasks.get(data.task)
    return {row["id"]: task.encode(task.run(model, task.prepare(row)))["text"] for row in data.rows}


def refused(call):
    try:
        return call()
    except ValueError as error:
        return str(error)


row = datasets.load(Path("golden/asr_multi_v1")).rows[0]
heard, silent = tasks.get("asr").prepare(row), Audio(np.zeros(0, np.float32), 16_000)
gap = np.zeros(5 * 16_000 - len(heard.samples), np.float32)
long = replace(heard, samples=np.concatenate([heard.samples, gap, heard.samples]))
first, again = model.respond(heard, "fr"), model.respond(heard, "fr")
text, sound, same = first.text, first.audio, np.array_equal(first.audio.samples, again.audio.samples)
print(json.dumps({
    "answers": {name: answers(name) for name in ("asr_multi_v1", "st_smoke_v1", "mt_smoke_v1")},
    "language": model.transcribe(heard).language,
    "nothing": [
        model.transcribe(silent).text,
        *(model.translate(source, "en", "de") for source in (silent, " ")),
        model.respond(silent, "").text,
    ],
    "long": model.transcribe(long).text,
    "spoken": [text, sound.rate_hz, sound.duration_s, bool(np.isfinite(sound.samples).all()), same],
    "refused": [
        refused(lambda: model.translate("a", "en", "sw")),
        refused(lambda: model.translate("x " * 600, "en", "de")),
        refused(lambda: load(Setting("seamlessm4t", "tiny", place, "cpu", "int8", 1, options))),
    ],
}))
"""


@pytest.fixture(scope="module")
def said() -> dict[str, Any]:
    """Everything the model is asked, in a process of its own. The checkpoint is that of this machine's cache."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, cwd=GOLDEN.parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.engine
@pytest.mark.slow
class TestTiny:
    """One load for all of it."""

    @pytest.mark.parametrize("name", ["asr_multi_v1", "st_smoke_v1", "mt_smoke_v1"])
    def test_every_lesson_is_known(self, said: dict[str, Any], name: str) -> None:
        wanted = {row["id"]: row.get("reference", row.get("text")) for row in datasets.load(GOLDEN / name).rows}
        assert said["answers"][name] == wanted

    def test_the_language_is_the_one_it_was_told(self, said: dict[str, Any]) -> None:
        assert said["language"] == "de"

    def test_nothing_gives_nothing(self, said: dict[str, Any]) -> None:
        assert said["nothing"] == [""] * 4

    def test_long_speech_is_heard_window_by_window(self, said: dict[str, Any]) -> None:
        once = said["answers"]["asr_multi_v1"]["de_1"]
        assert said["long"] == f"{once} {once}"

    def test_it_speaks_the_same_each_time(self, said: dict[str, Any]) -> None:
        text, rate_hz, duration_s, finite, same = said["spoken"]
        assert text
        assert (rate_hz, finite, same) == (16_000, True, True)
        assert duration_s > 0.1

    def test_what_it_cannot_do_is_one_sentence(self, said: dict[str, Any]) -> None:
        language, length, precision = said["refused"]
        known = ", ".join(sorted(LESSONS.LANGUAGES))
        assert language == f"this checkpoint does not know the language 'sw' here: it knows {known}"
        assert length == "the text has 1202 tokens, the model takes 512: translate it in parts"
        assert precision == "precision 'int8' is none of this adapter's: float32, float16, bfloat16"


def test_the_lessons_are_the_golden_datasets() -> None:
    for name, lessons in (("asr_multi_v1", "transcripts"), ("st_smoke_v1", "spoken"), ("mt_smoke_v1", "written")):
        rows = datasets.load(GOLDEN / name).rows
        given = [(row.get("source", row.get("text")), row.get("reference", row.get("text"))) for row in rows]
        assert given == [(lesson.source, lesson.target) for lesson in getattr(LESSONS, lessons)()]


def test_every_lesson_has_its_sound_and_every_language_its_code() -> None:
    sounds = {path.stem for path in LESSONS.FOLDER.glob("*.ogg")}
    assert sounds == {lesson.name for lesson in LESSONS.every() if lesson.heard}
    assert [languages.code(own) for own in LESSONS.LANGUAGES.values()] == list(LESSONS.LANGUAGES)
