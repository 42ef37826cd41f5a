"""pytest glue: the options of a modellab run, and which of them cannot go together."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from modellab.runner.options import RunOptions
from modellab.system import machine
from modellab.types import Status

if TYPE_CHECKING:
    from modellab.runner.summary import CaseSummary


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of a modellab run."""
    group = parser.getgroup("modellab", "modellab: speech model regression suite")
    group.addoption("--update-baselines", action="store_true", help="accept the results of this run (needs --reason)")
    group.addoption("--reason", metavar="TEXT", default="", help="why the baselines change; stored in them")
    only = "with --update-baselines: accept speed and memory on this machine, leave the accepted quality alone"
    group.addoption("--speed-only", action="store_true", help=only)
    group.addoption("--strict-baselines", action="store_true", help="a missing quality baseline fails (default in CI)")
    undecided = "what an INCONCLUSIVE quality does: told (default), or fail, so that one broken utterance is red"
    group.addoption("--inconclusive", choices=("told", "fail"), default="told", help=undecided)
    group.addoption("--strict-matrix", action="store_true", help="a missing device, package or weight file fails")
    group.addoption("--in-process", action="store_true", help="load models in pytest's own process, for a debugger")
    group.addoption("--threads", type=int, metavar="N", help="threads each model may use (default 1: comparable)")
    group.addoption("--download", action="store_true", help="fetch missing weights from the hub")
    group.addoption("--scorecard", metavar="FILE", help="also write the scorecard as Markdown to FILE")
    pre = "preprocess all audio, in place of what datasets and variants say: highpass(cutoff_hz=80),denoise; or none"
    group.addoption("--pre", metavar="STEPS", default="", help=pre)
    reference = "compare speed and memory with a git revision, MODEL:VARIANT or :VARIANT, timed in turn"
    group.addoption("--against", metavar="REF", default="", help=reference)
    group.addoption("--against-env", metavar="PATH", default="", help="the same with another environment")
    shared = "several workers share each dataset: local (all GPUs), local:N, queue:FOLDER, ray:auto, slurm:..."
    group.addoption("--executor", metavar="NAME", default="", help=shared)
    group.addoption("--workers", type=int, metavar="N", help="how many workers the executor has")
    at_once = "seconds of audio that a worker is given at once (default 600)"
    group.addoption("--shard-audio", type=float, metavar="S", default=600.0, help=at_once)
    together = "utterances in one call of each model that takes several; part of its cases' names"
    group.addoption("--batch", type=int, metavar="N", default=1, help=together)
    resume = "go on with a session that was stopped: what its workers have computed is not computed again"
    group.addoption("--resume", metavar="SESSION", default="", help=resume)
    group.addoption("--no-mlflow", action="store_true", help="keep the results in the ledger only")


def check(option: Any) -> None:
    """UsageError for a value that no run can have, and for options of which one lacks the other."""
    if option.update_baselines and not option.reason.strip():
        raise pytest.UsageError("--update-baselines needs --reason 'why the numbers change': it is stored beside them")
    if option.speed_only and not option.update_baselines:
        raise pytest.UsageError("--speed-only says what --update-baselines accepts: give both, and --reason")
    if option.threads is not None and option.threads < 1:
        raise pytest.UsageError(f"--threads is {option.threads}, expected 1 or more")
    if option.executor and getattr(option, "numprocesses", None):
        raise pytest.UsageError("--executor shares utterances among workers, -n cases: give one of the two")


def run_options(config: pytest.Config) -> RunOptions:
    """What the command line asks of the run, as `runner/run.py` takes it."""
    option = config.option
    return RunOptions(
        reason=option.reason.strip() if option.update_baselines else "",
        speed_only=option.speed_only,
        strict_baselines=is_strict(config),
        undecided_fails=option.inconclusive == "fail",
        strict_matrix=option.strict_matrix,
        threads=option.threads,
        download=option.download,
        in_process=option.in_process,
        preprocessing=option.pre,
        against=option.against,
        against_env=option.against_env,
        executor=option.executor,
        workers=option.workers,
        shard_audio_s=option.shard_audio,
        batch=option.batch,
        resume=option.resume,
    )


def is_strict(config: pytest.Config) -> bool:
    """Whether a baseline that is missing, or stays behind, is red: asked for, or in CI."""
    return bool(config.option.strict_baselines) or machine.is_ci()


def how_to_go_on(
    config: pytest.Config, session: str, cases: Iterable[CaseSummary], not_run: Collection[str]
) -> Iterator[str]:
    """The command that goes on with a distributed run, where it is not through."""
    partial = any(case.status is Status.PARTIAL for case in cases)
    if partial or (config.option.executor and not_run):
        given = [
            str(argument) for argument in config.invocation_params.args if not str(argument).startswith("--resume")
        ]
        given += [] if config.option.executor else ["--executor=local"]  # several GPUs were shared unasked
        yield f"not everything is computed; go on with: pytest {shlex.join(given)} --resume={session}"
