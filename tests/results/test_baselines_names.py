"""No name of a case leads a baseline's file elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from modellab.errors import BaselineError
from modellab.results.baselines import save
from modellab.tasks import asr

from ..make import KEY, result


@pytest.mark.parametrize(
    "names",
    [
        {"variant": "../../../../../x"},
        {"variant": "a/b"},
        {"dataset": ".."},
        {"dataset": "../elsewhere"},
        {"model": "a\\b"},
        {"task": "."},
        {"precision": "x\0"},
    ],
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, names: dict[str, str]) -> None:
    root = tmp_path / "baselines"
    with pytest.raises(BaselineError, match=r"cannot be accepted: .* is no part of a file's name"):
        save(root, asr, [result([], key=replace(KEY, **names))], "why", "2026-03-01")
    with pytest.raises(BaselineError, match=r"cannot be accepted: .* is no part of a file's name"):
        save(root, asr, [result([], machine="../../m")], "why", "2026-03-01")
    assert list(tmp_path.iterdir()) == []
