"""Run by the tests in a process of its own, with an engine in it.

`chain.py chain SOURCE FOLDER FORMAT...`: convert to each format, each from the one before; a line of JSON says what
each holds. `chain.py english FOLDER`: make a random English-only checkpoint with transformers' own classes.
`chain.py hear FORMAT PATH CLIP`: load a checkpoint through the project's adapter; a line of JSON says what it hears.
`chain.py identify FORMAT PATH CLIP`: in which language.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modellab import audio
from modellab.models.conversion import convert, openai, probe
from modellab.models.conversion.checkpoint import Whisper


def facts(whisper: Whisper) -> dict[str, Any]:
    """All that a checkpoint is, in a form that can be compared."""
    tensors, decoding = whisper.checkpoint.tensors, whisper.decoding
    sums = {name: hashlib.sha256(array.tobytes()).hexdigest() for name, array in tensors.items()}
    tokens = hashlib.sha256(repr((decoding.vocabulary.text, decoding.vocabulary.merges)).encode()).hexdigest()
    return {
        "dims": repr(whisper.checkpoint.dims),
        "tensors": sums,
        "dtypes": sorted({str(array.dtype) for array in tensors.values()}),
        "vocabulary": tokens,
        "heads": [list(pair) for pair in decoding.alignment_heads],
        "suppressed": [list(decoding.suppress_ids), list(decoding.suppress_ids_begin)],
    }


def chain(source: str, folder: str, *formats: str) -> None:
    path = Path(source)
    say({"source": facts(convert.read(path))})
    for fmt in formats:
        path = convert.convert(path, fmt, Path(folder, fmt), "mine")
        say({fmt: facts(convert.read(path)), "path": str(path)})


def english(folder: str) -> None:
    import torch
    from transformers import GenerationConfig, WhisperConfig, WhisperForConditionalGeneration

    torch.manual_seed(7)
    sizes: dict[str, Any] = {"encoder_layers": 2, "decoder_layers": 3, "d_model": 64, "vocab_size": 51_864}
    sizes |= {f"{side}_attention_heads": 2 for side in ("encoder", "decoder")}
    sizes |= {f"{side}_ffn_dim": 256 for side in ("encoder", "decoder")}
    ids = {f"{name}_token_id": 50_256 for name in ("bos", "eos", "pad")} | {"decoder_start_token_id": 50_257}
    model = WhisperForConditionalGeneration(WhisperConfig(**sizes, **ids, init_std=0.3))
    told: dict[str, Any] = {"is_multilingual": False, "no_timestamps_token_id": 50_362, "max_length": 448}
    model.generation_config = GenerationConfig(**ids, **told, alignment_heads=[[1, 0], [2, 1]], suppress_tokens=[5, 9])
    model.save_pretrained(folder)
    vocabulary = openai.vocabulary(51_864)
    spelled = {token: i for i, token in enumerate(vocabulary.spelled)} | vocabulary.special_ids
    files = {
        "vocab.json": json.dumps(spelled),
        "tokenizer.json": json.dumps(vocabulary.tokenizer_json()),
        "tokenizer_config.json": json.dumps({"tokenizer_class": "WhisperTokenizer"}),
        "preprocessor_config.json": json.dumps({"feature_extractor_type": "WhisperFeatureExtractor"}),
    }
    for name, text in files.items():
        Path(folder, name).write_text(text)


def hear(fmt: str, path: str, clip: str) -> None:
    sound = audio.read(Path(clip), probe.RATE_HZ)
    adapter = probe.load(fmt, Path(path))
    words = [list(word) for word in adapter.align(sound, "")]
    say({"text": adapter.transcribe(sound).text, "words": words})


def identify(fmt: str, path: str, clip: str) -> None:
    say({"language": probe.load(fmt, Path(path)).identify(audio.read(Path(clip), probe.RATE_HZ))})


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"chain": chain, "english": english, "hear": hear, "identify": identify}
    commands[sys.argv[1]](*sys.argv[2:])
