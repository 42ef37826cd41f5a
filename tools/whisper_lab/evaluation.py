"""Word error rate of a model on the watched test set, with a greedy decoder of our own (no engine)."""

from __future__ import annotations

from itertools import batched
from pathlib import Path

import torch

from modellab.metrics.edit_distance import align
from tools.speech.espeak import RATE_HZ
from tools.whisper_lab import corpus
from tools.whisper_lab import vocabulary as v
from tools.whisper_lab.model import LabWhisper
from tools.whisper_lab.recordings import log_mel
from tools.whisper_lab.synthesis import Store

BATCH = 20
LEAD = RATE_HZ // 10  # samples of silence before the speech
LONGEST = 40  # tokens
PARTS = {"grammar": corpus.N_GRAMMAR, "new voice": corpus.N_NEW_VOICE, "random words": corpus.N_RANDOM}


def summary(model: LabWhisper, folder: Path, windows: bool) -> str:
    """The WER of each part of the test set, in contexts as short as the speech and, if asked, in 30 s windows."""
    text = f"WER {_percent(word_error_rates(model, folder))}"
    if windows:
        text += f"; in 30 s windows, every 4th: {_percent(word_error_rates(model, folder, 30.0, stride=4))}"
    return text


def word_error_rates(
    model: LabWhisper, folder: Path, window_s: float | None = None, stride: int = 1
) -> dict[str, float]:
    """Errors per reference word for each part of the test set; `stride` takes every n-th utterance."""
    store = Store(folder, "test")
    chosen = sorted(range(0, len(store.utterances), stride), key=lambda i: store.utterances[i].length)
    hypotheses = dict(zip(chosen, transcribe(model, store, chosen, window_s), strict=True))
    rates, start = {}, 0
    for part, n in PARTS.items():
        pairs = [align(store.utterances[i].text, hypotheses[i]) for i in range(start, start + n) if i in hypotheses]
        rates[part] = sum(pair.words.errors for pair in pairs) / max(
            1, sum(pair.words.reference_length for pair in pairs)
        )
        start += n
    return rates


def transcribe(model: LabWhisper, store: Store, ids: list[int], window_s: float | None = None) -> list[str]:
    """What the model says to utterances `ids`, decoded greedily without timestamps."""
    model.eval()
    texts: list[str] = []
    for group in batched(ids, BATCH):
        speech = [store.audio(i) for i in group]
        length = int(window_s * RATE_HZ) if window_s else (max(map(len, speech)) + RATE_HZ // 2) // 320 * 320 + 320
        samples = torch.zeros(len(speech), length)
        for row, one in zip(samples, speech, strict=True):
            row[LEAD : LEAD + len(one)] = torch.from_numpy(one)
        texts += greedy(model, log_mel(samples))
    model.train()
    return texts


@torch.no_grad()
def greedy(model: LabWhisper, mel: torch.Tensor) -> list[str]:
    """The likeliest token at each step, without timestamps and without unused tokens."""
    encoded = model.encode(mel)
    prompt = [v.START, v.ENGLISH, v.TRANSCRIBE, v.NO_TIMESTAMPS]
    tokens = torch.tensor([prompt] * len(mel))
    ended = torch.zeros(len(mel), dtype=torch.bool)
    while not ended.all() and tokens.shape[1] < len(prompt) + LONGEST:
        logits = model.decode(tokens, encoded)[0][:, -1, : v.TIMESTAMP_0]
        following = torch.where(ended, v.END, logits.argmax(-1))
        ended |= following == v.END
        tokens = torch.cat([tokens, following[:, None]], dim=1)
    return [v.text(row) for row in tokens[:, len(prompt) :].tolist()]


def _percent(rates: dict[str, float]) -> str:
    return ", ".join(f"{part} {rate:.2%}" for part, rate in rates.items())
