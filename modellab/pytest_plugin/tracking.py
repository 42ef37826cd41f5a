"""pytest glue: MLflow is imported, by a process of its own, while the first model of the session is loaded."""

from __future__ import annotations

from typing import Any

import pytest

from modellab import tasks
from modellab.plan.matrix import Case, Matrix
from modellab.pytest_plugin.claims import case_of
from modellab.pytest_plugin.controller import EARLY, turns_file


class Tracking:
    """Starts that process once, where this session will have results to send; the controlling process only.

    None with --in-process: the meters of a model in this process would count it.
    """

    def __init__(self, config: pytest.Config, matrix: Matrix, session: str) -> None:
        self.config, self.matrix, self.session = config, matrix, session
        option = config.option
        self.over = option.no_mlflow or option.collectonly or option.in_process  # nothing is to be started (any more)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Without xdist: before the first test that runs a model, of which there may be claims before the cases."""
        if not self.over and isinstance(case_of(_params(item)), Case):
            self._start(any(isinstance(_params(collected).get("cell"), Case) for collected in item.session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """With xdist: when a worker has said what there is, and none has begun."""
        if not self.over:
            every = (case for task in tasks.names() for case in self.matrix.cases(task))
            cases = {str(case.key) for case in every if isinstance(case, Case)}
            self._start(any(id.partition("[")[2].removesuffix("]") in cases for id in ids))

    def _start(self, cases: bool) -> None:
        self.over = True
        if cases:
            from modellab.tracking import Prestart

            project = self.matrix.project
            if prestarted := Prestart.start(project.mlruns, project.root, turns_file(self.session)):
                self.config.stash[EARLY] = prestarted

    def pytest_unconfigure(self) -> None:
        """Whatever way the session has ended, nobody waits for it any more."""
        if prestarted := self.config.stash.get(EARLY, None):
            prestarted.close()


def _params(item: pytest.Item) -> dict[str, Any]:
    callspec = getattr(item, "callspec", None)
    return dict(callspec.params) if callspec else {}
