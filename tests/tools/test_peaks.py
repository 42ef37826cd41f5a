"""The table of peaks: spread, margin and what a setting of the allocator costs."""

from __future__ import annotations

import pytest

from tools.peaks import MIB, Runs, table


@pytest.mark.parametrize(
    ("peaks", "within"),
    [
        ([200.0, 201.9], True),
        ([200.0, 202.1], False),
        ([50.0, 51.0], True),
        ([50.0, 51.1], False),
        ([197.0, 210.0] * 3, False),
    ],
)
def test_two_modes_are_not_within_the_margin(peaks: list[float], within: bool) -> None:
    assert Runs([peak * MIB for peak in peaks], [0.1] * len(peaks)).within is within


def test_a_setting_is_shown_with_its_cost_beside_the_settled_one() -> None:
    settled, default = Runs([200.0 * MIB, 201.0 * MIB], [0.02, 0.02]), Runs([197.0 * MIB, 210.0 * MIB], [0.03, 0.03])
    lines = list(table({"a-case": {"settled": settled, "default": default}}))[2:]
    assert lines == [
        "| `a-case` | settled | 2 | 200.0 | 200.5 | 201.0 | 0.71 | yes | 0.0200 |",
        "| `a-case` | default | 2 | 197.0 | 203.5 | 210.0 | 9.19 | no | 0.0300 (1.50) |",
    ]


def test_one_setting_alone_needs_no_other() -> None:
    (line,) = list(table({"a-case": {"default": Runs([MIB * 1.0], [0.02])}}))[2:]
    assert line.endswith("| 0.0200 |")
