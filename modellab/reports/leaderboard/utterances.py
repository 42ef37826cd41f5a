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
        wrong = [utterance for utterance in sheet.utterances if utterance.errors or utterance.error]
        count = f"the worst {len(sheet.utterances):,} of {sheet.many:,}" if sheet.many else f"{len(sheet.utterances)}"
        summary = f"{len(wrong)} of {count} utterances with errors" if wrong else f"no errors in {count} utterances"
        yield Leaf(
            f"sheet{number}",
            sheet.who.name,
            sheet.dataset,
            f"session {sheet.origin.session} at {sheet.origin.commit or 'an unknown commit'}",
            summary,
            tuple(_worst(sheet.metric, utterance) for utterance in wrong[:WORST]),
            lines(sheet.utterances),
            len(sheet.utterances),
        )


def _worst(metric: str, utterance: UtteranceResult) -> Worst:
    times = (
        f", {units.value(utterance.wall_s, 's')} for {units.value(utterance.duration_s, 's')} of audio"
        if utterance.wall_s == utterance.wall_s
        else ""
    )
    return Worst(
        utterance.id,
        f"{metric}: {_count(utterance)}{times}",
        utterance.steps if len(utterance.steps) <= LETTERS // 4 else utterance.steps[: LETTERS // 4],
        utterance.text[:LETTERS],
        "\n".join(utterance.lines)[: 4 * LETTERS],
        (utterance.error.splitlines() or [""])[0][:300],
    )


def _count(utterance: UtteranceResult) -> str:
    return f"{utterance.errors:.4g} of {utterance.words:.4g}" if utterance.words != 1 else f"{utterance.errors:.4g}"


def lines(utterances: Iterable[UtteranceResult]) -> Markup:
    """A list item each: id, errors and the words, errors struck out or underlined."""
    from markupsafe import Markup

    return Markup("\n".join(_line(utterance) for utterance in utterances))  # noqa: S704 - `_line` escapes every text


def _line(utterance: UtteranceResult) -> str:
    head = f"<b>{_escaped(utterance.id)}</b> {_escaped(_count(utterance))} "
    if utterance.error:
        return f"<li>{head}<em>{_escaped('the model raised: ' + utterance.error[:200])}</em></li>"
    return f"<li>{head}{_words(utterance.steps) if utterance.steps else _escaped(utterance.text[:LETTERS])}</li>"


def _words(steps: Iterable[Step]) -> str:
    """Runs of one kind together: hits once, substitutions as struck reference and underlined hypothesis."""
    pieces, length = [], 0
    for what, group in groupby(steps, key=lambda step: step[0]):
        run = list(group)
        reference, hypothesis = (" ".join(step[at] for step in run) for at in (1, 2))
        length += len(reference) + len(hypothesis)
        if length > LETTERS:
            pieces.append("…")
            break
        if not what:
            pieces.append(_escaped(reference))
            continue
        old = f"<del>{_escaped(reference)}</del>" if what != "I" else ""
        new = f"<ins>{_escaped(hypothesis)}</ins>" if what != "D" else ""
        pieces.append(old + new)
    return " ".join(pieces)


def _escaped(text: str) -> str:
    from html import escape

    return escape(visible(text))
