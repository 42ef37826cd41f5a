"""LFM2.5-Audio on its tiny checkpoint, made here if it was not yet: it hears, speaks and answers its lessons."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets, models
from tools.golden import lessons

GOLDEN = Path(__file__).parents[2] / "golden"
FRAME = 1920  # samples of one frame of codes

Found = dict[str, Any]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("lfm.py"), tmp_path_factory.mktemp("lfm")],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answers: Found = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.mark.slow
@pytest.mark.engine
class TestTiny:
    """What the adapter does with the library, all of it on one loaded checkpoint."""

    def test_it_writes_down_what_it_was_taught_and_nothing_of_nothing(self, found: Found) -> None:
        taught = {name: lessons.taught().SENTENCES[name] for name in ("light", "call", "code")}
        assert found["heard"] == {"empty": "", "silence": "", "noise": "", **taught}

    def test_long_audio_is_heard_in_windows_that_cut_no_word(self, found: Found) -> None:
        lengths_s, texts = zip(*found["windows"], strict=True)
        assert len(lengths_s) == 2
        assert sum(lengths_s) == pytest.approx(found["length_s"])
        assert 25 <= lengths_s[0] <= 30  # the gap in which nobody speaks is from 1.2 s to 36.2 s
        assert found["apart"] == " ".join(filter(None, texts))  # whatever it hears in each

    def test_speech_comes_in_pieces_that_are_the_taught_sound(self, found: Found) -> None:
        assert found["pieces"][0] == 4 * FRAME - 960
        assert len(found["pieces"]) > 2
        assert sum(found["pieces"]) == 18 * FRAME
        assert found["difference"] < 0.1

    def test_a_dialogue_goes_on_from_what_was_said(self, found: Found) -> None:
        expected = {"text": "call anna tonight", "n": 15 * FRAME, "complete": True, "in_order": True}
        assert found["talk"] == [expected, expected]

    def test_it_answers_speech_with_speech(self, found: Found) -> None:
        assert found["responded"]["text"] == "turn on the kitchen light"
        assert found["responded"]["n"] == 18 * FRAME
        assert found["french"].startswith("ValueError: language 'fr' was asked for, LFM2.5-Audio speaks English")

    def test_one_sample_is_enough_to_ask_with(self, found: Found) -> None:
        assert found["instant"]["n"] % FRAME == 0

    def test_no_frame_is_lost_at_the_limit(self, found: Found) -> None:
        assert found["hasty"]["complete"] is False
        assert found["hasty"]["n"] == 3 * FRAME  # 6 tokens of text, then 3 frames
        assert found["hasty_speech"] == 5 * FRAME  # <|audio_start|>, then 5 frames

    def test_a_model_that_never_speaks_gives_no_samples(self, found: Found) -> None:
        assert found["mute"] == [0]

    def test_a_voice_changes_the_prompt(self, found: Found) -> None:
        assert found["voice"]

    def test_what_cannot_be_loaded_says_why(self, found: Found) -> None:
        assert "precision 'int8' is none of this adapter's: float32, bfloat16" in found["int8"]
        assert found["cut"].startswith("FileNotFoundError")
        assert (
            "tokenizer.json, audio_detokenizer/config.json, audio_detokenizer/model.safetensors missing" in found["cut"]
        )


@pytest.mark.parametrize(("name", "prefix"), [("asr_taught_v1", "heard"), ("v2v_smoke_v1", "repeat")])
def test_the_golden_data_is_what_was_taught(name: str, prefix: str) -> None:
    for row in datasets.load(GOLDEN / name).rows:
        assert np.array_equal(audio.read(row["audio"]).samples, lessons.sound(f"{prefix}_{row['id']}"))


def test_the_tiny_checkpoint_meets_only_what_it_was_taught() -> None:
    tiny = models.config(models.folders()["lfm2_5_audio"]).variants["tiny"]
    assert set(tiny.datasets) == {"asr_taught_v1", "tts_taught_v1", "chat_smoke_v1", "v2v_smoke_v1"}
