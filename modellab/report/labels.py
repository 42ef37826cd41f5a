"""Names beside points of a drawing, moved so that they cover neither each other nor a point."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER, LINE, AWAY = 4.6, 10.0, 7.0  # points: a letter's width at size 8, a line's height, the way from the dot
RINGS = 6
Box = tuple[float, float, float, float]  # left, bottom, right, top


def place(axes: Axes, points: Sequence[tuple[float, float, str]], colour: str, paper: str) -> None:
    """Write each point's name (x, y, name in data coordinates) at the nearest free place."""
    figure = axes.get_figure()
    assert figure is not None, "axes belong to a figure"
    width, height = (72 * side for side in figure.get_size_inches())
    axes.set_xlim(axes.get_xlim())  # the names change nothing of it
    axes.set_ylim(axes.get_ylim())
    at = [_fraction(axes, x, y) for x, y, _ in points]
    spots = [(0.88 * width * x, 0.78 * height * y) for x, y in at]  # about: the axes' share of the figure
    taken: list[Box] = [(x - 4, y - 4, x + 4, y + 4) for x, y in spots]
    for (x, y, name), (left, bottom) in sorted(zip(points, spots, strict=True), key=lambda each: -each[1][1]):
        dx, dy, side, box = _free(left, bottom, LETTER * len(name), 0.88 * width, 0.78 * height, taken)
        taken.append(box)
        thin = {"arrowstyle": "-", "color": colour, "linewidth": 0.4, "alpha": 0.5} if abs(dy) > LINE else None
        axes.annotate(name, (x, y), xytext=(dx, dy), textcoords="offset points", fontsize=8, va="center",
                      ha="left" if side > 0 else "right", color=colour, arrowprops=thin, zorder=5,
                      bbox={"facecolor": paper, "edgecolor": "none", "pad": 0.5, "alpha": 0.75})  # fmt: skip


def _fraction(axes: Axes, x: float, y: float) -> tuple[float, float]:
    left, bottom = axes.transAxes.inverted().transform(axes.transData.transform((x, y)))
    return float(left), float(bottom)


def _free(
    left: float, bottom: float, length: float, width: float, height: float, taken: Sequence[Box]
) -> tuple[float, float, int, Box]:
    """Offset, side and box of the first place that nothing covers; the first of all where there is none."""
    tried = list(_places(left, bottom, length))
    inside = [
        each for each in tried if each[3][0] >= 0 and each[3][2] <= width and each[3][1] >= 0 and each[3][3] <= height
    ]
    free = [each for each in inside if not any(_meet(each[3], other) for other in taken)]
    return (free or inside or tried)[0]


def _places(left: float, bottom: float, length: float) -> Iterator[tuple[float, float, int, Box]]:
    for ring in range(RINGS + 1):
        for up in (1, -1) if ring else (1,):
            for side in (1, -1):
                dx, dy = side * AWAY, up * ring * LINE
                start = left + dx if side > 0 else left + dx - length
                yield dx, dy, side, (start, bottom + dy - LINE / 2, start + length, bottom + dy + LINE / 2)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
