"""The schedule that the shipped weights went through, as data. See README.md for what each phase gave.

Two of the original phases were stopped before their learning rate had come down; `schedule_steps` keeps the length
that the rate was planned for, `steps` the number that was run.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """Recordings cut to a fixed length; its batches are `batch_factor` times the phase's."""

    length_s: float
    share: float
    batch_factor: float
    most: int  # utterances in one recording


MIXED = (Window(8, 0.35, 3, 3), Window(15, 0.2, 1.5, 6), Window(30, 0.45, 0.5, 12))  # about equal cost per batch


@dataclass(frozen=True, slots=True)
class Phase:
    """One call of the training command."""

    steps: int
    schedule_steps: int  # of the learning rate's cosine
    batch_size: int  # per rank
    peak_rate: float
    ranks: int = 2
    decoder_layers: int = 3
    n_shortest: int = 0  # first steps that see only the shortest 40 % of the utterances
    windows: tuple[Window, ...] = ()  # none: single utterances in a context of their own length
    several: float = 0.0  # in windows: share of recordings with more than one utterance
    warm_up_steps: int = 150
    end_rate: float = 0.05  # of the peak rate
    words_weight: float = 0.5  # of the loss for naming each frame's word
    guide_weight: float = 0.2  # of the loss for attending to the frames of the word being said


PHASES = {
    "first": Phase(1000, 3500, batch_size=48, peak_rate=2.5e-3, ranks=1, decoder_layers=2, n_shortest=400),
    "grow": Phase(1200, 1600, batch_size=40, peak_rate=2.2e-3),
    "windows": Phase(330, 440, 10, 1.3e-3, windows=MIXED, several=0.5, warm_up_steps=40, guide_weight=0.15),
    "settle": Phase(170, 170, 12, 8e-4, windows=MIXED, several=0.4, warm_up_steps=40, guide_weight=0.15),
    "long": Phase(
        1800, 1800, 12, 1.5e-3, windows=MIXED, several=0.6, warm_up_steps=40, end_rate=0.03, guide_weight=0.15
    ),
}
ORDER = list(PHASES)
