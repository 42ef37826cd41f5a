"""pytest glue: options, parametrisation, the two fixtures `evaluate` and `gate`. No arithmetic lives here.

Layer 7: may import layers 1 to 6 and the ground (`docs/architecture.md`). Start reading at `__init__.py`.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, NoReturn

import pytest

from modellab import tasks
from modellab.errors import ConfigError
from modellab.plan import thresholds
from modellab.plan.claims import engines as claimed_engines
from modellab.plan.matrix import Broken, Cell, Matrix, why_not
from modellab.plan.settings import Project
from modellab.pytest_plugin import benchmark_rounds
from modellab.pytest_plugin import options as pytest_options
from modellab.pytest_plugin.benchmark_rounds import Rounds, Timed
from modellab.pytest_plugin.claims import Claims, cell_of
from modellab.pytest_plugin.controller import BROKEN, EARLY, Controller, fail_broken, turns_file
from modellab.pytest_plugin.options import pytest_addoption
from modellab.pytest_plugin.production import Production
from modellab.pytest_plugin.tracking import Tracking
from modellab.pytest_plugin.unmeasured import Silence, is_strict
from modellab.reports.scorecard import failure
from modellab.reports.scorecard.progress import announce, watch
from modellab.reports.scorecard.row import Row
from modellab.results import baselines
from modellab.results.ledger import new_session
from modellab.runner import paired
from modellab.runner.pool import Pool
from modellab.runner.session import Measurement, Options, Outcome, Suite, open_suite, turned
from modellab.runner.worker import InProcess, Worker
from modellab.tasks import Task
from modellab.types import Status

__all__ = ["pytest_addoption"]  # a hook of this plugin that lives elsewhere

DEVICES = {"cpu": "runs on the CPU", "cuda": "needs an NVIDIA GPU", "mps": "needs Apple Metal"}
TIERS = {
    "smoke": "runs on every push: minutes, no download",
    "full": "runs every night: long data, real checkpoints",
    "nightly": "runs every night on a large GPU",
}
MATRIX = pytest.StashKey[Matrix]()
SHOWN = pytest.StashKey[set[Broken]]()  # what cannot be read and has its failing case already
SESSION = pytest.StashKey[str]()
ROUNDS = pytest.StashKey[Rounds]()
FAMILY = pytest.StashKey[int]()  # cases whose quality is judged: one alone is held to alpha / FAMILY
ROW = pytest.StashKey[dict[str, Any]]()
BASE = pytest.StashKey[paired.Base | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, register the markers, start the controller."""
    pytest_options.check(config.option)
    try:
        matrix = config.stash[MATRIX] = Matrix(Project.at(config.rootpath))
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
    rounds = config.stash[ROUNDS] = benchmark_rounds.glue(config)
    config.pluginmanager.register(rounds, "modellab-rounds")
    config.pluginmanager.register(Claims(config, matrix), "modellab-claims")
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    config.stash[SESSION] = worker["modellab_session"] if worker else new_session()
    if worker is None:
        config.pluginmanager.register(Controller(config, matrix, config.stash[SESSION]), "modellab-controller")
        config.pluginmanager.register(Silence(config, matrix), "modellab-silence")
        config.pluginmanager.register(Tracking(config, matrix, config.stash[SESSION]), "modellab-tracking")


def _base(config: pytest.Config, matrix: Matrix) -> paired.Base | None:
    """What --against and --against-env name; None without them."""
    option = config.option
    if not (option.against or option.against_env):
        return None
    for wrong, given in (("--in-process", option.in_process), ("--update-baselines", option.update_baselines)):
        if given:
            raise ConfigError(f"{wrong} cannot go with --against, which times two processes and accepts nothing")
    return paired.resolve(option.against, option.against_env, matrix, config.invocation_params.dir)


# ---------------------------------------------------------------------------- collection


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `evaluate` runs once for every cell of its module's `task`."""
    if {"evaluate", "cell"} <= set(metafunc.fixturenames):
        task: Task = metafunc.module.task
        config = metafunc.config
        shown = config.stash.setdefault(SHOWN, set())
        every = config.stash[MATRIX].cells(task.NAME)
        cells = [cell for cell in every if not (isinstance(cell, Broken) and cell in shown)]
        shown |= {cell for cell in cells if isinstance(cell, Broken)}
        metafunc.parametrize("cell", [_param(task.NAME, cell, config.stash[ROUNDS]) for cell in cells])


def _param(task: str, cell: Cell | Broken, rounds: Rounds) -> Any:
    if isinstance(cell, Broken):  # once, in the first file of benchmarks that is about it, with the marks of all
        return pytest.param(cell, id=str(cell), marks=_marks(*(cell.tasks or tasks.names()), *TIERS, "cpu"))
    marks = _marks(task, cell.tier, cell.key.device, cell.key.model)
    return pytest.param(cell, id=str(cell.key), marks=(*marks, *rounds.marks(cell)))


@functools.cache
def _marks(*names: str) -> tuple[pytest.MarkDecorator, ...]:
    return tuple(getattr(pytest.mark, name) for name in names)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the cells of one engine together, across tasks, so that each model is loaded once.

    Its tasks come as its config.yaml lists them. What a process has done before shows in its peak of memory: so the
    main task always finds a fresh one.
    """
    order: dict[Any, int] = {}
    for item in items:
        order.setdefault(_engine(item), len(order))
    items.sort(key=lambda item: (order[_engine(item)], _place_of_task(item)))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Count the cases that this machine can run, so that the suite's false alarms, and not the case's, are 1 %."""
    download = session.config.option.download
    judged = (_judged(item, download=download) for item in session.items)
    session.config.stash[FAMILY] = max(1, sum(judged))


def _judged(item: pytest.Item, *, download: bool) -> bool:
    callspec, task = getattr(item, "callspec", None), getattr(getattr(item, "module", None), "task", None)
    cell = callspec.params.get("cell") if callspec else None
    if task is None or not isinstance(cell, Cell) or why_not(cell, download=download):
        return False
    return any(metric.gated and metric.kind == "quality" for metric in task.METRICS)


def _engine(item: pytest.Item) -> Any:
    """The engine of a benchmark item; of any other test its module, which keeps its place."""
    callspec = getattr(item, "callspec", None)
    cell = cell_of(callspec.params) if callspec else None
    return cell.engine if isinstance(cell, Cell) else item.nodeid.partition("::")[0]


def _place_of_task(item: pytest.Item) -> int:
    """Where a benchmark item's task stands in its model's list; 0 for any other test."""
    callspec = getattr(item, "callspec", None)
    cell = cell_of(callspec.params) if callspec else None
    return cell.model.tasks.index(cell.key.task) if isinstance(cell, Cell) else 0


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Each engine on one xdist worker only, other tests by module as with --dist loadscope.

    (xdist's own --dist loadgroup does not group under pytest 9.2.)
    """
    from xdist.scheduler import LoadScopeScheduling

    every = [cell for task in tasks.names() for cell in config.stash[MATRIX].cells(task)]
    engines = {str(cell.key): "/".join(cell.engine) for cell in every if isinstance(cell, Cell)}
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
def suite(request: pytest.FixtureRequest) -> Iterator[Suite]:
    """What this process's cases share: the worker pool, the ledger."""
    config, option = request.config, request.config.option
    project = config.stash[MATRIX].project
    session, worker = config.stash[SESSION], os.environ.get("PYTEST_XDIST_WORKER", "")
    strict = is_strict(config)
    threads = option.threads or project.threads
    pool = Pool(_in_process if option.in_process else Worker, threads, download=option.download)
    turns = turns_file(session) if worker or EARLY in config.stash else None
    reason = option.reason.strip() if option.update_baselines else None
    undecided = option.inconclusive == "fail"
    options = Options(strict, reason, config.stash[FAMILY], option.speed_only, undecided)
    base, tell = config.stash[BASE], announce(config)
    duel = paired.Duel(base, threads, option.download, tell) if base else None
    opened = open_suite(project, options, pool, session, worker, turns, duel)
    yield opened
    opened.close()


def _in_process(threads: int, **place: Any) -> InProcess:
    if "python" in place:
        raise ConfigError("--in-process is for models of this environment, and this one has its own: leave it out")
    return InProcess(threads)


@pytest.fixture
def evaluate(
    request: pytest.FixtureRequest, cell: Cell | Broken, suite: Suite, modellab_rounds: Timed
) -> Callable[[Task], Measurement]:
    """Measure this test's cell: `evaluate(task)`. Skips what this machine cannot run, with the reason."""

    def measure(task: Task) -> Measurement:
        runnable = _runnable(request, cell, modellab_rounds)
        started, progress = time.time(), watch(request.config, str(runnable.key))
        try:
            return modellab_rounds.measure(lambda: suite.measure(task, runnable, progress))
        except Exception as error:  # noqa: BLE001 - one case ends here: whatever was raised is its ERROR, the next one runs
            outcome = suite.failed(runnable, error)
        _conclude(request, suite, outcome, task, started)

    return measure


def _runnable(request: pytest.FixtureRequest, cell: Cell | Broken, timed: Timed) -> Cell:
    """The cell, or the failure or skip that stands for it."""
    option = request.config.option
    reason = "" if isinstance(cell, Broken) else why_not(cell, download=option.download)
    if isinstance(cell, Cell) and not reason and option.speed_only:
        root = request.config.stash[MATRIX].project.baselines
        if not baselines.quality_path(root, cell.key).is_file():
            pytest.skip(f"no accepted quality that --speed-only could add speed to: {cell.key} is accepted without it")
    if isinstance(cell, Broken) or (reason and option.strict_matrix):
        timed.nothing()
        fail_broken(request, cell.error if isinstance(cell, Broken) else f"--strict-matrix: {reason}")
    if reason:
        pytest.skip(reason)
    return cell


@pytest.fixture
def gate(request: pytest.FixtureRequest, suite: Suite) -> Callable[[Measurement], None]:
    """Judge a measurement against its baseline and keep it: `gate(evaluate(task))`. Fails the test on a regression."""
    started = time.time()

    def judge(measurement: Measurement) -> None:
        try:
            outcome = suite.judge(measurement)
        except Exception as error:  # noqa: BLE001 - one case ends here, as above
            outcome = suite.failed(measurement.cell, error)
        if outcome.status is Status.ERROR:
            _conclude(request, suite, outcome, measurement.task, started)
        undecided = any(verdict.pending for verdict in outcome.verdicts) and not outcome.red
        pending = failure.text(turned(outcome), measurement.task, suite.project.baselines) if undecided else ""
        kept = _keep(request, suite, outcome, started, pending)
        if kept.error:
            fail_broken(request, failure.text(kept, measurement.task))
        if outcome.red:
            pytest.fail(failure.text(outcome, measurement.task, suite.project.baselines), pytrace=False)

    return judge


def _conclude(request: pytest.FixtureRequest, suite: Suite, outcome: Outcome, task: Task, started: float) -> NoReturn:
    fail_broken(request, failure.text(_keep(request, suite, outcome, started), task))


def _keep(request: pytest.FixtureRequest, suite: Suite, outcome: Outcome, started: float, pending: str = "") -> Outcome:
    """Keep an outcome, then hand it to the report; the outcome as it was kept."""
    kept = suite.keep(outcome, started)
    row = Row.of(kept, pending)
    request.node.stash[ROW] = row.encode()
    request.node.user_properties.extend(row.properties())
    return kept


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """A case's row travels on its report, which xdist carries to the controller."""
    report = yield
    if report.when == "call" and ROW in item.stash:
        report.modellab = item.stash[ROW]
    report.modellab_broken = item.stash.get(BROKEN, False)
    report.modellab_case = hasattr(item, "callspec") and isinstance(item.callspec.params.get("cell"), Cell | Broken)
    return report
