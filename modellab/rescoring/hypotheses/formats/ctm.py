"""NIST's CTM for the words of a hypothesis at their times, STM for the reference: what sclite takes.

A word belongs to the utterance that its middle lies in, as in sclite. Times that a model does not give are spread
evenly over its utterance.

Source: NIST's SCTK, ctm(5), stm(5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from modellab.datasets.importers import textfiles
from modellab.datasets.importers.formats.ctm import ALTERNATIVE, FIELDS, expected, word
from modellab.datasets.importers.places import Place
from modellab.datasets.importers.records import Guess, LeftOut, channel, seconds
from modellab.errors import ConfigError
from modellab.rescoring.hypotheses.names import field
from modellab.rescoring.hypotheses.records import Columns, Exported, HypothesisSegment, Item
from modellab.types import SpokenTurn

NAME = "ctm"
TITLE = "CTM: recording, channel, start, length, word"
MARKS = ("{", "}", ";;")


def detect(place: Place) -> Guess | None:
    """Lines with two times and a word in the right places, most of the first ones."""
    lines = [line.split() for line in place.first_lines(place.path) if not line.lstrip().startswith(";;")]
    is_most = 2 * sum(1 for fields in lines if _times(fields) or _is_longer(fields)) > len(lines)
    return Guess(0.85, "its lines have recording, channel, start, length and a word") if is_most else None


def _is_longer(fields: Sequence[str]) -> bool:
    """Whether it is a line of this format with too many fields: no text has two numbers with decimal points there."""
    return len(fields) > FIELDS[-1] and all("." in number and seconds(number) is not None for number in fields[2:4])


def _times(fields: Sequence[str]) -> tuple[float, float] | None:
    """Start and end of a line; None for what is no line of this format."""
    if len(fields) not in FIELDS:
        return None
    start_s, length_s = seconds(fields[2]), seconds(fields[3])
    return None if start_s is None or length_s is None else (start_s, round(start_s + length_s, 6))


def read(path: Path, _: Columns) -> Iterator[Item]:
    """Each word; tags after it are no part of it."""
    for item in textfiles.fields(path, ";;"):
        if isinstance(item, LeftOut):
            yield item
            continue
        where, fields, line = item
        times, token = _times(fields), word(fields)
        if times is None or token is None:
            yield LeftOut(where, expected(fields, line))
        elif token.lower().startswith(ALTERNATIVE):
            yield LeftOut(where, "alternatives (<ALT>) are not known here; write down one of them")
        else:
            yield HypothesisSegment(
                fields[0], where, *times, channel(fields[1]), text=token, confidence=_confidence(fields)
            )


def _confidence(fields: Sequence[str]) -> float | None:
    """The sixth field, where it is a probability; None where there is none, such as NA."""
    probability = seconds(fields[5]) if len(fields) > 5 else None
    return probability if probability is not None and probability <= 1 else None


def write(rows: Sequence[Exported]) -> Mapping[str, str]:
    """Two files; each utterance is a recording called like its id."""
    return {
        "ref.stm": "".join(_segment(row) for row in rows),
        "hyp.ctm": "".join(_line(row, *part) for row in rows for turn in row.heard for part in spread(turn)),
    }


def spread(turn: SpokenTurn) -> Iterator[tuple[float, float, str]]:
    """Start, length and text of each word, spread evenly over the turn.

    >>> list(spread(SpokenTurn(1.0, 2.0, "", "good morning")))
    [(1.0, 0.5, 'good'), (1.5, 0.5, 'morning')]
    """
    words = turn.text.split()
    for i, token in enumerate(words):
        length_s = (turn.end_s - turn.start_s) / len(words)
        yield turn.start_s + i * length_s, length_s, token


def _line(row: Exported, start_s: float, length_s: float, token: str) -> str:
    return f"{field(row.id, 'CTM', ';;')} 1 {start_s:.3f} {length_s:.3f} {_plain(row, token)}\n"


def _segment(row: Exported) -> str:
    words = " ".join(_plain(row, token) for token in row.reference.split())
    return f"{field(row.id, 'STM', ';;')} 1 {_plain(row, row.id)} 0.000 {row.duration_s:.3f} {words}".rstrip() + "\n"


def _plain(row: Exported, token: str) -> str:
    if any(mark in token for mark in MARKS) or (token.startswith("(") and token.endswith(")")) or token == "@":
        raise ConfigError(f"{row.id} has the word {token[:40]!r}, which sclite takes for a mark: export it as jsonl")
    return token.replace(";", "\\;")
