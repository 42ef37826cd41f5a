"""The few rows of Whisper's vocabulary that training uses, numbered anew.

Of 51,865 tokens the 144 words need 164, and 7 control tokens come with them. Numbers 0 to `N_USED` - 1 are these rows,
then come the 1,501 timestamps, and one last number stands for each of the tokens that are never used: they share one
vector, whose logit counts log(`N_UNUSED`) more, so that the softmax is exactly that over the full vocabulary.
"""

from __future__ import annotations

from modellab.models.embedded import tokens
from tools.whisper_lab.grammar import VOCABULARY

WORD_TOKENS = {word: tokens.encode(f" {word}") for word in VOCABULARY}
TEXT_IDS = sorted({token for ids in WORD_TOKENS.values() for token in ids})
CONTROL = [
    "<|startoftranscript|>",
    "<|en|>",
    "<|transcribe|>",
    "<|notimestamps|>",
    "<|endoftext|>",
    "<|startofprev|>",
    "<|nospeech|>",
]
USED_IDS = [*TEXT_IDS, *(tokens.SPECIAL_IDS[name] for name in CONTROL)]  # compact number -> Whisper's token
N_USED = len(USED_IDS)
N_TIMESTAMPS = 1501  # <|0.00|> to <|30.00|>
TIMESTAMP_0 = N_USED
UNUSED = N_USED + N_TIMESTAMPS
N_UNUSED = tokens.N_VOCAB - N_USED - N_TIMESTAMPS
_NUMBER = {token: number for number, token in enumerate(USED_IDS)}
START, ENGLISH, TRANSCRIBE, NO_TIMESTAMPS, END, PREVIOUS, NO_SPEECH = (
    _NUMBER[tokens.SPECIAL_IDS[name]] for name in CONTROL
)
WORD_LABEL = {word: number for number, word in enumerate(VOCABULARY, start=1)}  # of a frame; 0 is silence


def numbers(text: str) -> list[int]:
    """The compact token numbers of words in the vocabulary."""
    return [_NUMBER[token] for word in text.split() for token in WORD_TOKENS[word]]


def timestamp(time_s: float) -> int:
    """The number of the timestamp nearest to `time_s`, which steps by 0.02 s up to 30 s."""
    return TIMESTAMP_0 + min(N_TIMESTAMPS - 1, max(0, round(time_s * 50)))


def text(used: list[int]) -> str:
    """The words of compact numbers; everything but text tokens is left out."""
    n_text = len(TEXT_IDS)
    return b"".join(tokens.as_bytes()[USED_IDS[number]] for number in used if number < n_text).decode().strip()
