"""pytest glue: `--model`, `--dataset`, `--device`, `--precision` and `--tier` deselect every other case.

`modellab run` loads it with `-p modellab.pytest_plugin.select`; a conftest.py may too, beside modellab.pytest_plugin.
"""

from __future__ import annotations

import pytest

from modellab.errors import ConfigError
from modellab.plan.matrix import Broken, Case
from modellab.plan.selection import Selection
from modellab.pytest_plugin.claims import CLAIMED, case_of
from modellab.pytest_plugin.production import DEVICE, PROMISED

SELECTION = pytest.StashKey[Selection]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The names a case can be chosen by; each but the tier may be given several times."""
    group = parser.getgroup("modellab")
    for name, what in (
        ("model", "MODEL[:VARIANT]"),
        ("dataset", "DATASET"),
        ("device", "cpu|cuda|mps|server"),
        ("precision", "PRECISION"),
    ):
        group.addoption(f"--{name}", action="append", default=[], metavar=what, help="only these cases, by exact name")
    group.addoption(
        "--tier",
        metavar="smoke|full|real|nightly",
        default="",
        help="only this tier and those below it; real: it alone",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse unknown names before anything is collected."""
    from modellab.pytest_plugin import MATRIX  # not above: pytest rewrites that module's asserts when it imports it

    given = config.option
    selection = config.stash[SELECTION] = Selection(
        tuple(given.model), tuple(given.dataset), tuple(given.device), tuple(given.precision), given.tier
    )
    if MATRIX not in config.stash:
        raise pytest.UsageError("the project's conftest.py has to say pytest_plugins = ['modellab.pytest_plugin']")
    try:
        selection.check(config.stash[MATRIX])
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is not meant; a test without a case is not meant when anything is named, a claim has no tier.

    A check of production is meant where its model is, or where only a tier or its device is named.
    """
    from modellab.pytest_plugin import MATRIX

    selection, matrix = config.stash[SELECTION], config.stash[MATRIX]
    if not selection:
        return
    params = [(item, getattr(item, "callspec", None)) for item in items]
    taken = {
        item
        for item, callspec in params
        if callspec
        and isinstance(case := case_of(callspec.params), Case | Broken)
        and selection.takes(matrix, case)
        and not (selection.tier and CLAIMED in callspec.params)
    }
    taken |= {item for item, callspec in params if callspec and _takes(selection, callspec.params.get(PROMISED))}
    config.hook.pytest_deselected(items=[item for item in items if item not in taken])
    items[:] = [item for item in items if item in taken]


def _takes(selection: Selection, promised: object) -> bool:
    if selection.dataset or selection.precision or (selection.device and DEVICE not in selection.device):
        return False
    if isinstance(promised, Broken):
        return not selection.model
    standing = getattr(promised, "standing", None)  # of a promise
    return standing is not None and (
        not selection.model or not {standing.model, str(standing)}.isdisjoint(selection.model)
    )
