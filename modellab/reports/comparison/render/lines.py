"""The utterances that changed most, as lines: the reference, and both hypotheses under it.

ref  set the heater to forty two degrees
A    set the heater to forty two degrees
B    set the heater to ***** too degrees
                       D     S
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from modellab import tasks, units
from modellab.metrics.alignment_text import columns as width_of
from modellab.reports.comparison.changed_utterances import Changed, Column, columns
from modellab.reports.comparison.two_systems import SystemPair

WIDTH = 110
NOT_KEPT = "(the output is not kept in a baseline)"


def worst(system_pair: SystemPair, most: int) -> tuple[list[Changed], list[Changed]]:
    """The utterances in which B lost most, and gained most, the most extreme first."""
    lost = [change for change in system_pair.changed if change.harm > 0][:most]
    gained = [change for change in reversed(system_pair.changed) if change.harm < 0][:most]
    return lost, gained


def of_system_pair(system_pair: SystemPair, most: int) -> Iterator[str]:
    """The utterances that changed most, each as a paragraph."""
    lost, gained = worst(system_pair, most)
    every = [
        sum(change.harm > 0 for change in system_pair.changed),
        sum(change.harm < 0 for change in system_pair.changed),
    ]
    for title, shown, count in (("worse", lost, every[0]), ("better", gained, every[1])):
        if shown:
            many = "1 utterance" if count == 1 else f"{count} utterances"
            yield f"B is {title} in {many}" + (f", the {len(shown)} most:" if count > len(shown) else ":")
        for change in shown:
            yield from _utterance(system_pair, change)


def _utterance(system_pair: SystemPair, change: Changed) -> Iterator[str]:
    a, b = (units.value(value, change.metric.unit) for value in change.values)
    where = f"{change.dataset} " if len(system_pair.case_pairs) > 1 else ""
    yield f"  {where}{change.id}  {change.metric.name} {a} -> {b}"
    for letter, side in (("A", change.a), ("B", change.b)):
        if side.error:
            yield f"    {letter} raised: {side.error.splitlines()[0]}"
    yield from (f"    {line}" for line in of_utterance(system_pair.task, change))


def of_utterance(task: str, change: Changed) -> list[str]:
    """Both hypotheses under the reference; for tasks without words what the task shows of each side."""
    if spoken := change.spoken(task):
        return aligned(list(columns(spoken[0].steps(), spoken[1].steps())))
    if change.case is None:
        return []
    show = tasks.get(task).show
    return [
        f"{letter}  {line}"
        for letter, side in (("A", change.a), ("B", change.b))
        for line in (show(change.case, side.output) if side.output is not None or side.error else [NOT_KEPT])
    ]


def aligned(aligned_columns: Sequence[Column], width: int = WIDTH) -> list[str]:
    """The three lines, wrapped, with a line of marks under a side that has errors.

    >>> aligned([Column("the", ("the", "the"), ("", "")), Column("cat", ("cat", ""), ("", "D"))])
    ['ref  the cat', 'A    the cat', 'B    the ***', '         D']
    """
    lines: list[str] = []
    block: list[Column] = []
    used = 5
    for column in aligned_columns:
        size = 1 + _size(column)
        if block and used + size > width:
            lines += _drawn(block)
            block, used = [], 5
        block.append(column)
        used += size
    return lines + (_drawn(block) if block else ["(no words on any side)"])


def _drawn(block: Sequence[Column]) -> list[str]:
    rows = [["ref "], ["A   "], ["    "], ["B   "], ["    "]]
    for column in block:
        size = _size(column)
        cells = [column.reference or "*" * size]
        for word, mark in zip(column.words, column.marks, strict=True):
            cells += [word or ("" if mark is None else "*" * size), mark or ""]
        for row, cell in zip(rows, cells, strict=True):
            row.append(cell + " " * (size - width_of(cell)))
    drawn = [" ".join(row).rstrip() for row in rows]
    return [line for line in drawn if line]


def _size(column: Column) -> int:
    return max(1, *(width_of(word) for word in (column.reference, *column.words)))
