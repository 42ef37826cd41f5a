"""The vocabulary is Whisper's own, token for token."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiktoken
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from modellab.models.embedded import tokens

PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""  # openai-whisper's
OURS = Tokenizer.from_str(json.dumps(tokens.tokenizer_json()))
WHISPERS = """
import json
from whisper.tokenizer import get_tokenizer
tokenizer = get_tokenizer(True, num_languages=99, language="en", task="transcribe")
print(json.dumps([tokenizer.special_tokens, tokenizer.non_speech_tokens]))
"""


@pytest.fixture(scope="module")
def ranks(whisper_assets: Path) -> dict[bytes, int]:
    lines = (whisper_assets / "multilingual.tiktoken").read_text().splitlines()
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}


@pytest.fixture(scope="module")
def theirs(ranks: dict[bytes, int]) -> tiktoken.Encoding:
    return tiktoken.Encoding("whisper", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=tokens.SPECIAL_IDS)


def test_every_token_is_whispers(ranks: dict[bytes, int]) -> None:
    assert {token: i for i, token in enumerate(tokens.as_bytes())} == ranks


@given(st.text(max_size=60).filter(lambda text: "<|" not in text))  # special tokens are none of a text's business
@settings(max_examples=300, deadline=None)
def test_any_text_is_split_as_whisper_splits_it(theirs: tiktoken.Encoding, text: str) -> None:
    ids = theirs.encode(text, disallowed_special=())
    assert OURS.encode(text, add_special_tokens=False).ids == ids
    assert OURS.decode(ids, skip_special_tokens=False) == theirs.decode(ids)


@pytest.mark.parametrize("piece", [" unlock", " thirteenth", "'s", " -[", "♪♪♪", " ♮", " Übergrößenträger", "x" * 40])
def test_one_piece_is_split_as_whisper_splits_it(theirs: tiktoken.Encoding, piece: str) -> None:
    assert tokens.encode(piece) == theirs.encode(piece)


def test_spelling_is_one_letter_per_byte() -> None:
    spelled, meant = tokens.as_text(), tokens.as_bytes()
    assert [len(text) for text in spelled] == [len(token) for token in meant]
    assert spelled[tokens.encode(" the")[0]] == "Ġthe"


@pytest.mark.slow
@pytest.mark.engine
def test_special_and_suppressed_tokens_are_whispers() -> None:
    done = subprocess.run([sys.executable, "-c", WHISPERS], capture_output=True, text=True, check=True)
    special, silent = json.loads(done.stdout)
    assert special == tokens.SPECIAL_IDS
    control = {"startoftranscript", "translate", "transcribe", "startoflm", "startofprev", "nospeech"}
    assert set(tokens.suppressed()) == {*silent, *(special[f"<|{name}|>"] for name in control)}
