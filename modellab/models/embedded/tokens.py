"""Whisper's multilingual vocabulary, from the 50,000 merges stored in 0.16 MB.

A byte-pair vocabulary is its merges: token 256 + k is token `left[k]` followed by token `right[k]`, and the first
256 tokens are the bytes in the order below. The merges are those of openai/whisper's multilingual.tiktoken (MIT).
"""

from __future__ import annotations

import functools
import itertools
import lzma
from pathlib import Path
from typing import Any

import numpy as np

MERGES = Path(__file__).parent / "whisper_lab" / "merges.u16.xz"  # all lefts, then all rights, little endian
CODES = (  # in the order of their tokens, as openai-whisper lists them
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
LANGUAGES = CODES.split()
# openai-whisper never says these: brackets, speaker tags, notes
SYMBOLS = "<< >> <<< >>> -- --- -( -[ (' (\" (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪"
MUSIC = "♩♪♫♬♭♮♯"
N_TEXT = 50_257  # 256 bytes, 50,000 merges and an empty token that nothing encodes to
_BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]  # GPT-2's order: printable ones first
_BYTES += [byte for byte in range(256) if byte not in _BYTES]


def _specials() -> list[str]:
    names = ["endoftext", "startoftranscript", *LANGUAGES, "translate", "transcribe"]
    names += ["startoflm", "startofprev", "nospeech", "notimestamps"]
    return [f"<|{name}|>" for name in [*names, *(f"{step * 0.02:.2f}" for step in range(1501))]]


SPECIAL_IDS = {name: N_TEXT + i for i, name in enumerate(_specials())}
N_VOCAB = N_TEXT + len(SPECIAL_IDS)


@functools.cache
def merges() -> list[tuple[int, int]]:
    """The pairs of tokens that make token 256, 257, ..."""
    left, right = np.frombuffer(lzma.decompress(MERGES.read_bytes()), "<u2").reshape(2, -1).tolist()
    return list(zip(left, right, strict=True))


@functools.cache
def as_bytes() -> tuple[bytes, ...]:
    """What each text token stands for."""
    known = [bytes([byte]) for byte in _BYTES]
    for left, right in merges():
        known.append(known[left] + known[right])
    return (*known, b"")


@functools.cache
def as_text() -> tuple[str, ...]:
    """Each text token in GPT-2's printable spelling, one letter per byte (a space is 'Ġ')."""
    printable = {byte: chr(byte if i < 188 else 256 + i - 188) for i, byte in enumerate(_BYTES)}
    return tuple("".join(printable[byte] for byte in token) for token in as_bytes())


@functools.cache
def _ids() -> dict[bytes, int]:
    return {token: i for i, token in enumerate(as_bytes()[:-1])}


def encode(piece: str) -> list[int]:
    """Tokens of one word or run of symbols (what the tokenizer's splitting rule leaves whole)."""
    ids = _ids()
    parts = [bytes([byte]) for byte in piece.encode()]
    while len(parts) > 1:
        pairs = [ids.get(a + b, N_TEXT) for a, b in itertools.pairwise(parts)]
        best = pairs.index(min(pairs))
        if pairs[best] == N_TEXT:
            break
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return [ids[part] for part in parts]


def suppressed() -> list[int]:
    """What decoding never says: speaker tags, brackets, music notes and the control tokens (openai-whisper's list)."""
    symbols = [*'"#()*+/:;<=>@[\\]^_`{|}~「」『』', *SYMBOLS.split(), *MUSIC]
    found = {encode(" -")[0], encode(" '")[0]}
    for symbol in symbols:
        for ids in (encode(symbol), encode(" " + symbol)):
            if len(ids) == 1 or symbol in MUSIC:
                found.add(ids[0])
    control = ("startoftranscript", "translate", "transcribe", "startoflm", "startofprev", "nospeech")
    return sorted(found | {SPECIAL_IDS[f"<|{name}|>"] for name in control})


def tokenizer_json() -> dict[str, Any]:
    """The content of a `tokenizer.json` of Hugging Face tokenizers that splits text as openai-whisper does."""
    text = as_text()
    added = [
        {"id": i, "content": name, "special": not name[2].isdigit()}
        | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
        for name, i in SPECIAL_IDS.items()
    ]
    byte_level = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
    bpe: dict[str, Any] = {"type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False, "byte_fallback": False}
    bpe |= {"continuing_subword_prefix": "", "end_of_word_suffix": ""}
    bpe |= {"vocab": {token: i for i, token in enumerate(text)}}
    bpe |= {"merges": [[text[left], text[right]] for left, right in merges()]}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": byte_level | {"add_prefix_space": False},
        "post_processor": _template("<|startoftranscript|>", "<|notimestamps|>"),
        "decoder": byte_level | {"add_prefix_space": True},
        "model": bpe,
    }


def _template(*prompt: str) -> dict[str, Any]:
    end = "<|endoftext|>"

    def piece(name: str) -> dict[str, Any]:
        return {"SpecialToken": {"id": name, "type_id": 0}}

    first, second = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    start = [piece(name) for name in prompt]
    return {
        "type": "TemplateProcessing",
        "single": [*start, first, piece(end)],
        "pair": [*start, first, second, piece(end)],
        "special_tokens": {name: {"id": name, "ids": [SPECIAL_IDS[name]], "tokens": [name]} for name in (*prompt, end)},
    }
