"""A second judge of speech synthesis."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modellab.tasks import tts
from modellab.types import Audio

from .test_tts import RATE_HZ, ROW, Judge, examined_output, tone, values


def test_a_second_judge_hears_the_same_speech(tmp_path: Path) -> None:
    once = examined_output(tone(), Judge("set the oven to 40 degrees"), tmp_path)
    twice = values(tts.examine(Judge("set an oven to 40 degrees"), ROW, once))
    assert (twice["wer"], twice["second_wer"], twice["agreed_error_rate"]) == (1 / 6, 2 / 6, 1 / 6)
    silent = examined_output(Audio(np.zeros(RATE_HZ, np.float32), RATE_HZ), Judge(), tmp_path)
    assert values(tts.examine(Judge("thank you"), ROW, silent))["second_wer"] == 1
