"""What is done to audio before a model hears it: a chain of named, versioned steps, `highpass(cutoff_hz=80),denoise`.

    text --parse--> Chain --apply(Audio)--> Piece, Piece, ...

A step is a module in `steps/`, found on disk, or in another package under the entry point `modellab.preprocessing`. It
has `VERSION` (a whole number that changes with what comes out), `PARAMETERS` (name -> `Parameter`) and one of two pure
functions:

    change(audio, **parameters) -> Audio              as many seconds as before, at a sample rate of its own if it likes
    cut(audio, **parameters) -> [(first, last), ...]  the samples that stay, `last` excluded, in order

What draws at random has a parameter `seed` and draws from nothing else. Audio is mono float32 in [-1, 1]; what a step
made is handed on at the rate at which the chain was given it, with as many samples. Times of a model count from the
beginning of a piece: `Piece.start_s` says where that is in the recording.

Start reading at `chain.py`.
"""

from __future__ import annotations

from modellab.audio.preprocessing.chain import NONE, Chain, Piece, Step, parse
from modellab.audio.preprocessing.parameters import Parameter
from modellab.audio.preprocessing.registry import StepModule, every

__all__ = ["NONE", "Chain", "Parameter", "Piece", "Step", "StepModule", "every", "parse"]
