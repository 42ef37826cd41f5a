"""python -m tools.whisper_lab data | train | compact | evaluate: make the embedded model again (see README.md)."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from tools.whisper_lab import corpus
from tools.whisper_lab.phases import ORDER, PHASES

WORK = Path("build/whisper_lab")
DATA = WORK / "data"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.whisper_lab", description=__doc__)
    commands = parser.add_subparsers(required=True)
    _data(commands.add_parser("data", help="speak the test and training utterances"))
    _train(commands.add_parser("train", help="run one phase of the schedule"))
    _compact(commands.add_parser("compact", help="a checkpoint to the stored form"))
    _evaluate(commands.add_parser("evaluate", help="word error rate on the watched test set"))
    asked = parser.parse_args()
    asked.run(asked)


def _data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--utterances", type=int, default=corpus.N_TRAIN, help="of the training part")
    parser.add_argument("--into", type=Path, default=DATA)
    parser.add_argument("--processes", type=int, default=2)

    def run(asked: argparse.Namespace) -> None:
        from tools.whisper_lab.synthesis import synthesise

        parts = {"test": corpus.test_set(), "train": corpus.train_set(asked.utterances)}
        synthesise(asked.into, parts, asked.processes)

    parser.set_defaults(run=run)


def _train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--phase", choices=ORDER, required=True)
    parser.add_argument("--init", type=Path, help="checkpoint (.pt) or stored weights (.npz) to go on from")
    parser.add_argument("--out", type=Path, help="default: build/whisper_lab/<phase>.pt")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, help="fewer or more than the phase has; the rate comes down by then")
    parser.add_argument("--batch-size", type=int, help="per rank, instead of the phase's")
    parser.add_argument("--ranks", type=int, help="processes, instead of the phase's")
    parser.add_argument("--every", type=int, default=200, help="steps between checkpoints")
    parser.add_argument("--seed", type=int, default=0)

    def run(asked: argparse.Namespace) -> None:
        from tools.whisper_lab.training import Job, train

        changes = {"batch_size": asked.batch_size, "ranks": asked.ranks}
        changes |= {"steps": asked.steps, "schedule_steps": asked.steps}
        phase = replace(PHASES[asked.phase], **{key: value for key, value in changes.items() if value})
        out = asked.out or WORK / f"{asked.phase}.pt"
        train(Job(phase, asked.data, out, asked.init, asked.seed, asked.every))

    parser.set_defaults(run=run)


def _compact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument(
        "out", type=Path, help="an .npz; the shipped one: modellab/models/embedded/whisper_lab/weights.npz"
    )

    def run(asked: argparse.Namespace) -> None:
        from tools.whisper_lab import model

        model.compact(model.load(asked.checkpoint), asked.out)
        print(f"{asked.out}: {asked.out.stat().st_size / 1e6:.2f} MB")

    parser.set_defaults(run=run)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", type=Path, help="a checkpoint (.pt) or the stored form (.npz)")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--windows", action="store_true", help="in 30 s windows too, as engines do")

    def run(asked: argparse.Namespace) -> None:
        import torch

        from tools.whisper_lab import evaluation, model

        torch.set_num_threads(1)
        print(evaluation.summary(model.load(asked.weights), asked.data, asked.windows))

    parser.set_defaults(run=run)


if __name__ == "__main__":
    main()
