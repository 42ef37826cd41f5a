"""A vocabulary from its tokens alone: the merges are found again, and both of Whisper's are its own."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
import tiktoken
from tokenizers import Tokenizer

from modellab.errors import WeightsError
from modellab.models.embedded import tokens
from modellab.models.embedded.vocabulary import SIZES, Vocabulary, of_spelled, of_tokens

from .test_tokens import PATTERN

TEXT = " It's 3 o'clock in Übergrößen-Träger ♪♪♪, unlock the\n\nthirteenth door!  naïve"


@pytest.fixture(scope="module")
def ranks(whisper_assets: Path) -> dict[bytes, int]:
    lines = (whisper_assets / "gpt2.tiktoken").read_text().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}


@pytest.fixture(scope="module")
def english(ranks: dict[bytes, int]) -> Vocabulary:
    return of_tokens(ranks, 51_864)


def test_the_merges_of_the_multilingual_one_are_found_again() -> None:
    found = of_tokens(tokens.as_bytes(), tokens.N_VOCAB)
    assert found.merges == tokens.vocabulary().merges
    assert found.text == tokens.as_bytes()
    assert found.is_multilingual


def test_an_empty_last_token_may_be_missing() -> None:
    assert of_tokens(tokens.as_bytes()[:-1], tokens.N_VOCAB).text == tokens.as_bytes()


def test_the_english_one_splits_as_whispers(english: Vocabulary, ranks: dict[bytes, int]) -> None:
    theirs = tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=english.special_ids)
    ours = Tokenizer.from_str(json.dumps(english.tokenizer_json()))
    ids = theirs.encode(TEXT)
    assert ours.encode(TEXT, add_special_tokens=False).ids == ids
    assert ours.decode(ids) == TEXT
    assert [english.encode(piece) for piece in (" the", "♪♪♪")] == [theirs.encode(piece) for piece in (" the", "♪♪♪")]


def test_the_english_ones_special_tokens(english: Vocabulary) -> None:
    """As in openai-whisper; one less than in the multilingual one, whose last text token is empty."""
    assert not english.is_multilingual
    names = ("endoftext", "startoftranscript", "en", "translate", "transcribe", "nospeech", "notimestamps", "30.00")
    expected = [50_256, 50_257, 50_258, 50_357, 50_358, 50_361, 50_362, 51_863]
    assert [english.special_ids[f"<|{name}|>"] for name in names] == expected
    assert english.suppressed()[:8] == [1, 2, 7, 8, 9, 10, 14, 25]
    assert english.suppressed()[-6:] == [50_257, 50_357, 50_358, 50_359, 50_360, 50_361]
    assert english.suppressed_at_begin() == [220, 50_256]


def test_the_third_size_has_cantonese() -> None:
    found = of_tokens(tokens.as_bytes(), 51_866)
    assert found.special_ids["<|yue|>"] == found.special_ids["<|su|>"] + 1
    assert found.size == 51_866


@pytest.mark.parametrize("n_vocab", SIZES)
def test_the_size_is_that_of_the_checkpoint(n_vocab: int, english: Vocabulary) -> None:
    text = english.text if n_vocab == 51_864 else tokens.as_bytes()
    assert of_tokens(text, n_vocab).size == n_vocab


def test_spelled_tokens_are_the_same(english: Vocabulary) -> None:
    ids = {token: i for i, token in enumerate(english.spelled)} | english.special_ids
    assert of_spelled(ids, 51_864).text == english.text


@pytest.mark.parametrize(
    ("text", "n_vocab", "says"),
    [
        (tokens.as_bytes(), 51_900, "the checkpoint has 51900 tokens, expected 51864, 51865, 51866"),
        (tokens.as_bytes()[:100], 51_865, "has 100 text tokens, expected 50257 that begin with the bytes"),
        (tokens.as_bytes()[1:], 51_864, "expected 50256 that begin with the bytes"),
        (
            (*tokens.as_bytes()[:300], b"\x01\x02\x03", *tokens.as_bytes()[301:]),
            51_865,
            r"has b'\\x01\\x02\\x03', which no two earlier tokens make",
        ),
    ],
)
def test_what_is_no_vocabulary_of_whisper(text: tuple[bytes, ...], n_vocab: int, says: str) -> None:
    with pytest.raises(WeightsError, match=says):
        of_tokens(text, n_vocab)


def test_a_letter_that_the_spelling_does_not_know() -> None:
    with pytest.raises(WeightsError, match="has the letter '語'"):
        of_spelled({"語": 0}, 51_865)
