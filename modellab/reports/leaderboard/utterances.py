"""What models made of utterances, as HTML: short lines for hundreds of them, whole pages of them for the worst."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from modellab import units
from modellab.reports.leaderboard.records import Sheet, Step, UtteranceResult
from modellab.system.escape import visible

if TYPE_CHECKING:
    from markupsafe import Markup

WORST = 5
LETTERS = 1_200  # of one utterance in the long list: a longer one is cut, its page in the case's own file is whole


class Worst(NamedTuple):
    """One of the utterances that did most damage."""

    id: str
    head: str
    steps: tuple[Step, ...]
    text: str
    lines: str
    error: str


class Leaf(NamedTuple):
    """One system on one dataset."""

    id: str
    who: str
    dataset: str
    origin: str
    summary: str
    worst: tuple[Worst, ...]
    rest: Markup
    more: int


def leaves(sheets: Iterable[Sheet]) -> Iterator[Leaf]:
    """Every sheet, ready for the template."""
    for number, sheet in enumerate(sheets):
        wrong = [utterance for utterance in sheet.said if utterance.errors or utterance.error]
        count = f"the worst {len(sheet.said):,} of {sheet.many:,}" if sheet.many else f"{len(sheet.said)}"
        summary = f"{len(wrong)} of {count} utterances with errors" if wrong else f"no errors in {count} utterances"
        yield Leaf(
            f"sheet{number}",
            sheet.who.name,
            sheet.dataset,
            f"session {sheet.origin.session} at {sheet.origin.commit or 'an unknown commit'}",
            summary,
            tuple(_worst(sheet.metric, each) for each in wrong[:WORST]),
            lines(sheet.said),
            len(sheet.said),
        )


def _worst(metric: str, said: UtteranceResult) -> Worst:
    times = (
        f", {units.value(said.wall_s, 's')} for {units.value(said.duration_s, 's')} of audio"
        if said.wall_s == said.wall_s
        else ""
    )
    return Worst(
        said.id,
        f"{metric}: {_count(said)}{times}",
        said.steps if len(said.steps) <= LETTERS // 4 else said.steps[: LETTERS // 4],
        said.text[:LETTERS],
        "\n".join(said.lines)[: 4 * LETTERS],
        (said.error.splitlines() or [""])[0][:300],
    )


def _count(said: UtteranceResult) -> str:
    return f"{said.errors:.4g} of {said.words:.4g}" if said.words != 1 else f"{said.errors:.4g}"


def lines(said: Iterable[UtteranceResult]) -> Markup:
    """A list item each: id, errors and the words, errors struck out or underlined."""
    from markupsafe import Markup

    return Markup("\n".join(_line(utterance) for utterance in said))  # noqa: S704 - `_line` escapes every text


def _line(said: UtteranceResult) -> str:
    head = f"<b>{_escaped(said.id)}</b> {_escaped(_count(said))} "
    if said.error:
        return f"<li>{head}<em>{_escaped('the model raised: ' + said.error[:200])}</em></li>"
    return f"<li>{head}{_words(said.steps) if said.steps else _escaped(said.text[:LETTERS])}</li>"


def _words(steps: Iterable[Step]) -> str:
    """Runs of one kind together: hits once, substitutions as struck reference and underlined hypothesis."""
    found, length = [], 0
    for what, group in groupby(steps, key=lambda step: step[0]):
        run = list(group)
        reference, hypothesis = (" ".join(step[at] for step in run) for at in (1, 2))
        length += len(reference) + len(hypothesis)
        if length > LETTERS:
            found.append("…")
            break
        if not what:
            found.append(_escaped(reference))
            continue
        old = f"<del>{_escaped(reference)}</del>" if what != "I" else ""
        new = f"<ins>{_escaped(hypothesis)}</ins>" if what != "D" else ""
        found.append(old + new)
    return " ".join(found)


def _escaped(text: str) -> str:
    from html import escape

    return escape(visible(text))
