"""pytest glue: as long as cases run, a file says so, for pages that would know of a run by its first result alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modellab.results.running import Journal

if TYPE_CHECKING:
    from modellab.pytest_plugin.controller import Controller


class GoingOn:
    """Opens the file when cases were selected."""

    def __init__(self, controller: Controller) -> None:
        self.controller = controller
        self.journal: Journal | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        self._begin()

    @pytest.hookimpl(optionalhook=True, trylast=True)
    def pytest_xdist_node_collection_finished(self) -> None:
        self._begin()

    def _begin(self) -> None:
        selected = self.controller.fates.selected
        if selected and self.journal is None:
            self.journal = Journal(self.controller.project.mlruns, self.controller.session, len(selected))

    def pytest_unconfigure(self) -> None:
        if self.journal is not None:
            self.journal.close()
