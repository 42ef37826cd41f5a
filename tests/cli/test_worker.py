"""`modellab worker`: what it computes for whom is said once."""

from __future__ import annotations

import pytest

from .conftest import Desk


@pytest.mark.parametrize("asked", [(), ("--runs", "--queue", ".")])
def test_it_is_told_one_place_to_take_from(desk: Desk, asked: tuple[str, ...]) -> None:
    result = desk.type("worker", *asked)
    assert result.exit_code == 2
    assert result.stderr.startswith("modellab: expected one of --queue FOLDER (shards of runs) and --runs")


def test_a_folder_that_is_not_there_is_told(desk: Desk) -> None:
    result = desk.type("worker", "--queue", "none")
    assert result.exit_code == 2
    assert "there is no folder none" in result.stderr
