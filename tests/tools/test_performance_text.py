"""The figures of text: that they are taken, and that the comparison with the originals finds what differs."""

from __future__ import annotations

import pytest

from modellab import text as normalisers
from tools.performance import sentences, text


def test_a_long_pair_gives_seconds_and_megabytes() -> None:
    for compounds in (False, True):
        found = text.one_pair(400, compounds)
        assert found.keys() == {"s", "mb"}
        assert 0 < found["s"] < 60
        assert 10 < found["mb"] < 10_000


def test_the_comparison_finds_a_text_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    if text.original() is None:
        pytest.skip("openai-whisper is not installed: pip install 'modellab[whisper]'")
    assert text.fuzz(200) == []
    monkeypatch.setattr(normalisers, "quick_whisper_en", str.upper)
    assert len(text.fuzz(200)) > 100


def test_the_sentences_are_the_same_for_everyone_and_each_is_new() -> None:
    assert sentences.read_speech(50) == sentences.read_speech(50)
    assert len(set(sentences.read_speech(500))) == 500
    assert list(sentences.mixed(50)) == list(sentences.mixed(50))
    assert list(sentences.mixed(50)) != list(sentences.mixed(50, seed=2))
