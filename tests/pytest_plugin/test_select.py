"""Which checks of production the names on a command line mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modellab.lifecycle.production import Promise
from modellab.lifecycle.stages import Standing
from modellab.models import Model
from modellab.plan.matrix import Broken
from modellab.plan.selection import Selection
from modellab.pytest_plugin.select import _takes

from ..make import CONFIG

PROMISE = Promise(Path("fake"), Model.model_validate(CONFIG), Standing("fake", "one", "production"))
UNTOLD = Broken("production", "damaged")


@pytest.mark.parametrize(
    ("chosen", "of_a_model", "of_damage"),
    [
        ({"model": ("fake",)}, True, False),
        ({"model": ("other", "fake:one")}, True, False),
        ({"model": ("fake:two",)}, False, False),
        ({"tier": "smoke"}, True, True),
        ({"tier": "full", "device": ("cuda", "cpu")}, True, True),
        ({"device": ("cuda",)}, False, False),
        ({"dataset": ("short_v1",)}, False, False),
        ({"model": ("fake",), "precision": ("float32",)}, False, False),
    ],
)
def test_names_choose_it_as_they_choose_cases(chosen: dict[str, Any], of_a_model: bool, of_damage: bool) -> None:
    selection = Selection(**chosen)
    assert _takes(selection, PROMISE) is of_a_model
    assert _takes(selection, UNTOLD) is of_damage
    assert not _takes(selection, None), "any other test"
