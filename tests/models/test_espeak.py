"""espeak-ng speaks, the same way every time, and says what it cannot say."""

from __future__ import annotations

import gc
import re
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import models
from modellab.audio.saved import SCRATCH
from modellab.metrics import audio_health
from modellab.models import adapter_code
from modellab.types import Audio, Setting
from tools.speech.espeak import Espeak
from tools.speech.voices import Voice

TEXT = "turn on the kitchen light"
FOLDER = models.folders()["espeak"]
OPTIONS = models.config(FOLDER).options_for("en-us")


def load(**options: Any) -> Any:
    setting = Setting("espeak", "en-us", None, "cpu", "int16", 1, {**OPTIONS, **options})
    return adapter_code.load(FOLDER, "adapter").load(setting)


def said(pieces: Iterator[Audio]) -> Audio:
    found = list(pieces)
    return Audio(np.concatenate([piece.samples for piece in found]), found[0].rate_hz)


def say(text: str = TEXT, voice: str = "", **options: Any) -> np.ndarray:
    return said(load(**options).speak(text, voice)).samples


@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "en-us+klatt", "de"])
def test_the_same_text_sounds_the_same_whatever_was_said_before(voice: str) -> None:
    espeak = load(voice=voice)
    first = said(espeak.speak(TEXT)).samples
    others = [said(espeak.speak(text, other)).samples for text, other in (("hello there", "fr"), (TEXT, "en-us+m2"))]
    assert np.array_equal(said(espeak.speak(TEXT)).samples, first)
    assert not any(np.array_equal(other, first) for other in others)


def test_another_user_of_the_library_in_the_process_does_not_matter() -> None:
    other, espeak = Espeak(), load()
    theirs = [other.say(TEXT, Voice("en-us")).samples for _ in range(2)]
    ours = [said(espeak.speak(TEXT)).samples for _ in range(2)]
    assert np.array_equal(*ours)
    assert len(other.say(TEXT, Voice("en-us")).samples) == pytest.approx(len(theirs[0]), rel=0.01), (
        "it goes on speaking"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere its copy of the library is a file")
def test_it_speaks_where_nothing_may_be_run_from_folders_of_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", SCRATCH):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    espeak = load()
    copy = Path(espeak.library)
    assert "modellab-espeak" in str(copy.readlink())
    assert np.array_equal(said(espeak.speak(TEXT)).samples, say())
    assert not list(tmp_path.iterdir())
    del espeak
    gc.collect()
    assert not (copy.is_symlink() and "modellab-espeak" in str(copy.readlink())), "its copy is let go of"


def test_speech_is_sound_and_as_long_as_its_text() -> None:
    spoken = said(load().speak(TEXT))
    found = audio_health.health(spoken)
    values = {
        metric.name: metric.value([audio_health.health_counts(found)[metric.name]])
        for metric in audio_health.HEALTH_METRICS
    }
    assert spoken.rate_hz == 22_050
    assert spoken.samples.dtype == np.float32
    assert all(values[name] <= limit for name, limit in audio_health.HEALTH_LIMITS.items())
    assert all(share[0] == 0 for share in audio_health.length_counts(TEXT, found).values())


def test_pieces_come_as_they_are_made() -> None:
    pieces = list(load().speak(TEXT))
    assert len(pieces) > 10
    assert max(piece.duration_s for piece in pieces) < 0.1


def test_options_and_the_rows_voice_change_the_speech() -> None:
    assert len(say(rate_wpm=120)) > 1.2 * len(say(rate_wpm=200))
    assert not np.array_equal(say(pitch=20), say(pitch=80))
    assert np.array_equal(say(voice="de"), said(load().speak(TEXT, "de")).samples)


def test_two_at_once_do_not_disturb_each_other() -> None:
    espeak = load()
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda text: said(espeak.speak(text)).samples, [TEXT, "good morning"] * 3))
    assert all(np.array_equal(other, found[i % 2]) for i, other in enumerate(found))


def test_a_listener_who_goes_away_leaves_the_next_one_alone() -> None:
    espeak = load()
    whole = said(espeak.speak(TEXT)).samples
    next(espeak.speak(TEXT))
    assert np.array_equal(said(espeak.speak(TEXT)).samples, whole)


@pytest.mark.parametrize("text", ["", " \n", "...", "\u200b"])
def test_a_text_without_words_makes_no_sound(text: str) -> None:
    with pytest.raises(ValueError, match="made no sound for"):
        say(text)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"voice": "en-uss"}, "no voice 'en-uss': did you mean en-us or"),
        ({"voice": "fr-fr"}, "no voice 'fr-fr': did you mean fr-ch or fr-be?"),
        ({"voice": "klingon-x"}, "no voice 'klingon-x': it names them as en-us, de"),
        ({"voice": "en-us+f33"}, "no variant 'f33' of a voice: did you mean f3?"),
        ({"rate": 100}, "no option 'rate': did you mean rate_wpm?"),
    ],
)
def test_what_it_does_not_know_is_named_when_it_is_loaded(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        load(**options)


def test_an_unknown_voice_of_a_row_fails_that_row() -> None:
    espeak = load()
    with pytest.raises(ValueError, match="no voice 'xx'"):
        list(espeak.speak(TEXT, "xx"))
    assert len(said(espeak.speak(TEXT)).samples)


def test_a_long_text_is_spoken_to_its_end() -> None:
    assert len(say(f"{TEXT}. " * 50)) > 45 * len(say())
