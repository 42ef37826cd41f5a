"""The table of peaks: spread, margin and what a setting of the allocator costs."""

from __future__ import annotations

import pytest

from tools.peaks import MIB, Runs, table


@pytest.mark.parametrize(
    ("peaks", "margin", "within"),
    [
        pytest.param([200.0, 201.0] * 3, 2.2, True, id="four deviations of 0.55"),
        pytest.param([200.0] * 6, 2.0, True, id="1 %"),
        pytest.param([50.0] * 6, 1.0, True, id="1 MiB"),
        pytest.param([200.0] * 19 + [260.0], 53.7, False, id="one of twenty is far out"),
    ],
)
def test_the_margin_is_what_the_gate_would_make_of_the_runs(peaks: list[float], margin: float, within: bool) -> None:
    runs = Runs([peak * MIB for peak in peaks], [0.1] * len(peaks))
    assert runs.margin / MIB == pytest.approx(margin, abs=0.06)
    assert runs.within is within


def test_a_setting_is_shown_with_its_cost_beside_the_settled_one() -> None:
    settled = Runs([200.0 * MIB, 201.0 * MIB] * 3, [0.02] * 6)
    default = Runs([197.0 * MIB, 210.0 * MIB] * 3, [0.03] * 6)
    lines = list(table({"a-case": {"settled": settled, "default": default}}))[2:]
    assert lines == [
        "| `a-case` | settled | 6 | 200.0 | 200.5 | 201.0 | 0.55 | 2.2 | yes | 0.0200 |",
        "| `a-case` | default | 6 | 197.0 | 203.5 | 210.0 | 7.12 | 28.5 | yes | 0.0300 (1.50) |",
    ]


def test_one_setting_alone_needs_no_other() -> None:
    (line,) = list(table({"a-case": {"default": Runs([MIB * 1.0], [0.02])}}))[2:]
    assert line.endswith("| 0.0200 |")
