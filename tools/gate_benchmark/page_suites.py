"""The part of the page about whole suites: false alarms by kind of noise, and damage seen in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tools.gate_benchmark.detection import ROWS
from tools.gate_benchmark.figures import clopper_pearson
from tools.gate_benchmark.unchanged import NOISES

Json = dict[str, Any]
Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
ONE_SIDED = 0.90  # two-sided confidence whose upper end is the one-sided bound of 95 %
BOUND = 0.015
DER = "DER on 4 to 20 recordings: jitter of 0.3 points, 1 in 10 jumps by 3 to 25"
TITLES = {**{name: noise.title for name, noise in NOISES.items()}, "der": DER}
NOT_KEPT = {name for name, noise in NOISES.items() if not noise.kept}
RISES = "DER +4.5 points (sd 1) in 6 of 6 recordings"


def pooled(cells: Mapping[str, Json], cases: int | None = None) -> tuple[int, int]:
    """(red, suites) of one noise: of suites of so many cases, or of all."""
    chosen = [cell for name, cell in cells.items() if cases is None or cases_of(name) == cases]
    return sum(cell["red"] for cell in chosen), sum(cell["suites"] for cell in chosen)


def cases_of(name: str) -> int:
    """The number of cases in a cell's name.

    >>> cases_of("30x400")
    30
    """
    return int(name.partition("x")[0])


def upper(red: int, suites: int) -> float:
    """The one-sided 95 % bound of a fraction."""
    return clopper_pearson(red, suites, ONE_SIDED)[1]


def write(suites: Json, detection: Json, table: Table, code: str = "") -> str:
    """Both tables, with what they do not promise; `code` is the present state of the gate."""
    sizes = sorted({cases_of(cell) for cells in suites.values() for cell in cells})
    header = ["noise of an unchanged model", *(f"suites of {size}" for size in sizes), "all", "95 % bound", "of suites"]
    ordered = sorted(suites, key=lambda name: (name in NOT_KEPT, list(TITLES).index(name)))
    rows = [_row(name, suites[name], sizes) for name in ordered]
    utterances = sorted(
        {int(cell.partition("x")[2]) for name, cells in suites.items() if name != "der" for cell in cells}
    )
    large = 30 if 30 in sizes else sizes[-1]
    by_size = [
        [TITLES[name], *(_cell(suites[name].get(f"{large}x{n}")) for n in utterances)]
        for name in ordered
        if name != "der"
    ]
    numbers = f"{utterances[0]:,} to {utterances[-1]:,}"
    return f"""## Whole suites

Suites of cases with WER and CER through the gate's own functions and the suite's test at the end: the share that is red
though nothing got worse, over {numbers} utterances together, with the one-sided 95 % bound (Clopper & Pearson). The
promise is 1 %. The last rows are beyond it and told for that: models that break more than one utterance in a hundred
from run to run, and a run with a rate of its own, which a single run on each side cannot tell from damage. There the
confirmation in a fresh process, which is not simulated here, turns most of the reds by broken utterances into
`INCONCLUSIVE`.{_earlier(suites, "suites", code)}

{table(header, rows)}
Red of suites of {large}, by the number of utterances in a case:

{table(["noise", *map(str, utterances)], by_size)}
### Damage seen in suites

One case of a suite is damaged; the others, and the rest of its own utterances, change as int8 does on another CPU (a
word in 15 %) or as named. Share of {_tries(detection)} suites in which it is red.{_earlier(detection, "tries", code)}

{table(["damage", "utterances", *(f"suites of {size}" for size in _sizes(detection))], _damage(detection))}
At the size that the scorecard prints as `detects` (target 75 to 90 %): {_detects(detection.get("detects", {}))}.
"""


def _earlier(part: Json, count: str, code: str) -> str:
    """A sentence where some of the suites were judged by an earlier state of the gate."""
    cells = [cell for group in part.values() for cell in group.values()]
    now, every = (sum(cell[count] for cell in cells if cell.get("code") == code), sum(cell[count] for cell in cells))
    if now == every or not code:
        return ""
    return (
        f"\n\n{now:,} of these {every:,} suites were judged by the gate as it is, the others by earlier states of it."
    )


def _row(name: str, cells: Mapping[str, Json], sizes: Sequence[int]) -> list[str]:
    red, count = pooled(cells)
    counts = [_share(*pooled(cells, size)) for size in sizes]
    bound = f"{upper(red, count):.2%}"
    beyond = name in NOT_KEPT or upper(red, count) <= BOUND
    return [TITLES[name], *counts, _share(red, count), bound if beyond else f"**{bound}**", f"{count:,}"]


def _share(red: int, count: int) -> str:
    return f"{red / count:.2%}" if count else "-"


def _cell(cell: Json | None) -> str:
    return "-" if cell is None else f"{cell['red']} of {cell['suites']}"


def _sizes(detection: Json) -> list[int]:
    return sorted({cases_of(cell) for cells in detection.values() for cell in cells})


def _tries(detection: Json) -> int:
    return int(max((cell["tries"] for cells in detection.values() for cell in cells.values()), default=0))


def _damage(detection: Json) -> list[list[str]]:
    rows = []
    for name, cells in detection.items():
        if name != "detects":
            title, count = (RISES, "6") if name == "der" else (ROWS[name].title, str(ROWS[name].utterances))
            seen = {cases_of(cell): one["red"] / one["tries"] for cell, one in cells.items()}
            rows.append([title, count, *(f"{seen[s]:.0%}" if s in seen else "-" for s in _sizes(detection))])
    return rows


def _detects(cells: Mapping[str, Json]) -> str:
    return ", ".join(
        f"{cell['red'] / cell['tries']:.0%} (N = {name.partition('x')[2]}, suites of {cases_of(name)},"
        f" {100 * cell['size']:.1f} points)"
        for name, cell in cells.items()
    )
