"""One model on one's own file or text, of every task: words to stdout, never a traceback."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
import soundfile

from .conftest import Desk

ADAPTER = '''
"""A fake of every task, which answers what a test can tell."""

from modellab.types import Audio, Region, Reply, Word
import numpy as np


class Dialogue:
    def __init__(self):
        self.said = []

    def say(self, said):
        self.said.append(said)
        return Reply(text=f"you said {' then '.join(self.said)}")


class Fake:
    FORCED = True

    def detect(self, audio):
        return [Region(0.25, 1.0)]

    def align(self, audio, text):
        return [Word(word, at, at + 0.5) for at, word in enumerate(text.split())]

    def identify(self, audio):
        return "de"

    def translate(self, source, source_language, target_language):
        what = source if isinstance(source, str) else f"{source.duration_s:.1f} s"
        return f"{what} from {source_language} into {target_language}"

    def speak(self, text, voice=""):
        if "nothing" in text:
            raise RuntimeError("no voice left")
        return Audio(np.full(800 * len(text.split()), 0.25, dtype=np.float32), 8000)

    def converse(self):
        return Dialogue()


def load(setting):
    return Fake()
'''


@pytest.fixture
def able(desk: Desk) -> Desk:
    """A project whose model `fake` does everything."""
    folder = desk.model("fake", tasks=["vad", "alignment", "lid", "translation", "tts", "chat"])
    (folder / "adapter.py").write_text(textwrap.dedent(ADAPTER))
    return desk


def test_where_somebody_speaks(able: Desk) -> None:
    assert able.type("vad", able.audio(), "--model", "fake").stdout == "0.250\t1.000\n"
    several = able.type("vad", able.audio(0), able.audio(1), "--model", "fake")
    assert several.stdout == f"{able.audio(0)}\t0.250\t1.000\n{able.audio(1)}\t0.250\t1.000\n"
    told = json.loads(able.type("vad", able.audio(), "--model", "fake", "--json").stdout)
    assert (told["file"], told["regions"]) == (able.audio(), [[0.25, 1.0]])


@pytest.mark.parametrize("where", ["argument", "file"])
def test_where_each_word_is(able: Desk, where: str) -> None:
    text = "Turn on!"
    if where == "file":
        Path("words.txt").write_text(text)
    result = able.type("align", able.audio(), text if where == "argument" else "words.txt", "--model", "fake")
    assert result.stdout == "0.000\t0.500\tturn\n1.000\t1.500\ton\n"


def test_which_language(able: Desk) -> None:
    assert able.type("identify", able.audio(), "--model", "fake").stdout == "de\n"


@pytest.mark.parametrize(("source", "expected"), [("good morning", "good morning"), ("", "1.5 s")])
def test_translation_of_text_and_of_speech(able: Desk, source: str, expected: str) -> None:
    given = source or able.audio()
    result = able.type("translate", given, "--from", "en", "--to", "de", "--model", "fake")
    assert result.stdout == f"{expected} from en into de\n"


def test_speech_of_a_text(able: Desk) -> None:
    result = able.type("synthesize", "turn on the light", "--model", "fake", "-o", "out/said.wav")
    assert result.exit_code == 0
    assert result.stdout.startswith("out/said.wav: 0.4 s of speech in ")
    samples, rate_hz = soundfile.read("out/said.wav")
    assert (len(samples), rate_hz) == (3200, 8000)
    assert samples == pytest.approx(0.25, abs=1e-4)


def test_a_dialogue_remembers_what_was_said(able: Desk) -> None:
    result = able.type("chat", "hello", "bye", "--model", "fake")
    assert result.stdout == "you said hello\nyou said hello then bye\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("synthesize", " ", "--model", "fake"), "there is no text to be said"),
        (("synthesize", "nothing", "--model", "fake"), "no voice left"),
        (("synthesize", "hello", "--model", "fake", "-o", "speech.doc"), "expected the suffix"),
        (("vad", "none.wav", "--model", "fake"), "none.wav does not exist: expected an audio file"),
        (("vad", "none.wav", "--model", "faek"), "did you mean fake?"),
        (("chat", "hello", "--model", "silero_vad"), "silero_vad does vad and no chat"),
    ],
)
def test_what_goes_wrong_is_one_sentence(able: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = able.type(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_one_bad_file_does_not_cost_the_others(able: Desk) -> None:
    result = able.type("vad", "none.wav", able.audio(), "--model", "fake")
    assert (result.exit_code, result.stdout) == (2, f"{able.audio()}\t0.250\t1.000\n")


@pytest.mark.slow
@pytest.mark.engine
def test_the_defaults_that_need_no_download(desk: Desk) -> None:
    said = "turn on the kitchen light"
    assert desk.type("synthesize", said, "-o", "said.wav").exit_code == 0
    (line,) = desk.type("vad", "said.wav").stdout.splitlines()
    assert 0 <= float(line.split()[0]) < float(line.split()[1]) <= 2.5
    aligned = [line.split("\t")[2] for line in desk.type("align", "said.wav", said).stdout.splitlines()]
    assert aligned == said.split()
    for command in (("translate", "hello", "--from", "en", "--to", "de"), ("chat", "hello")):
        result = desk.type(*command)
        assert result.exit_code == 0
        assert "is a tiny checkpoint that exercises code" in result.stderr
