"""pytest glue: options, parametrisation, the two fixtures `evaluate` and `gate`. No arithmetic lives here.

A case goes through `runner/session.py`, as it does in `runner/run.py`; the summary is in `controller.py`.

Layer 7: may import layers 1 to 6 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from modellab import tasks
from modellab.errors import ConfigError
from modellab.plan import cases, thresholds
from modellab.plan.availability import why_not
from modellab.plan.claims import engines as claimed_engines
from modellab.plan.matrix import Broken, Case, Matrix
from modellab.plan.ready import ready_case
from modellab.plan.settings import Project
from modellab.pytest_plugin import benchmark_rounds
from modellab.pytest_plugin import options as pytest_options
from modellab.pytest_plugin.benchmark_rounds import Rounds, Timed
from modellab.pytest_plugin.claims import Claims, case_of
from modellab.pytest_plugin.controller import BROKEN, EARLY, Controller, fail_broken, turns_file
from modellab.pytest_plugin.garbage import Garbage
from modellab.pytest_plugin.going_on import GoingOn
from modellab.pytest_plugin.interrupted import Interrupted
from modellab.pytest_plugin.marks import Marks
from modellab.pytest_plugin.options import pytest_addoption, run_options
from modellab.pytest_plugin.production import Production
from modellab.pytest_plugin.tracking import Tracking
from modellab.pytest_plugin.unmeasured import Unmeasured
from modellab.results.ledger import new_session
from modellab.tasks import Task

if TYPE_CHECKING:  # collecting tests imports nothing that only running them needs
    from modellab.runner.outcome import Measurement, Outcome
    from modellab.runner.paired import Reference
    from modellab.runner.session import Session

__all__ = ["pytest_addoption"]  # a hook of this plugin that lives elsewhere

DEVICES = {
    "cpu": "runs on the CPU",
    "cuda": "needs an NVIDIA GPU",
    "mps": "needs Apple Metal",
    "server": "asks a server",
}
TIERS = {
    "smoke": "runs on every push: minutes, no download",
    "full": "runs every night: long data, real checkpoints",
    "real": "real checkpoints on open vocabulary and people's voices: make real brings both",
    "nightly": "runs every night on a large GPU",
}
MATRIX = pytest.StashKey[Matrix]()
SHOWN = pytest.StashKey[set[Broken]]()  # what cannot be read and has its failing case already
SESSION = pytest.StashKey[str]()
ROUNDS = pytest.StashKey[Rounds]()
FAMILY = pytest.StashKey[int]()  # cases whose quality is judged: one alone is held to alpha / FAMILY
ROW = pytest.StashKey[dict[str, Any]]()
BASE: pytest.StashKey[Reference | None] = pytest.StashKey()


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, register the markers, start the controller."""
    pytest_options.check(config.option)
    try:
        _check_against(config.option)
        run_options(config)
        _check_executor(config.option)
        matrix = config.stash[MATRIX] = Matrix(Project.at(config.rootpath), config.option.pre, config.option.batch)
        names = matrix.model_names()
        thresholds.check(matrix)
        config.stash[BASE] = _base(config, matrix)
        config.pluginmanager.register(Production(config, matrix), "modellab-production")
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from error
    meanings = {**DEVICES, **TIERS}
    meanings |= {name: f"the task {name}" for name in tasks.names()}
    meanings |= {name: f"the model {name}" for name in names}
    for name, meaning in meanings.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    config.pluginmanager.register(Marks(config, meanings), "modellab-marks")
    rounds = config.stash[ROUNDS] = benchmark_rounds.glue(config)
    config.pluginmanager.register(rounds, "modellab-rounds")
    config.pluginmanager.register(Claims(config, matrix), "modellab-claims")
    config.pluginmanager.register(Garbage(), "modellab-garbage")
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    config.stash[SESSION] = worker["modellab_session"] if worker else new_session(config.option.resume)
    if worker is None:
        config.pluginmanager.register(lead := Controller(config, matrix, config.stash[SESSION]), "modellab-controller")
        config.pluginmanager.register(GoingOn(lead), "modellab-going-on")
        config.pluginmanager.register(Interrupted(), "modellab-interrupted")
        config.pluginmanager.register(Unmeasured(config, matrix), "modellab-silence")
        config.pluginmanager.register(Tracking(config, matrix, config.stash[SESSION]), "modellab-tracking")


def _check_against(option: Any) -> None:
    """ConfigError, in the words of the command line, for what times two processes and is to accept something."""
    for wrong, given in (("--in-process", option.in_process), ("--update-baselines", option.update_baselines)):
        if given and (option.against or option.against_env):
            raise ConfigError(f"{wrong} cannot go with --against, which times two processes and accepts nothing")


def _check_executor(option: Any) -> None:
    """ConfigError for an executor that nobody knows, or that is not installed: once, and not for each case."""
    if option.executor:
        from modellab.runner.distributed import choice

        choice.executor(option.executor, option.workers)


def _base(config: pytest.Config, matrix: Matrix) -> Reference | None:
    """What --against and --against-env name; None without them."""
    option = config.option
    if not (option.against or option.against_env):
        return None
    from modellab.runner import paired

    return paired.resolve(option.against, option.against_env, matrix, config.invocation_params.dir)


# ---------------------------------------------------------------------------- collection


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `evaluate` runs once for every case of its module's `task`, or of its own."""
    if {"evaluate", "cell"} <= set(metafunc.fixturenames):
        task: Task = getattr(metafunc.function, "task", None) or metafunc.module.task
        config = metafunc.config
        shown = config.stash.setdefault(SHOWN, set())
        every = config.stash[MATRIX].cases(task.NAME)
        new = [case for case in every if not (isinstance(case, Broken) and case in shown)]
        shown |= {case for case in new if isinstance(case, Broken)}
        metafunc.parametrize("cell", [_param(task.NAME, case, config.stash[ROUNDS]) for case in new])


def _param(task: str, case: Case | Broken, rounds: Rounds) -> Any:
    if isinstance(case, Broken):  # once, in the first file of benchmarks that is about it, with the marks of all
        return pytest.param(case, id=str(case), marks=_marks(*(case.tasks or tasks.names()), *TIERS, "cpu"))
    marks = _marks(task, case.tier, case.key.device, case.key.model)
    return pytest.param(case, id=str(case.key), marks=(*marks, *rounds.marks(case)))


@functools.cache
def _marks(*names: str) -> tuple[pytest.MarkDecorator, ...]:
    return tuple(getattr(pytest.mark, name) for name in names)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the cases of one engine together, across tasks; any other test keeps its place among those of its module."""
    items[:] = cases.in_order(items, _case, lambda item: item.nodeid.partition("::")[0])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the cases that this machine can run, so that the suite's false alarms, and not the case's, are 1 %."""
    params = (getattr(item, "callspec", None) for item in session.items if getattr(item, "module", None))
    there = (callspec.params.get("cell") for callspec in params if callspec)
    session.config.stash[FAMILY] = cases.family(there, download=session.config.option.download)


def _case(item: pytest.Item) -> object:
    """The case that a test is about; None for any other test."""
    callspec = getattr(item, "callspec", None)
    return case_of(callspec.params) if callspec else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each engine on one xdist worker only, other tests by module as with --dist loadscope.

    (xdist's own --dist loadgroup does not group under pytest 9.2.)
    """
    from xdist.scheduler import LoadScopeScheduling

    every = [case for task in tasks.names() for case in config.stash[MATRIX].cases(task)]
    engines = {str(case.key): "/".join(case.engine) for case in every if isinstance(case, Case)}
    engines |= claimed_engines(config.stash[MATRIX])

    class EngineScheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            engine = engines.get(nodeid.partition("[")[2].removesuffix("]"))
            return engine or str(super()._split_scope(nodeid))

    return EngineScheduling(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: every worker writes under the controller's session."""
    node.workerinput["modellab_session"] = node.config.stash[SESSION]


# ---------------------------------------------------------------------------- running


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest) -> Iterator[Session]:
    """What this process's cases share: the worker pool, the ledger."""
    from modellab.reports.scorecard.progress import announce, watch
    from modellab.runner import paired
    from modellab.runner.checkpoints import Checkpoints
    from modellab.runner.events import Announcer
    from modellab.runner.session import open_session
    from modellab.runner.turns import Turns

    config = request.config
    project, options = config.stash[MATRIX].project, run_options(config)
    name, worker = config.stash[SESSION], os.environ.get("PYTEST_XDIST_WORKER", "")
    others = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")) - 1
    turns = Turns(turns_file(name), others) if worker or EARLY in config.stash else None
    base, threads = config.stash[BASE], options.threads or project.threads
    paired_run = paired.PairedRun(base, threads, options.download, announce(config)) if base else None
    tell = Announcer(filter(None, [watch(config)]))
    family = config.stash[FAMILY]
    opened = open_session(
        project, options, name, family=family, worker=worker, turns=turns, paired_run=paired_run, tell=tell
    )
    if not worker:  # one of several would make what others need at the same time
        opened.checkpoints = Checkpoints(_case(item) for item in request.session.items)
    yield opened
    opened.close()


@pytest.fixture
def evaluate(
    request: pytest.FixtureRequest, cell: Case | Broken, suite: Session, modellab_rounds: Timed
) -> Callable[[Task], Measurement]:
    """Measure this test's case: `evaluate(task)`. Skips what this machine cannot run, with the reason."""
    from modellab.reports.scorecard import failure
    from modellab.runner.outcome import Outcome

    def measure(task: Task) -> Measurement:
        runnable = _runnable(request, cell, modellab_rounds)
        measured = modellab_rounds.measure(lambda: suite.measure(ready_case(runnable, suite.project, task)))
        if isinstance(measured, Outcome):
            fail_broken(request, failure.text(_finished(request, suite, measured, task), task))
        return measured

    return measure


def _runnable(request: pytest.FixtureRequest, case: Case | Broken, timed: Timed) -> Case:
    """The case, or the failure or skip that stands for it."""
    from modellab.runner import without_result

    options, matrix = run_options(request.config), request.config.stash[MATRIX]
    reason = "" if isinstance(case, Broken) else why_not(case, download=options.download)
    if isinstance(case, Broken) or (reason and options.strict_matrix):
        timed.nothing()
        fail_broken(request, case.error if isinstance(case, Broken) else f"--strict-matrix: {reason}")
    if reason := reason or without_result.why_skipped(matrix, case, options):
        pytest.skip(reason)
    return case


@pytest.fixture
def gate(request: pytest.FixtureRequest, suite: Session) -> Callable[[Measurement], None]:
    """Judge a measurement against its baseline and keep it: `gate(evaluate(task))`. Fails the test on a regression."""
    from modellab.reports.scorecard import failure

    def judge(measurement: Measurement) -> None:
        task, baselines = measurement.task, suite.project.baselines
        outcome = _finished(request, suite, measurement, task)
        if outcome.error:
            fail_broken(request, failure.text(outcome, task))
        if outcome.red:
            pytest.fail(failure.text(outcome, task, baselines), pytrace=False)

    return judge


def _finished(request: pytest.FixtureRequest, suite: Session, measured: Measurement | Outcome, task: Task) -> Outcome:
    """The outcome as it was judged and kept, handed to the report."""
    from modellab.reports.scorecard import failure

    outcome = suite.finish(measured)
    if suite.stopped:
        request.session.shouldstop = suite.stopped
    pending = failure.text(outcome.turned(), task, suite.project.baselines) if outcome.undecided else ""
    summary = outcome.summary(pending)
    request.node.stash[ROW] = summary.encode()
    request.node.user_properties.extend(summary.properties())
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """A case's row travels on its report, which xdist carries to the controller."""
    report = yield
    if report.when == "call" and ROW in item.stash:
        report.modellab = item.stash[ROW]
    report.modellab_broken = item.stash.get(BROKEN, False)
    report.modellab_case = hasattr(item, "callspec") and isinstance(item.callspec.params.get("cell"), Case | Broken)
    return report
