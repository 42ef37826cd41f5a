"""`python -m modellab.models.conversion.probe FORMAT PATH CLIP.npy OUT.npz`: what one engine computes of a clip.

Run in a process of its own by `verify.py`, through the project's adapter. OUT.npz holds `text`, and where the engine
gives them `encoder`, shape (positions, width), and `logits`, shape (n_vocab,), of the first token after the start.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import numpy as np

from modellab import models
from modellab.models import FOLDER, adapter_code
from modellab.models.embedded.compact import Array
from modellab.models.embedded.vocabulary import SIZES
from modellab.types import Audio, Setting

RATE_HZ = 16_000
TIMESTAMPS = 1501  # the last tokens, after <|notimestamps|>
ENGINES = {"openai": "whisper", "transformers": "distil_whisper", "ct2": "faster_whisper", "ggml": "whisper_cpp"}
PRECISION = {"ggml": "f16"}  # of the others float32


def load(fmt: str, path: Path) -> Any:
    """The adapter of an engine with a checkpoint in it, decoding as the engines are compared: greedy, in English."""
    folder = FOLDER / ENGINES[fmt]
    options = models.config(folder).options
    precision = PRECISION.get(fmt, "float32")
    return adapter_code.load(folder, "adapter").load(Setting(folder.name, "", path, "cpu", precision, 1, options))


def prompt(n_vocab: int) -> list[int]:
    """The tokens that a transcript without timestamps begins with, those of a language and a task where there are any.

    With timestamps CTranslate2 gives the logits of those alone.
    """
    n_text, languages = SIZES[n_vocab]
    start, english, transcribe = n_text + 1, n_text + 2, n_text + 3 + len(languages)
    several = [english, transcribe] if n_vocab != min(SIZES) else []
    return [start, *several, n_vocab - TIMESTAMPS - 1]


def openai(adapter: Any, samples: Array, _: Path) -> dict[str, Array]:
    """What openai-whisper computes."""
    import torch
    import whisper

    model = adapter.model
    with torch.inference_mode():
        mel = whisper.log_mel_spectrogram(torch.from_numpy(samples), model.dims.n_mels)[None]
        encoded = model.encoder(mel)
        logits = model.decoder(torch.tensor([prompt(model.dims.n_vocab)]), encoded)
    return {"encoder": encoded[0].numpy(), "logits": logits[0, -1].numpy()}


def transformers(adapter: Any, samples: Array, _: Path) -> dict[str, Array]:
    """What transformers computes."""
    import torch

    model = adapter.model
    with torch.inference_mode():
        mel = adapter.processor(samples, sampling_rate=RATE_HZ, return_tensors="pt").input_features
        start = torch.tensor([prompt(model.config.vocab_size)])
        output = model(mel, decoder_input_ids=start)
    return {"encoder": output.encoder_last_hidden_state[0].numpy(), "logits": output.logits[0, -1].numpy()}


def ct2(adapter: Any, samples: Array, path: Path) -> dict[str, Array]:
    """What CTranslate2 computes."""
    from modellab.models.conversion import ct2 as reader

    model = adapter.model
    mel = model.feature_extractor(samples)[:, : model.feature_extractor.nb_max_frames]
    encoded = model.encode(mel)
    start = prompt(reader.n_vocab(path))
    decoded = model.model.generate(
        encoded,
        [start],
        beam_size=1,
        max_length=len(start) + 1,
        return_logits_vocab=True,
        suppress_blank=False,
        suppress_tokens=None,
    )
    return {"encoder": np.array(encoded)[0], "logits": np.array(decoded[0].logits[0][0])}


def ggml(adapter: Any, samples: Array, path: Path) -> dict[str, Array]:  # noqa: ARG001
    """What whisper.cpp computes, through the C interface of its library: the binding gives no array of logits."""
    import pywhispercpp

    home = Path(str(pywhispercpp.__file__)).parents[1]
    libraries = sorted(home.glob("pywhispercpp.libs/libwhisper*"))
    if len(libraries) != 1:  # another build than PyPI's: the texts have to do
        return {}
    c = ctypes.CDLL(str(libraries[0]))
    c.whisper_init_from_file.restype, c.whisper_get_logits.restype = ctypes.c_void_p, ctypes.POINTER(ctypes.c_float)
    context = ctypes.c_void_p(c.whisper_init_from_file(str(path).encode()))
    try:
        n_vocab = int(c.whisper_model_n_vocab(context))
        sound = np.ascontiguousarray(samples, np.float32)
        start = prompt(n_vocab)
        pointer = sound.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        failed = c.whisper_pcm_to_mel(context, pointer, len(sound), 1) or c.whisper_encode(context, 0, 1)
        if failed or c.whisper_decode(context, (ctypes.c_int * len(start))(*start), len(start), 0, 1):
            return {}
        logits = np.ctypeslib.as_array(c.whisper_get_logits(context), (len(start), n_vocab))[-1].copy()
    finally:
        c.whisper_free(context)
    return {"logits": logits}


PROBES = {"openai": openai, "transformers": transformers, "ct2": ct2, "ggml": ggml}


def main(fmt: str, path: Path, clip: Path, out: Path) -> None:
    """Load, compute, write."""
    samples = np.load(clip)
    adapter = load(fmt, path)
    computed: dict[str, Any] = PROBES[fmt](adapter, samples, path)
    text = adapter.transcribe(Audio(samples, RATE_HZ)).text
    np.savez(out, text=np.array(text), **computed)


if __name__ == "__main__":
    main(sys.argv[1], *map(Path, sys.argv[2:]))
