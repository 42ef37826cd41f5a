"""Run by a test in a process of its own: word confidences of a model, and the same computed another way.

`python independent.py MODEL VARIANT DATASET` prints JSON: for each of three clips the text and confidences
without the option `word_confidences`, both with it, and [word, probability] as computed here.

The adapters read probabilities off the steps of the library's `generate`. Here the written text is given to the network
as a whole (encoder-decoders), the path is walked frame by frame (CTC), or the joint network is asked at each step
(transducers), and words are found by decoding ever more of the tokens.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from modellab import audio, datasets, models
from modellab.models import adapter_code, weights
from modellab.types import Setting

ROOT = Path(__file__).parents[2]
Tokens = list[tuple[int, float]]


def words(tokens: Tokens, decode: Callable[[list[int]], str]) -> list[list[Any]]:
    """Each word and the mean probability of its tokens: a token is part of the last word that there is with it."""
    found: dict[int, list[float]] = {}
    for i, (_, chance) in enumerate(tokens, 1):
        text = decode([number for number, _ in tokens[:i]])
        found.setdefault(len(text.split()), []).append(chance)
    spelled = decode([number for number, _ in tokens]).split()
    return [[word, float(np.mean(found[at]))] for at, word in enumerate(spelled, 1)]


def of_whisper(model: Any, samples: Any, *, timed: bool) -> Tokens:
    """An encoder-decoder: what it wrote, read at once; with timestamps among the tokens of text alone."""
    kind, known = model.model, model.model.generation_config
    features = model.processor(samples, sampling_rate=16_000, return_tensors="pt").input_features
    how = {"language": "en", "task": "transcribe", "num_beams": 1}
    written = kind.generate(features, return_timestamps=timed, **how)[0].tolist()
    prompt = [known.decoder_start_token_id, known.lang_to_id["<|en|>"], known.task_to_id["transcribe"]]
    prompt += [] if timed else [known.no_timestamps_token_id]
    ids = prompt + [token for token in written if token not in prompt]
    logits = kind(features, decoder_input_ids=torch.tensor([ids])).logits[0].double().numpy()
    chances = np.exp(logits[:, : known.eos_token_id] if timed else logits)
    return [(t, chances[at - 1, t] / chances[at - 1].sum()) for at, t in enumerate(ids) if t < known.eos_token_id]


def of_frames(model: Any, samples: Any) -> Tokens:
    """CTC: frame by frame."""
    given = model.asking.inputs([samples], "")
    logits = model.model(**given).logits[0].double()
    blank = before = model.model.config.pad_token_id
    runs: list[tuple[int, list[float]]] = []
    for frame in logits[: model._lengths(given, len(logits))[0]]:
        best = int(frame.argmax())
        chance = float((frame - frame.logsumexp(0)).exp()[best])
        if best != blank:
            if best != before:
                runs.append((best, []))
            runs[-1][1].append(chance)
        before = best
    return [(number, float(np.mean(chances))) for number, chances in runs]


def of_joint(model: Any, samples: Any) -> Tokens:
    """TDT: all tokens so far through the prediction network anew at each step."""
    kind, config = model.model, model.model.config
    frames = kind.get_audio_features(**model.asking.inputs([samples], "")).pooler_output[0]
    at, said, found = 0, [config.blank_token_id], []
    while at < len(frames):
        scores = kind.joint(kind.decoder(torch.tensor([said]))[:, -1:], frames[None, at, None])[0, -1].double()
        chances, token = scores[: config.vocab_size].softmax(0), int(scores[: config.vocab_size].argmax())
        step = int(scores[config.vocab_size :].argmax())
        if token != config.blank_token_id:
            said.append(token)
            found.append((token, float(chances[token])))
        at += max(step, token == config.blank_token_id)
    return found


WAYS: dict[tuple[str, str], Callable[[Any, Any], Tokens]] = {
    ("distil_whisper", "lab"): functools.partial(of_whisper, timed=True),
    ("transformers_asr", "lab"): functools.partial(of_whisper, timed=False),
    ("transformers_asr", "tiny"): of_frames,
    ("transformers_asr", "tiny-tdt"): of_joint,
}


def main(name: str, variant: str, dataset: str) -> None:
    folder = models.folders()[name]
    config = models.config(folder)
    path = weights.locate(config.variants[variant].source("float32", folder))
    plain = Setting(name, variant, path, "cpu", "float32", 1, config.options_for(variant))
    load = adapter_code.load(folder, "adapter").load
    model, sure = load(plain), load(replace(plain, options={**plain.options, "word_confidences": True}))
    said = []
    for row in datasets.load(ROOT / "golden" / dataset).rows[:3]:
        clip = audio.read(row["audio"], 16_000)
        heard, without = sure.transcribe(clip), model.transcribe(clip)
        with torch.inference_mode():
            tokens = WAYS[name, variant](model, clip.samples)
        decode = functools.partial(model.processor.tokenizer.decode, skip_special_tokens=True)
        said.append([without.text, without.confidences, heard.text, heard.confidences, words(tokens, decode)])
    sys.stdout.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
