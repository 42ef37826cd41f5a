"""A comparison as Markdown, for a pull request or a page. What models said is escaped and stands in code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from modellab.reports.comparison.compare import Found, Rankings
from modellab.reports.comparison.render import lines, sentences, tables
from modellab.reports.comparison.render.tables import Table
from modellab.reports.comparison.two_systems import Compared, SystemPair

LOUD = re.compile(r"([\\`*_{}\[\]<>#|~])")


def text(comparison: Found, most: int) -> str:
    """The whole document; the same comparison gives the same bytes."""
    return "\n".join(_rankings(comparison) if isinstance(comparison, Rankings) else _compared(comparison, most)) + "\n"


def _compared(compared: Compared, most: int) -> Iterator[str]:
    yield f"## {quiet(compared.a)} (A) against {quiet(compared.b)} (B)\n"
    yield from (f"**{quiet(line)}**\n" for line in sentences.headlines(compared))
    shown, left = sentences.detailed(compared)
    if len(compared.system_pairs) > 1:
        yield from _table(tables.overview(compared))
    for system_pair in shown:
        yield from _system_pair(system_pair, most)
    yield from _notes((*([left] if left else []), *compared.notes))
    yield f"{quiet(tables.counted(compared))}\n"


def _system_pair(system_pair: SystemPair, most: int) -> Iterator[str]:
    yield f"### {system_pair.task}: {quiet(sentences.pair(system_pair))}\n"
    yield from _table(tables.sides(system_pair))
    differs = list(sentences.differences(system_pair))
    if differs:
        yield f"Differs in: {quiet('; '.join(differs))}\n"
    yield from (f"- {quiet(sentences.timing(speed))}" for speed in system_pair.speeds)
    yield from (f"- {quiet(sentences.peak(peak))}" for peak in system_pair.peaks)
    yield ""
    for table in tables.of_system_pair(system_pair):
        yield from _table(table)
    if shown := list(lines.of_system_pair(system_pair, most)):
        yield "<details><summary>The utterances that changed most</summary>\n"
        yield from _block(shown)
        yield "\n</details>\n"
    yield from _notes(system_pair.notes)


def _rankings(rankings: Rankings) -> Iterator[str]:
    for ranking in rankings.rankings:
        yield f"## {ranking.task}\n"
        yield f"**{quiet(sentences.ranked(ranking))}**\n"
        for table in tables.of_ranking(ranking):
            yield from _table(table)
    yield from _notes(rankings.notes)


def _table(table: Table) -> Iterator[str]:
    yield f"#### {table.title}\n"
    yield _row(table.columns)
    yield _row(["---" if at < table.left else "---:" for at in range(len(table.columns))], plain=True)
    yield from (_row(row) for row in table.rows)
    yield ""
    yield from _notes(table.notes)


def _row(cells: tuple[str, ...] | list[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cell if plain else quiet(cell) for cell in cells)} |"


def _notes(notes: tuple[str, ...]) -> Iterator[str]:
    if notes:
        yield from (f"- {quiet(note)}" for note in notes)
        yield ""


def _block(shown: list[str]) -> Iterator[str]:
    """Lines in a fence longer than any run of backticks in them."""
    longest = max((len(run) for line in shown for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from shown
    yield fence


def quiet(text: str) -> str:
    r"""Text that Markdown and HTML take for nothing else, on one line.

    >>> quiet("a|b <c> `d`")
    'a\\|b \\<c\\> \\`d\\`'
    """
    return LOUD.sub(r"\\\1", " ".join(text.split()))
