"""PocketSphinx: a function of the audio alone, commands of a grammar, and every word of a known text."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modellab import audio, datasets, models
from modellab.errors import WeightsError
from modellab.models import adapter_code
from modellab.streaming.clock import VirtualClock
from modellab.streaming.feed import listen
from modellab.types import Audio, Setting

ROOT = Path(__file__).parents[2]
FOLDER = models.FOLDER / "pocketsphinx"
CONFIG = models.config(FOLDER)
TAUGHT = {row["id"]: row for row in datasets.load(ROOT / "golden" / "asr_taught_v1").rows}
DIGITS = "#JSGF V1.0; grammar digits; public <digits> = (one | two | three | four)+;"


def load(variant: str = "commands", weights: Path | None = None, **options: Any) -> Any:
    setting = Setting("pocketsphinx", variant, weights, "cpu", "float32", 1, {**CONFIG.options_for(variant), **options})
    return adapter_code.load(FOLDER, "adapter").load(setting)


@pytest.fixture(scope="module")
def commands() -> Any:
    return load()


def clip(name: str) -> Audio:
    return audio.read(TAUGHT[name]["audio"], 16_000)


def silence(n_samples: int) -> Audio:
    return Audio(np.zeros(n_samples, np.float32), 16_000)


@pytest.mark.parametrize("name", TAUGHT)
def test_a_command_is_heard_with_its_words_in_order(commands: Any, name: str) -> None:
    heard = commands.transcribe(clip(name))
    assert heard.text == TAUGHT[name]["text"]
    assert [each.text for each in heard.segments] == heard.text.split()
    times = [time for each in heard.segments for time in each[1:]]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= clip(name).duration_s


def test_what_was_heard_before_changes_nothing(commands: Any) -> None:
    """Its decoder carries the mean of the cepstra from one utterance to the next, unless it is told not to."""
    first = commands.transcribe(clip("light"))
    loud = Audio(np.random.default_rng(0).uniform(-1, 1, 32_000).astype(np.float32), 16_000)
    for other in (loud, clip("code"), silence(0)):
        commands.transcribe(other)
        assert commands.transcribe(clip("light")) == first


@pytest.mark.parametrize("n_samples", [0, 1, 100, 400, 1600, 16_000])
def test_silence_of_any_length_is_no_word(commands: Any, n_samples: int) -> None:
    assert commands.transcribe(silence(n_samples)).text == ""
    assert commands.transcribe(clip("call")).text == TAUGHT["call"]["text"], "and the next one is heard"


def test_an_utterance_that_fails_leaves_the_next_one_alone(commands: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        """The decoder, which breaks off in the middle."""

        def __getattr__(self, name: str) -> Any:
            return getattr(whole, name)

        def process_raw(self, *_: Any, **__: Any) -> None:
            raise IndexError("nothing to decode")

    whole = commands.decoder
    monkeypatch.setattr(commands, "decoder", Failing())
    with pytest.raises(IndexError):
        commands.transcribe(clip("call"))
    monkeypatch.undo()
    assert commands.transcribe(clip("call")).text == TAUGHT["call"]["text"]


def test_only_sentences_of_the_grammar_are_heard() -> None:
    assert set(load(grammar=DIGITS).transcribe(clip("light")).text.split()) <= {"one", "two", "three", "four"}


@pytest.mark.parametrize(
    ("grammar", "says"),
    [
        ("turn the light on", "cannot take the grammar 'turn the light on': is it JSGF?"),
        (DIGITS.replace("two", "blorb | xyzzy"), "its dictionary has no 'blorb', 'xyzzy'"),
        ("#JSGF V1.0; grammar g;", "is it JSGF?"),
    ],
)
def test_a_grammar_that_it_cannot_take_is_named(grammar: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        load(grammar=grammar)


def test_open_english_is_heard_without_a_grammar() -> None:
    """The words of an unknown voice, most of them wrong, but words of English that no grammar named."""
    heard = load("en-us").transcribe(clip("code")).text
    assert heard
    assert heard != TAUGHT["code"]["text"]


def test_every_word_of_a_known_text_has_its_time(commands: Any) -> None:
    words = commands.align(clip("light"), "Turn ON the -- kitchen, light!")
    assert [word.text for word in words] == ["Turn", "ON", "the", "--", "kitchen,", "light!"]
    assert math.isnan(words[3].start_s)
    times = [time for word in words if word.text != "--" for time in word[1:]]
    assert times == sorted(times)
    assert times[-1] <= clip("light").duration_s + 0.01
    assert all(math.isnan(word.end_s) for word in commands.align(clip("light"), "... --"))
    assert commands.align(clip("light"), "") == []


def test_times_are_those_that_espeak_noted_when_it_spoke(commands: Any) -> None:
    row = datasets.load(ROOT / "golden" / "align_smoke_v1").rows[0]
    found = commands.align(audio.read(row["audio"], 16_000), " ".join(word[0] for word in row["words"]))
    pairs = zip(found, row["words"], strict=True)
    assert [word.text for word in found] == [word[0] for word in row["words"]]
    assert max(abs(word.start_s - start_s) for word, (_, start_s, _) in pairs) < 0.1


def test_what_cannot_be_aligned_is_said(commands: Any) -> None:
    with pytest.raises(ValueError, match="the dictionary has no 'blorb', 'xyzzy': expected words that it knows"):
        commands.align(clip("light"), "turn blorb the Xyzzy light")
    with pytest.raises(ValueError, match=r"the 5 words were not found in 0\.10 s: is it the text of this audio\?"):
        commands.align(silence(1600), "turn on the kitchen light")
    assert len(commands.align(clip("light"), TAUGHT["light"]["text"])) == 5


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ValueError, match="pocketsphinx has no option 'gramar': did you mean grammar"):
        load(gramar="")


def test_a_folder_of_ones_own_is_used_and_what_it_lacks_named(tmp_path: Path) -> None:
    import pocketsphinx

    package = Path(pocketsphinx.get_model_path("en-us"))
    (tmp_path / "acoustic").symlink_to(package / "en-us")
    (tmp_path / "mine.dict").symlink_to(package / "cmudict-en-us.dict")
    with pytest.raises(WeightsError, match="has 0 places for lm, expected one folder with the acoustic model"):
        load(weights=tmp_path)
    (tmp_path / "mine.lm.bin").symlink_to(package / "en-us.lm.bin")
    assert load(weights=tmp_path).transcribe(clip("call")).text == TAUGHT["call"]["text"]


def finals(model: Any, sound: Audio, chunk_s: float) -> list[str]:
    return [each.event.text for each in listen(model, sound, VirtualClock, chunk_s) if each.event.kind == "final"]


def test_a_stream_hears_commands_and_ends_them_at_a_pause(commands: Any) -> None:
    """Whatever the pieces, and whatever its decoder heard before."""
    pause = np.zeros(16_000, np.float32)
    both = Audio(np.concatenate([clip("light").samples, pause, clip("call").samples, pause]), 16_000)
    first = finals(commands, both, 0.25)
    assert first == [TAUGHT["light"]["text"], TAUGHT["call"]["text"]]
    assert [finals(commands, both, chunk_s) for chunk_s in (0.013, 9.0)] == [first, first]


@pytest.mark.slow
def test_a_sentence_that_is_misheard_on_the_way_is_whole_in_the_end() -> None:
    """With a guessed mean it takes half of one for a pause; a grammar's joints are no words."""
    model = load("house")
    for row in datasets.load(ROOT / "golden" / "stream_smoke_v1").rows:
        events = [each.event for each in listen(model, audio.read(row["audio"], 16_000), VirtualClock, 0.25)]
        assert [event.text for event in events if event.kind == "final"] == [row["text"]]
        assert {word for event in events for word in event.text.split()} <= set(re.findall(r"\w+", model.grammar))


def test_two_streams_at_once_and_one_given_up(commands: Any) -> None:
    ours, theirs, other = (commands.open_stream(16_000) for _ in range(3))
    sounds = clip("light").samples, clip("code").samples
    events: list[list[Any]] = [[], []]
    for at in range(0, max(map(len, sounds)), 4000):
        other.feed(sounds[0][at : at + 4000])
        for stream, sound, said in zip((ours, theirs), sounds, events, strict=True):
            said += stream.feed(sound[at : at + 4000])
    other.close()
    texts = [
        " ".join(event.text for event in [*said, *stream.finish()] if event.kind == "final")
        for stream, said in zip((ours, theirs), events, strict=True)
    ]
    assert texts == [TAUGHT["light"]["text"], TAUGHT["code"]["text"]]
    assert len({id(decoder) for decoder in commands.free}) == len(commands.free) >= 3


def test_what_nobody_says_is_nothing(commands: Any) -> None:
    assert finals(commands, silence(16_000), 0.25) == finals(commands, silence(100), 0.25) == []
    assert commands.open_stream(16_000).finish() == []
