"""The training loop: AdamW, one process with one thread per rank, gradients averaged once per step.

Two single-threaded ranks are much faster than one process with two threads when the machine has other work to do.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed
import torch.multiprocessing
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from tools.whisper_lab import evaluation, model
from tools.whisper_lab.batches import Batch, Batches
from tools.whisper_lab.model import LabWhisper
from tools.whisper_lab.phases import Phase

QUIET_THREADS = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}


@dataclass(frozen=True, slots=True)
class Job:
    """One call of the training command."""

    phase: Phase
    data: Path
    out: Path
    init: Path | None
    seed: int
    every: int  # steps between checkpoints, each with an evaluation


def train(job: Job) -> None:
    """Run the phase with as many processes as it has ranks; the result lies in `job.out`."""
    os.environ.update(QUIET_THREADS)  # the children read them when they load torch
    with tempfile.TemporaryDirectory() as meeting:
        arguments = (job, f"file://{meeting}/ranks")
        torch.multiprocessing.spawn(_rank, arguments, nprocs=job.phase.ranks)


def _rank(rank: int, job: Job, meeting: str) -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(job.seed)
    if job.phase.ranks > 1:
        torch.distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=job.phase.ranks)
    net = model.load(job.init, job.phase.decoder_layers) if job.init else LabWhisper(job.phase.decoder_layers)
    batches = Batches(job.data, job.phase, job.seed, rank, job.phase.steps)
    loader = DataLoader(batches, batch_size=None, num_workers=1, prefetch_factor=3)
    optimiser = _optimiser(net, job.phase)
    log = _Log()
    for step, batch in enumerate(loader, start=1):
        rate = _rate(step, job.phase)
        for group in optimiser.param_groups:
            group["lr"] = rate
        parts = losses(net, batch, job.phase)
        optimiser.zero_grad()
        parts[0].backward()
        _average_gradients(net, job.phase.ranks)
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        if rank == 0:
            log.step(step, parts, rate)
            if step % job.every == 0 or step == job.phase.steps:
                model.save(net, job.out)
                print(f"step {step}: {evaluation.summary(net, job.data, windows=bool(job.phase.windows))}", flush=True)
    if job.phase.ranks > 1:
        torch.distributed.destroy_process_group()


def _optimiser(net: LabWhisper, phase: Phase) -> torch.optim.Optimizer:
    """Weight decay on matrices only."""
    groups = [
        {"params": [p for p in net.parameters() if p.ndim >= 2], "weight_decay": 0.01},
        {"params": [p for p in net.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=phase.peak_rate, betas=(0.9, 0.98))


def _rate(step: int, phase: Phase) -> float:
    """Up in a line for `warm_up_steps`, then down in half a cosine to `end_rate` of the peak."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / phase.schedule_steps))
    return phase.peak_rate * min(1.0, step / phase.warm_up_steps) * (phase.end_rate + (1 - phase.end_rate) * cosine)


def losses(net: LabWhisper, batch: Batch, phase: Phase) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(total, next token, word of each frame, attention off its word); the last two only help."""
    encoded = net.encode(batch.mel)
    logits, attention = net.decode(batch.tokens, encoded)
    token = functional.cross_entropy((logits + net.bias).flatten(0, 1), batch.targets.flatten(), ignore_index=-100)
    word = functional.cross_entropy(net.words(encoded).flatten(0, 1), batch.words.flatten())
    guide = _guide_loss(attention, batch.guides)
    return token + phase.words_weight * word + phase.guide_weight * guide, token, word, guide


def _guide_loss(attention: Tensor, guides: Tensor) -> Tensor:
    """-log of the attention that falls on the frames of the word being predicted, averaged over words and heads."""
    if not len(guides):
        return attention.sum() * 0.0
    item, position, start, end = guides.T
    frame = torch.arange(attention.shape[-1])
    inside = (frame >= start[:, None]) & (frame < end[:, None])
    share: Tensor = (attention[item, :, position] * inside[:, None]).sum(-1)
    return -(share + 1e-4).log().mean()


def _average_gradients(net: LabWhisper, ranks: int) -> None:
    if ranks == 1:
        return
    gradients = [p.grad for p in net.parameters() if p.grad is not None]
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(flat)
    means = torch.split(flat / ranks, [gradient.numel() for gradient in gradients])
    for gradient, mean in zip(gradients, means, strict=True):
        gradient.copy_(mean.view_as(gradient))


class _Log:
    """A line every 50 steps: mean losses, learning rate and CPU minutes of this rank."""

    def __init__(self) -> None:
        self.sums, self.n, self.start = [0.0] * 4, 0, time.monotonic()

    def step(self, step: int, parts: tuple[Tensor, ...], rate: float) -> None:
        self.sums = [total + float(part.detach()) for total, part in zip(self.sums, parts, strict=True)]
        self.n += 1
        if step % 50:
            return
        total, token, word, guide = (value / self.n for value in self.sums)
        minutes, cpu = (time.monotonic() - self.start) / 60, time.process_time() / 60
        print(
            f"{step}: loss {total:.3f} (token {token:.3f}, word {word:.3f}, guide {guide:.3f}) rate {rate:.1e} "
            f"after {minutes:.1f} min, {cpu:.1f} CPU min",
            flush=True,
        )
        self.sums, self.n = [0.0] * 4, 0
