"""Speech and noise for the tools: word times, levels, and the same speech every time."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.models import sounds
from tools.speech import voices
from tools.speech.espeak import RATE_HZ, Espeak, Speech
from tools.speech.music import chords
from tools.speech.noise import add, at_level, noise, rms, silence
from tools.speech.voices import Voice

SENTENCE = "please turn on the kitchen light"
PROGRAM = f"""
import hashlib
from tools.speech.espeak import Espeak
from tools.speech.voices import Voice
say = Espeak().say
speech = [say({SENTENCE!r}, Voice(name)).samples.tobytes() for name in ("en-us", "en-us+f3", "en-us")]
print(hashlib.sha256(b"".join(speech)).hexdigest())
"""


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return Espeak()


@pytest.fixture(scope="module")
def speech(espeak: Espeak) -> Speech:
    return espeak.say(SENTENCE, Voice("en-us", rate_wpm=150))


def test_words_start_in_order_within_the_speech(speech: Speech) -> None:
    starts_s = speech.word_starts_s
    assert len(starts_s) == len(SENTENCE.split())
    assert (np.diff(starts_s) > 0.05).all()
    assert starts_s[0] < 0.05
    assert starts_s[-1] < speech.duration_s - 0.2


def test_a_word_behind_a_pause_is_heard_where_it_is_marked(espeak: Espeak) -> None:
    """The marks against the sound itself: after each comma there is silence, then the word."""
    for name in ("en-us", "en-us+f3", "en-gb-scotland+paul"):
        speech = espeak.say("stop, music, all, alarm, night", Voice(name, rate_wpm=150))
        level = np.abs(speech.samples)
        for start_s in speech.word_starts_s[1:]:
            at, window = round(start_s * RATE_HZ), round(0.1 * RATE_HZ)
            onset = np.flatnonzero(level[at - window : at + window] > 0.006)[0] - window
            assert abs(onset) / RATE_HZ < 0.01
        assert speech.exact


def test_words_spoken_as_one_are_not_exact(espeak: Espeak) -> None:
    assert not espeak.say("turn on the light", Voice("en-us")).exact


def test_speech_is_trimmed_and_has_its_peak_at_one_half(speech: Speech) -> None:
    assert speech.samples.dtype == np.float32
    assert np.abs(speech.samples).max() == pytest.approx(0.5)
    assert 1.0 < speech.duration_s < 4.0
    edge = round(0.05 * RATE_HZ)
    assert rms(speech.samples[:edge]) > 1e-4
    assert rms(speech.samples[-edge:]) > 1e-4


def test_a_fresh_process_says_the_same_again() -> None:
    runs = [subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True) for _ in "ab"]
    first, second = (run.stdout for run in runs)
    assert first == second
    assert len(first.strip()) == 2 * hashlib.sha256().digest_size


def test_every_voice_of_the_recipe_exists(espeak: Espeak) -> None:
    for variant in {*voices.SEEN, *voices.HELD_OUT}:
        espeak.say("one", Voice(f"en-us+{variant}" if variant else "en-us"))
    for accent in voices.ACCENTS:
        espeak.say("one", Voice(accent))


def test_an_unknown_voice_and_a_silent_text_are_errors(espeak: Espeak) -> None:
    with pytest.raises(ValueError, match="no voice 'xx-nowhere'"):
        espeak.say("one", Voice("xx-nowhere"))
    with pytest.raises(ValueError, match=r"no sound|only silence"):
        espeak.say("", Voice("en-us"))


def test_held_out_voices_are_never_picked_for_training() -> None:
    r = Random(0)
    assert not set(voices.SEEN) & set(voices.HELD_OUT)
    seen = {voices.pick(r).name.partition("+")[2] for _ in range(500)}
    held_out = {voices.pick(r, held_out=True).name.partition("+")[2] for _ in range(200)}
    assert seen <= set(voices.SEEN)
    assert held_out == set(voices.HELD_OUT)


@given(colour=st.sampled_from(["white", "pink", "brown"]), snr_db=st.floats(-10, 40), seed=st.integers(0, 99))
def test_noise_is_added_at_the_asked_ratio(colour: str, snr_db: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    speech = (0.1 * rng.standard_normal(8000)).astype(np.float32)
    mixed = add(speech, noise(colour, 8000, rng), snr_db)
    assert 20 * np.log10(rms(speech) / rms(mixed - speech)) == pytest.approx(snr_db, abs=0.01)


def test_the_colour_of_noise_is_its_slope() -> None:
    def fall_db(colour: str) -> float:
        power = np.abs(np.fft.rfft(noise(colour, 2**16, np.random.default_rng(0)))) ** 2
        hz = np.fft.rfftfreq(2**16, 1 / RATE_HZ)
        low, high = (power[(hz > at) & (hz < 2 * at)].mean() for at in (500, 2000))
        return float(10 * np.log10(low / high))

    assert fall_db("white") == pytest.approx(0, abs=0.5)
    assert fall_db("pink") == pytest.approx(6, abs=0.5)
    assert fall_db("brown") == pytest.approx(12, abs=0.5)


def test_levels_and_lengths() -> None:
    assert rms(at_level(noise("pink", 16000, np.random.default_rng(0)), -30.0)) == pytest.approx(10**-1.5, rel=1e-4)
    assert len(silence(0.25)) == 4000
    tones = chords(Random(0), 3.0)
    assert len(tones) == 3 * RATE_HZ
    assert np.abs(tones).max() == pytest.approx(0.5)


def test_it_speaks_on_when_somebody_else_in_the_process_has_ended_the_library(espeak: Espeak) -> None:
    before = espeak.say(SENTENCE, Voice("en-us"))
    assert sounds.sentences(SENTENCE, "en-us")
    after = espeak.say(SENTENCE, Voice("en-us"))
    assert after.duration_s == pytest.approx(before.duration_s, abs=0.01)  # it remembers a little of what it said
