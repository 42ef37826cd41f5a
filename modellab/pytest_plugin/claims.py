"""pytest glue for claims: `pytest benchmarks -m claims`. Reported apart, and kept out of ledger and baselines."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from modellab.plan import claims
from modellab.plan.availability import why_not
from modellab.plan.claims import ClaimData, Claimed
from modellab.plan.matrix import Broken, Matrix
from modellab.pytest_plugin.case_outcomes import why_skipped
from modellab.pytest_plugin.controller import fail_broken, publish
from modellab.reports import terminal
from modellab.system import escape

if TYPE_CHECKING:
    from modellab.reports.scorecard.claims import ClaimRow
    from modellab.runner.session import Session

ROW = pytest.StashKey[dict[str, Any]]()
CLAIMED = "claimed"  # the parameter of a claim's test


def case_of(params: Mapping[str, Any]) -> Any:
    """The case that a test is about, by its parameters: a case's own, or the one that its claim is about."""
    return params.get("cell") or getattr(params.get(CLAIMED), "case", None)


class Claims:
    """The fixtures of a claim's test, and its table in the summary."""

    def __init__(self, config: pytest.Config, matrix: Matrix) -> None:
        self.config, self.matrix = config, matrix
        self.rows: list[ClaimRow] = []
        self.skips: list[str] = []
        config.addinivalue_line("markers", "claims: what the makers of the models state")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that asks for `claimed` runs once for every claim and every case that it is about."""
        if CLAIMED in metafunc.fixturenames:
            metafunc.parametrize(CLAIMED, [_param(claim) for claim in claims.find(self.matrix)])

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Claims come last, so that the tests of their cases have measured what they need."""
        items.sort(key=_is_claim)

    @pytest.fixture
    def measured(self, request: pytest.FixtureRequest, suite: Session) -> Callable[[Claimed | Broken], ClaimData]:
        """What the claim's case gives, measured now unless this session has measured it: `measured(claimed)`."""
        option = self.config.option

        def measure(claimed: Claimed | Broken) -> ClaimData:
            if isinstance(claimed, Broken):
                fail_broken(request, claimed.error)
            if claimed.case is None:
                pytest.skip(claimed.missing)
            if reason := why_not(claimed.case, download=option.download):
                if option.strict_matrix:
                    fail_broken(request, f"--strict-matrix: {reason}")
                pytest.skip(reason)
            from modellab.runner.outcome import Outcome

            sample = suite.sample(claimed.case)
            if isinstance(sample, Outcome):
                fail_broken(request, f"{claimed}: ERROR\n{sample.error}")
            return sample

        return measure

    @pytest.fixture
    def holds(self, request: pytest.FixtureRequest) -> Callable[[Claimed, ClaimData], None]:
        """Fail the test where a claim does not hold: `holds(claimed, measured(claimed))`."""

        def judge(claimed: Claimed, sample: ClaimData) -> None:
            from modellab.reports.scorecard import claims as report
            from modellab.reports.scorecard.claims import ClaimRow

            verdict = claims.assess(claimed, sample, self.matrix.project)
            assert claimed.case is not None
            row = ClaimRow(claimed.case.key, claimed.claim.source, len(sample.clusters), verdict)
            request.node.stash[ROW] = row.encode()
            request.node.user_properties.extend(row.properties())
            if verdict.red:
                pytest.fail(escape.lines(report.failure(row)), pytrace=False)

        return judge

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """A claim's row travels on its report, which xdist carries to the controller."""
        made = yield
        made.modellab_claim = item.stash.get(ROW, None) if made.when == "call" else None
        made.modellab_claimed = _is_claim(item)
        return made

    def pytest_runtest_logreport(self, report: Any) -> None:
        if getattr(report, "modellab_claim", None):
            from modellab.reports.scorecard.claims import ClaimRow

            self.rows.append(ClaimRow.decode(report.modellab_claim))
        elif report.skipped and getattr(report, "modellab_claimed", False):
            self.skips.append(why_skipped(report))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The claims, below the scorecard and apart from it."""
        if not self.rows and not self.skips:
            return
        from modellab.reports.scorecard import claims as report
        from modellab.reports.scorecard import table

        write = terminal.writer(terminalreporter)
        terminalreporter.section("claims")
        for line in report.table(self.rows).splitlines() if self.rows else ():
            write(line, red="  REGRESSED" in line)
        notes = [*(f"note: {note}" for note in report.notes(self.rows)), *table.skipped(self.skips)]
        for line in notes:
            write(escape.line(line))
        if self.rows:
            controller = self.config.pluginmanager.get_plugin("modellab-controller")
            text = f"\n### claims\n\n{report.table(self.rows, 'github')}\n\n"
            text += "".join(f"- {escape.markdown(note)}\n" for note in notes)
            publish(self.config, text, write, mode="a" if getattr(controller, "published", False) else "w")


def _is_claim(item: pytest.Item) -> bool:
    return CLAIMED in getattr(getattr(item, "callspec", None), "params", {})


def _param(claim: Claimed | Broken) -> Any:
    if isinstance(claim, Broken):
        return pytest.param(claim, id=str(claim), marks=_marks(claim.name.partition("-claim-")[0]))
    device = () if claim.case is None else (claim.case.key.device,)
    return pytest.param(claim, id=str(claim), marks=_marks(claim.model, *device))


def _marks(*names: str) -> list[pytest.MarkDecorator]:
    return [getattr(pytest.mark, name) for name in ("claims", *names)]
