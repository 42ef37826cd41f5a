"""Recognisers of transformers that were made to hear as audio comes: tiny checkpoints of the library's own classes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "golden" / "asr_taught_v1" / "audio" / "code.flac"
NEMOTRON, MOONSHINE = ("nemotron_asr_streaming", "nemotron3_5_asr"), "moonshine_streaming"
EVERY = (*NEMOTRON, MOONSHINE)
pytestmark = [pytest.mark.engine, pytest.mark.slow]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.models.checkpoints.streams"]
    command += [str(tmp_path_factory.mktemp("streams")), str(CLIP)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("name", EVERY)
def test_finals_hang_on_the_audio_and_not_on_its_pieces(name: str, said: dict[str, Any]) -> None:
    first, *others = said[name]["pieces"]
    assert any(first)
    assert others == [first, first]


@pytest.mark.parametrize("name", EVERY)
def test_streams_do_not_mix(name: str, said: dict[str, Any]) -> None:
    assert said[name]["apart"] == said[name]["alone"]
    assert said[name]["alone"][0] != said[name]["alone"][1]


@pytest.mark.parametrize("name", EVERY)
def test_a_stream_of_any_length_ends(name: str, said: dict[str, Any]) -> None:
    assert said[name]["short"][0] == []
    assert all(isinstance(text, str) for finals in said[name]["short"] for text in finals)


@pytest.mark.parametrize("name", EVERY)
def test_what_a_stream_holds_does_not_grow(name: str, said: dict[str, Any]) -> None:
    """Forty seconds of speech without a pause: an utterance of 20 s is the most that is held."""
    sizes = said[name]["grown"]
    assert max(sizes[4:]) <= 1.05 * max(sizes[:4])


@pytest.mark.parametrize("name", EVERY)
def test_another_rate_is_refused(name: str, said: dict[str, Any]) -> None:
    assert said[name]["other rate"] == "this checkpoint streams audio at 16000 Hz, got 8000"


def test_a_transducer_says_what_the_librarys_own_streaming_says(said: dict[str, Any]) -> None:
    name = "nemotron_asr_streaming"
    assert "".join(said[name]["pieces"][0]) == said[name]["library"].replace(" ", "")


@pytest.mark.parametrize("name", NEMOTRON)
def test_a_transducer_takes_nothing_back(name: str, said: dict[str, Any]) -> None:
    """What stands there only grows, letter by letter."""
    shown, finals = [], []
    for kind, text in said[name]["events"]:
        if kind == "final":
            finals.append(text)
        shown.append(" ".join([*finals, *([text] if kind == "partial" else [])]).strip())
    assert all(later.startswith(before) for before, later in pairwise(shown))


def test_an_encoder_that_hears_piece_by_piece_hears_what_it_hears_at_once(said: dict[str, Any]) -> None:
    found = said[MOONSHINE]["encoded"]
    assert found["difference"] < 1e-4
    assert found["kept_s"] < 1, "of 5.6 s: what is encoded is not encoded again"


def test_an_utterance_ends_in_a_pause_and_is_what_the_clip_is(said: dict[str, Any]) -> None:
    """Each of the two utterances is final by itself, and what comes before its end is a partial."""
    kinds = [kind for kind, _ in said[MOONSHINE]["events"]]
    assert kinds.count("final") == 2
    assert kinds[0] == "partial"
    assert said[MOONSHINE]["clip"]


def test_only_those_have_streams_and_a_lookahead(said: dict[str, Any]) -> None:
    assert said["others"] == 0
    assert said["lookahead"][0] == "moonshine_streaming has no option 'lookahead': only cache-aware streaming has"
    assert "`num_lookahead_tokens=2` is not supported" in said["lookahead"][1]
    assert all(isinstance(text, str) for text in said["nemotron3_5_asr"]["language"])
