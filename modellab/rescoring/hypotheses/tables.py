"""Hypotheses in records with keys: which key holds the id, which the hypothesis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modellab.datasets.importers import columns as roles
from modellab.datasets.importers.records import LeftOut, Note, seconds
from modellab.errors import ConfigError, did_you_mean
from modellab.rescoring.hypotheses.records import Columns, Hypothesis, Item
from modellab.types import Confidence, SpokenTurn

HYPOTHESIS = (
    "pred_text", "hypothesis", "hyp", "prediction", "predicted_text", "predicted", "pred", "model_output", "output",
    "recognized_text", "asr_text", "asr", "transcript", "transcription", "text", "turns", "utterances", "regions",
)  # fmt: skip
ID = (*roles.NAMES["id"], *roles.NAMES["audio"])
START = ("offset", "start_s", "start")
TIMED = ("turns", "utterances", "regions")  # what a model of ours gives for whole recordings


def has_both(keys: Iterable[str]) -> bool:
    """Whether there is a key for the id and one for the hypothesis."""
    folded = {key.strip().casefold() for key in keys}
    return bool(folded & set(ID)) and bool(folded & set(HYPOTHESIS))


def records(rows: Iterable[tuple[str, Mapping[str, Any]] | LeftOut], columns: Columns) -> Iterator[Item]:
    """What each record says; the first sound one decides which keys are meant, and a note says so."""
    chosen: Columns | None = None
    for item in rows:
        if isinstance(item, LeftOut):
            yield item
            continue
        where, row = item
        if chosen is None:
            chosen = Columns(_key(row, columns.id, ID, "id"), _key(row, columns.hyp, HYPOTHESIS, "hyp"))
            yield Note(f"columns taken: id={chosen.id}, hyp={chosen.hyp}; --column hyp=COLUMN takes another one")
        yield _heard(where, row, chosen)


def _key(row: Mapping[str, Any], asked: str, names: Iterable[str], role: str) -> str:
    """The key of a role: the one that was asked for, else the first that is known; ConfigError for none."""
    if asked:
        if asked not in row:
            raise ConfigError(f"there is no column {asked!r}: {did_you_mean(asked, row)}")
        return asked
    folded = {key.strip().casefold(): key for key in reversed(list(row))}
    key = next((folded[name] for name in names if name in folded), "")
    if not key:
        what = "the id or the audio file" if role == "id" else "what the model said"
        raise ConfigError(f"no column says {what}, there are {', '.join(row)}: name it with --column {role}=COLUMN")
    return key


def _heard(where: str, row: Mapping[str, Any], chosen: Columns) -> Hypothesis | LeftOut:
    for key in (chosen.id, chosen.hyp):
        if key not in row:
            return LeftOut(where, f"the key {key!r} is missing")
    name, answer = _name(row[chosen.id]), row[chosen.hyp]
    if not name:
        return LeftOut(where, f"{chosen.id} is {str(row[chosen.id])[:40]!r}, expected the name of an utterance")
    names = tuple(dict.fromkeys([name, *filter(None, (_name(row.get(key)) for key in roles.NAMES["audio"]))]))
    start_s = next((seconds(row[key]) for key in START if row.get(key) not in (None, "")), None)
    confidences = row.get("confidences")
    if isinstance(answer, Mapping):  # an output as our ledger has it
        confidences = answer.get("confidences")
        timed = next((key for key in TIMED if key in answer), "")
        answer = answer.get(timed or "text")
    if isinstance(answer, list):
        turns = [_turn(turn) for turn in answer]
        wrong = next((given for given, turn in zip(answer, turns, strict=True) if turn is None), None)
        if wrong is not None:
            return LeftOut(where, f"{chosen.hyp} has {str(wrong)[:60]}, expected [start_s, end_s, speaker, text]")
        return Hypothesis(names, where, None, tuple(turn for turn in turns if turn), start_s)
    if answer is not None and not isinstance(answer, str):
        return LeftOut(where, f"{chosen.hyp} is {str(answer)[:40]!r}, expected text")
    try:
        sure = tuple(Confidence(str(word), float(probability)) for word, probability in confidences or ())
    except (TypeError, ValueError):
        return LeftOut(where, f"confidences are {str(confidences)[:60]}, expected [[word, probability], ...]")
    return Hypothesis(names, where, answer, None, start_s, sure)


def _name(given: Any) -> str:
    """An id or a path as text; '' for none."""
    is_number = isinstance(given, int) and not isinstance(given, bool)
    return str(given).strip() if is_number or isinstance(given, str) else ""


def _turn(given: Any) -> SpokenTurn | None:
    """A list of start, end and perhaps speaker and text; None for anything else."""
    if not isinstance(given, list) or not 2 <= len(given) <= 4 or not all(isinstance(x, str) for x in given[2:]):
        return None
    start_s, end_s = seconds(given[0]), seconds(given[1])
    if start_s is None or end_s is None or end_s < start_s:
        return None
    return SpokenTurn(start_s, end_s, *[*given[2:], *["", ""][len(given) - 2 :]])
