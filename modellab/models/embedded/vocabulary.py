"""Whisper's vocabularies, the multilingual and the English-only one: a byte-pair vocabulary is its tokens in order.

The first 256 tokens are the bytes in GPT-2's order; token 256 + k joins the two earlier ones of merge k. The special
tokens follow: end of text, start, the languages, tasks and other controls, and 1501 timestamps.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modellab.errors import WeightsError

CODES = (  # in the order of their tokens, as openai-whisper lists them
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml "
    "cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am "
    "yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
)
LANGUAGES = tuple(CODES.split())
# n_vocab -> text tokens and languages: English-only, multilingual, and with Cantonese since large-v3
SIZES = {51_864: (50_256, LANGUAGES), 51_865: (50_257, LANGUAGES), 51_866: (50_257, (*LANGUAGES, "yue"))}
# openai-whisper never says these: brackets, speaker tags, notes
SYMBOLS = "<< >> <<< >>> -- --- -( -[ (' (\" (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪"
MUSIC = "♩♪♫♬♭♮♯"
END = "<|endoftext|>"
BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]  # GPT-2's order: printable ones first
BYTES += [byte for byte in range(256) if byte not in BYTES]
PRINTABLE = {byte: chr(byte if i < 188 else 256 + i - 188) for i, byte in enumerate(BYTES)}
BYTE_OF = {letter: byte for byte, letter in PRINTABLE.items()}


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """`text`: what each text token stands for, by id. The multilingual ones end in an empty token."""

    text: tuple[bytes, ...]
    merges: tuple[tuple[int, int], ...]  # the pairs that make token 256, 257, ...
    languages: tuple[str, ...] = LANGUAGES

    @functools.cached_property
    def special_ids(self) -> dict[str, int]:
        """The id of each special token, timestamps too."""
        names = ["endoftext", "startoftranscript", *self.languages, "translate", "transcribe"]
        names += ["startoflm", "startofprev", "nospeech", "notimestamps"]
        every = [*names, *(f"{step * 0.02:.2f}" for step in range(1501))]
        return {f"<|{name}|>": len(self.text) + i for i, name in enumerate(every)}

    @property
    def size(self) -> int:
        """The number of all tokens, n_vocab of the checkpoint."""
        return len(self.text) + len(self.special_ids)

    @property
    def is_multilingual(self) -> bool:
        """Whether the checkpoint knows more than English, told by its number of tokens as the engines do."""
        return self.size >= min(size for size in SIZES if size != min(SIZES))

    @functools.cached_property
    def spelled(self) -> tuple[str, ...]:
        """Each text token in GPT-2's printable spelling, one letter per byte (a space is 'Ġ')."""
        return tuple("".join(PRINTABLE[byte] for byte in token) for token in self.text)

    @functools.cached_property
    def _ids(self) -> dict[bytes, int]:
        return {token: i for i, token in enumerate(self.text) if token}

    def encode(self, piece: str) -> list[int]:
        """Tokens of one word or run of symbols (what the tokenizer's splitting rule leaves whole)."""
        return [self._ids[part] for part in _merged(piece.encode(), self._ids, len(self.text))]

    def suppressed(self) -> list[int]:
        """What decoding never says: speaker tags, brackets, music notes and the controls (openai-whisper's list)."""
        symbols = [*'"#()*+/:;<=>@[\\]^_`{|}~「」『』', *SYMBOLS.split(), *MUSIC]
        numbers = {self.encode(" -")[0], self.encode(" '")[0]}
        for symbol in symbols:
            for ids in (self.encode(symbol), self.encode(" " + symbol)):
                if len(ids) == 1 or symbol in MUSIC:
                    numbers.add(ids[0])
        control = ("startoftranscript", "translate", "transcribe", "startoflm", "startofprev", "nospeech")
        return sorted(numbers | {self.special_ids[f"<|{name}|>"] for name in control})

    def suppressed_at_begin(self) -> list[int]:
        """What a window never begins with: a blank, and the end."""
        return [*self.encode(" "), self.special_ids[END]]

    def tokenizer_json(self) -> dict[str, Any]:
        """The content of a `tokenizer.json` of Hugging Face tokenizers that splits text as openai-whisper does."""
        text = self.spelled
        added = [
            {"id": i, "content": name, "special": not name[2].isdigit()}
            | dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
            for name, i in self.special_ids.items()
        ]
        byte_level = {"type": "ByteLevel", "trim_offsets": True, "use_regex": True}
        bpe: dict[str, Any] = {"type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False}
        bpe |= {"byte_fallback": False, "continuing_subword_prefix": "", "end_of_word_suffix": ""}
        bpe |= {"vocab": {token: i for i, token in enumerate(text)}}
        bpe |= {"merges": [[text[left], text[right]] for left, right in self.merges]}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": None,
            "pre_tokenizer": byte_level | {"add_prefix_space": False},
            "post_processor": self._template("<|startoftranscript|>", "<|notimestamps|>"),
            "decoder": byte_level | {"add_prefix_space": True},
            "model": bpe,
        }

    def _template(self, *prompt: str) -> dict[str, Any]:
        def piece(name: str) -> dict[str, Any]:
            return {"SpecialToken": {"id": name, "type_id": 0}}

        ids = self.special_ids
        first, second = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
        start = [piece(name) for name in prompt]
        return {
            "type": "TemplateProcessing",
            "single": [*start, first, piece(END)],
            "pair": [*start, first, second, piece(END)],
            "special_tokens": {name: {"id": name, "ids": [ids[name]], "tokens": [name]} for name in (*prompt, END)},
        }


def of_tokens(tokens: Iterable[bytes], n_vocab: int) -> Vocabulary:
    """The vocabulary of a checkpoint with `n_vocab` tokens; `tokens` are the text tokens by id, others may follow.

    The merges are found again: a token's last merge joins the two parts that the earlier ones leave of it. Raises
    WeightsError for what is no vocabulary of Whisper.
    """
    if n_vocab not in SIZES:
        known = ", ".join(map(str, SIZES))
        raise WeightsError(f"the checkpoint has {n_vocab} tokens, expected {known}: are there tokens of its own?")
    n_text, _ = SIZES[n_vocab]
    text = tuple(itertools.islice(tokens, n_text))
    return _of_text(text, n_vocab)


@functools.lru_cache(maxsize=2)  # it takes a second, and a checkpoint is read again when it has been written
def _of_text(text: tuple[bytes, ...], n_vocab: int) -> Vocabulary:
    n_text, languages = SIZES[n_vocab]
    if len(text) == n_text - 1 and n_vocab != min(SIZES):
        text += (b"",)
    if len(text) != n_text or list(text[:256]) != [bytes([byte]) for byte in BYTES]:
        raise WeightsError(f"the vocabulary has {len(text)} text tokens, expected {n_text} that begin with the bytes")
    ids = {token: i for i, token in enumerate(text) if token}
    merges = [_merged(token, ids, i) for i, token in enumerate(text) if i >= 256 and token]
    if odd := next((parts for parts in merges if len(parts) != 2), None):
        raise WeightsError(f"the vocabulary has {b''.join(odd)!r}, which no two earlier tokens make: not Whisper's")
    return Vocabulary(text, tuple((ids[left], ids[right]) for left, right in merges), languages)


def of_spelled(ids: Mapping[str, int], n_vocab: int) -> Vocabulary:
    """`of_tokens` for tokens in GPT-2's spelling, as Hugging Face and CTranslate2 write them; others are left out."""
    n_text = SIZES.get(n_vocab, (0, ()))[0]
    by_id = {i: token for token, i in ids.items() if i < n_text}
    try:
        tokens = [bytes(BYTE_OF[letter] for letter in by_id.get(i, "")) for i in range(n_text)]
    except KeyError as odd:
        raise WeightsError(f"the vocabulary has the letter {odd}, which GPT-2's spelling does not know") from None
    return of_tokens(tokens, n_vocab)


def _merged(token: bytes, ids: Mapping[bytes, int], limit: int) -> Sequence[bytes]:
    """The parts that are left of some bytes by the merges that make tokens below `limit`, lowest first."""
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 1:
        pairs = [ids.get(a + b, limit) for a, b in itertools.pairwise(parts)]
        best = pairs.index(min(pairs))
        if pairs[best] >= limit:
            break
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return parts
