"""Whole suites in the gate benchmark: its short cut against the gate itself, its noise, its page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from modellab.types import Status
from tools.gate_benchmark import benchmark, detection, page_suites, suites, unchanged
from tools.gate_benchmark.page import table
from tools.gate_benchmark.suites import drawn, foregone, judged
from tools.gate_benchmark.unchanged import NOISES


@pytest.mark.parametrize("name", ["plain", "empties", "zeros", "speakers20", "speakers4"])
def test_what_is_called_plain_is_neither_red_nor_pending(name: str) -> None:
    cases = drawn(NOISES[name], np.random.default_rng(1), 20, 40)
    plain, least = foregone(cases, 30)
    assert plain.any()
    for row in np.flatnonzero(plain):
        for verdict in judged(cases.sides(row), cases.clusters, 30):
            assert verdict.status is not Status.REGRESSED
            assert not verdict.pending
            assert verdict.least_p is not None
            assert verdict.least_p >= least[row]


@pytest.mark.parametrize("name", NOISES)
def test_both_runs_are_drawn_alike(name: str) -> None:
    cases = drawn(NOISES[name], np.random.default_rng(2), 60, 40)
    before, after = (side.sum(axis=1) / cases.words.sum(axis=1) for side in (cases.before, cases.after))
    assert scipy.stats.ks_2samp(before, after).pvalue > 1e-4
    assert (cases.before >= 0).all()
    one, other = cases.letters
    assert (one >= cases.before).all()
    assert (other >= cases.after).all()
    assert ((one == other) | (cases.before != cases.after)).all()


def test_noise_has_the_rates_that_it_names() -> None:
    rng = np.random.default_rng(3)
    said = unchanged.words(rng, (50, 400))
    assert said.min() >= 3
    assert said.mean() == pytest.approx(14, rel=0.05)
    before, after = NOISES["int8"].draw(rng, said)
    assert (before != after).mean() == pytest.approx(0.14, abs=0.01)
    before, _ = NOISES["own_rate"].draw(rng, said)
    assert (before == said).mean() == pytest.approx(0.01, abs=0.006)


def test_the_same_seeds_give_the_same_figures() -> None:
    assert suites.measured("loops", 3, 20, 4) == suites.measured("loops", 3, 20, 4)
    assert detection.measured("garbage on 10", 1, 10, 3) == {"tries": 3, "red": 3}


def test_der_rises_in_all_recordings() -> None:
    assert detection.measured("der", 10, 6, 5)["red"] >= 4
    assert suites.measured("der", 2, 6, 3)["suites"] == 3


def test_only_some_cells_are_measured_anew_and_the_page_says_so(tmp_path: Path) -> None:
    stale = {"suites": 10, "red": 1}
    published = tmp_path / "gate.json"
    titles = {"counts": "counts from a file that is not here"}
    before = {"suites": {"der": {"1x4": stale, "30x4": stale}}, "kept": 1, "titles": titles}
    published.write_text(json.dumps(before), encoding="utf-8")
    plan = benchmark.Plan(quick=True, only=("suites",), published=published, cells=("30x6", "int8/30x1?"))

    found = benchmark.measure(plan)

    assert found["kept"] == 1
    assert found["titles"].items() >= titles.items()
    assert found["suites"]["der"]["1x4"] == stale
    assert found["suites"]["der"]["30x6"] == suites.measured("der", 30, 6, 5) | {"code": suites.code()}
    assert found["suites"].keys() == {"der", "int8"}
    assert found["suites"]["int8"].keys() == {"30x10"}
    page = page_suites.write(found["suites"], {}, table, found["code"])
    every = sum(cell["suites"] for cells in found["suites"].values() for cell in cells.values())
    assert f"{every - 20:,} of these {every:,} suites were judged by the gate as it is, the others by earlier" in page


def test_only_what_decides_is_in_the_state_of_the_gate() -> None:
    source = 'import math\n\n\ndef half(x):\n    """Of x."""\n    return x / 2  # halved\n'
    moved = source.replace("import math", "from math import inf").replace("Of x.", "The half.")
    assert suites.statements(source) == suites.statements(moved) == ["def half(x):\n    return x / 2"]
    assert suites.statements(source.replace("2", "3")) != suites.statements(source)


def test_the_page_names_each_noise_and_what_is_beyond_the_promise() -> None:
    cells = {"30x40": {"suites": 200, "red": 1}, "1x40": {"suites": 100, "red": 0}}
    found = page_suites.write({"loops": cells, "own_rate": cells, "der": cells}, {"detects": {}}, table)
    assert "| 3 in 1,000 end in a loop of 5 to 30 words | 0.00% | 0.50% | 0.33% |" in found
    assert found.index("DER on 4") < found.index("a run has a rate of its own")
    assert page_suites.upper(0, 300) == pytest.approx(0.00994, abs=1e-4)
