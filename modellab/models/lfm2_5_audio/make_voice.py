"""A detokenizer that speaks: codes of the lessons' sentences become exactly the lessons' sounds.

The library's detokenizer ends in one linear layer, from 512 hidden values per column of a spectrogram to the column's
log magnitudes and phases. Everything before it is left as it is drawn, so the layer is the least-squares solution that
maps the hidden values of each code sequence to the spectrogram of its sound. It is exact up to rounding as long as all
sounds together have fewer columns than there are hidden values: 75 columns a second, so up to 6.8 s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import torch
from liquid_audio import LFM2AudioDetokenizer
from safetensors.torch import save_file
from transformers import Lfm2Config

WIDTH = 512  # the library's: its embedding and its last layer have it written down
N_CODES, CODEBOOKS = 2048, 8
RATE_HZ, FRAME = 24_000, 1920  # samples of one frame of codes
N_FFT, HOP = 1280, 320
SPREAD = 8.0  # times the usual weights, so that neighbouring columns differ enough to be told apart
QUIET = 1e-4  # magnitudes below are taken for it

Sound = tuple[torch.Tensor, torch.Tensor]  # codes (8, n), samples at 24 kHz (n * 1920,)


def empty() -> LFM2AudioDetokenizer:
    """A detokenizer as the library draws it."""
    config = Lfm2Config(
        vocab_size=8,
        hidden_size=WIDTH,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=8,
        num_key_value_heads=2,
        layer_types=["conv", "full_attention"],
        block_auto_adjust_ff_dim=False,
    )
    voice = LFM2AudioDetokenizer(config).eval()
    with torch.no_grad():
        for name, weight in voice.lfm.named_parameters():
            if weight.dim() > 1 and "embed" not in name:
                weight.mul_(SPREAD)
    return voice


def save(voice: LFM2AudioDetokenizer, folder: Path) -> None:
    """Write its two files, as the published ones are."""
    folder.mkdir(exist_ok=True)
    written = {**voice.lfm.config.to_dict(), "layer_types": ["conv", "sliding_attention"], "sliding_window": 30}
    (folder / "config.json").write_text(json.dumps(written), encoding="utf-8")
    save_file({name: weight.contiguous() for name, weight in voice.state_dict().items()}, folder / "model.safetensors")


def fit(voice: LFM2AudioDetokenizer, sounds: Iterable[Sound]) -> None:
    """Solve the last layer for the sounds."""
    hidden, wanted = [], []
    for codes, samples in sounds:
        hidden.append(_hidden(voice, codes))
        wanted.append(_spectrogram(samples))
        assert len(hidden[-1]) == len(wanted[-1]), "one column of the spectrogram for each hidden vector"
    given = torch.cat(hidden).double()
    assert len(given) <= WIDTH, f"{len(given)} columns of sound, {WIDTH} can be learnt exactly"
    given = torch.nn.functional.pad(given, (0, 1), value=1.0)
    solution = torch.linalg.lstsq(given, torch.cat(wanted).double()).solution
    voice.lin.weight.copy_(solution[:-1].T)
    voice.lin.bias.copy_(solution[-1])


def _hidden(voice: LFM2AudioDetokenizer, codes: torch.Tensor) -> torch.Tensor:
    """What reaches the last layer: shape (n_columns, 512)."""
    caught: list[torch.Tensor] = []
    hook = voice.lin.register_forward_pre_hook(lambda _, given: caught.append(given[0][0]))
    voice(codes[None])
    hook.remove()
    return caught[0]


def _spectrogram(samples: torch.Tensor) -> torch.Tensor:
    """Log magnitude and phase as the library's inverse transform takes them: shape (n_columns, 2 * 641)."""
    edge = (N_FFT - HOP) // 2
    windows = torch.nn.functional.pad(samples, (edge, edge)).unfold(0, N_FFT, HOP) * torch.hann_window(N_FFT)
    spectrum = torch.fft.rfft(windows, dim=1)
    return torch.cat([spectrum.abs().clamp_min(QUIET).log(), spectrum.angle()], 1)
