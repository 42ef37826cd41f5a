"""A recording of a terminal as an animated SVG: no script, no font from elsewhere, a picture to any browser."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tools.pictures.terminal import COLUMNS, ROWS, Line

CHARACTER, HEIGHT, MARGIN = 8.4, 18, 16  # pixels, of 14 px monospace
END_S = 4.0  # that the last screen stays
LABEL = "A terminal: the first steps of the tutorial, to a red verdict"
STYLE = """text{font:14px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d7dae0;white-space:pre}
.c{fill:#7fd1ff;font-weight:bold}.r{fill:#ff8f8f}.g{fill:#9be59b}
@media (prefers-reduced-motion:reduce){#s{animation:none!important}}"""


def svg(lines: Sequence[Line]) -> str:
    """All lines, one below the other, moved up as they come; a loop."""
    total_s = lines[-1].at_s + END_S
    width, height = COLUMNS * CHARACTER + 2 * MARGIN, ROWS * HEIGHT + 2 * MARGIN
    last = f"#s{{transform:translateY({(ROWS - len(lines)) * HEIGHT}px)}}"  # what stands where nothing moves
    moving = f"#s{{animation:s {total_s:.1f}s steps(1,end) infinite}}@keyframes s{{{_moves(lines, total_s)}}}{last}"
    size = f'viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{LABEL}">',
        f"<style>{STYLE}{moving}</style>",
        '<rect width="100%" height="100%" rx="8" fill="#16181d"/>',
        f'<svg x="{MARGIN}" y="{MARGIN}" height="{ROWS * HEIGHT}">',
        '<g id="s">',
        *(f'<text y="{(i + 1) * HEIGHT - 5}"{_class(line)}>{escape(line.text)}</text>' for i, line in enumerate(lines)),
        "</g></svg></svg>",
    ]
    return "\n".join(parts) + "\n"


def _class(line: Line) -> str:
    if line.is_command:
        return ' class="c"'
    if "REGRESSED" in line.text or line.text.startswith("1 regression"):
        return ' class="r"'
    return ' class="g"' if line.text.startswith("Nothing regressed") else ""


def _moves(lines: Sequence[Line], total_s: float) -> str:
    """Where the text stands at each moment: line i is at the bottom when it has just come, lines after it are below."""
    start = ROWS * HEIGHT
    moves = [f"0%{{transform:translateY({start}px)}}"]
    moments = {round(100 * line.at_s / total_s, 2): start - (i + 1) * HEIGHT for i, line in enumerate(lines)}
    moves += [f"{percent}%{{transform:translateY({y}px)}}" for percent, y in moments.items()]
    return "".join(moves)
