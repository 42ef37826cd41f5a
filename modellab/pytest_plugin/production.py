"""pytest glue for production: a red test where a variant in production has no accepted baseline that defends it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from modellab.lifecycle import criteria
from modellab.plan.matrix import Broken, Matrix
from modellab.pytest_plugin.controller import BROKEN, publish
from modellab.reports import terminal
from modellab.system import escape

if TYPE_CHECKING:
    from modellab.lifecycle.production import Promise

PROMISED = "promised"  # the parameter of such a test
FAULTS = pytest.StashKey[list[str]]()
DEVICE = "cpu"  # where such a test runs, whatever the criteria ask for: it only reads


class Production:
    """The fixture of the test, and its lines in the summary."""

    def __init__(self, config: pytest.Config, matrix: Matrix) -> None:
        self.config, self.matrix = config, matrix
        self.kept: list[str] = []  # variants
        self.broken: dict[str, list[str]] = {}
        config.addinivalue_line("markers", "production: what is in production, held to its accepted results")
        criteria.check(matrix)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that asks for `promised` runs once for every production variant of tier smoke."""
        if PROMISED in metafunc.fixturenames:
            from modellab.lifecycle import production

            metafunc.parametrize(PROMISED, [_param(promise) for promise in production.promises(self.matrix)])

    @pytest.fixture
    def defended(self, request: pytest.FixtureRequest) -> Callable[[Promise | Broken], None]:
        """Fail the test of a variant that should not be in production as it is: `defended(promised)`."""
        from modellab.lifecycle import production

        def judge(promised: Promise | Broken) -> None:
            if isinstance(promised, Broken):
                request.node.stash[BROKEN] = True
                pytest.fail(escape.lines(promised.error), pytrace=False)
            if self.config.option.update_baselines:
                pytest.skip("baselines are being written: the next run holds production to them")
            if production.is_foreign(self.matrix, promised):
                pytest.skip(f"{promised.standing} is in production by its config.yaml alone; no dataset here meets it")
            faults = request.node.stash[FAULTS] = production.broken(self.matrix, promised)
            if faults:
                pytest.fail(_failure(promised, faults), pytrace=False)

        return judge

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What was found travels on the report, which xdist carries to the controller."""
        made = yield
        if made.when == "call" and FAULTS in item.stash:
            made.modellab_production = [str(_promised(item).standing), *item.stash[FAULTS]]
        return made

    def pytest_runtest_logreport(self, report: Any) -> None:
        name, *faults = getattr(report, "modellab_production", [""])
        if faults:
            self.broken[name] = faults
        elif name:
            self.kept.append(name)

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line, and one more for each variant without a defence."""
        if not self.kept and not self.broken:
            return
        count = len(self.kept) + len(self.broken)
        headline = (
            f"production: {len(self.kept)} of {count} variants have accepted baselines that fit, within their limits"
        )
        lines = [f"{name}: {fault}" for name in sorted(self.broken) for fault in self.broken[name]]
        write = terminal.writer(terminalreporter)
        write(headline, red=bool(lines))
        for line in lines:
            write(f"  {line}", red=True)
        controller = self.config.pluginmanager.get_plugin("modellab-controller")
        mode = "a" if getattr(controller, "published", False) else "w"
        publish(self.config, f"\n{headline}\n\n" + "".join(f"- **{line}**\n" for line in lines), _quiet, mode)


def _quiet(_: str) -> None:
    """The scorecard has said already that its file cannot be written."""


def _param(promise: Promise | Broken) -> Any:
    names = ["production", "smoke", DEVICE, *([] if isinstance(promise, Broken) else [promise.standing.model])]
    return pytest.param(promise, id=str(promise), marks=[getattr(pytest.mark, name) for name in names])


def _promised(item: pytest.Item) -> Promise:
    promise: Promise = item.callspec.params[PROMISED]  # type: ignore[attr-defined]
    return promise


def _failure(promise: Promise, faults: list[str]) -> str:
    standing = promise.standing
    last = standing.last
    since = f"since {last.when[:10]}, by {last.by}: {last.because}" if last else "as its config.yaml says"
    back = "modellab rollback" if last else "modellab promote"
    way = f"{back} {standing} {'' if last else 'candidate '}--because TEXT"
    told = "\n".join(f"  {fault}" for fault in faults)
    return f"{standing} is in production ({since}), and nothing defends it:\n{told}\n  or take it back: {way}"
