"""Results of private datasets as others may see them: numbers and hashes, without texts and without messages.

The ledger of this machine keeps what was said; `ledger.read` gives it only to who asks for it. Ids, speakers and groups
are hashes before they come here (`modellab/datasets/privacy.py`). An utterance that has no output and no error is one
of which nothing was kept: reports know that, since baselines keep little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from modellab.datasets.privacy import Key
from modellab.results.entry import Entry
from modellab.types import Counts, Result, Utterance, Verdict
from modellab.types.utterances import Utterances

FACT = "privacy"  # in a result's provenance, with the fingerprint of the secret, and in an entry's settings
EDITS = "word_edits"  # of an utterance of such a result: substitutions, deletions, insertions, words
TEXT = "(text withheld)"
MESSAGE = "(message withheld: the dataset is private, the ledger of the machine that ran it has it)"
OURS = re.compile(  # what is told of a lost process, in words that are ours alone
    r"(?:CrashError: the worker died during '\w+': (?:it exited with status \d+|killed by [\w ]+(?: \([a-z, ]+\))?)"
    r"|HangError: no answer to '\w+' within [\d.]+ s: the worker was killed)$",
    re.MULTILINE,
)
TYPE = re.compile(r"\s*([A-Za-z_][\w.]{0,80}(?:Error|Exception|Interrupt|Exit|Warning))\b")


def provenance(secret: Key | None) -> dict[str, str]:
    """What a result says of the secret that its names are hashed with; {} where they are none."""
    return {FACT: f"hashes {secret.fingerprint}"} if secret else {}


def is_private(entry: Entry) -> bool:
    """Whether the entry is of a private dataset."""
    return bool(entry.settings.get(FACT)) or (entry.result is not None and FACT in entry.result.provenance)


def message(error: str) -> str:
    """What may be told of an error: its type, where it begins with it, and how a process was lost.

    >>> message("RuntimeError: no such word as swordfish").partition(" (")[0], message("swordfish") == MESSAGE
    ('RuntimeError:', True)
    """
    if not error:
        return ""
    if lost := OURS.match(error):
        return f"{lost[0]} {MESSAGE}"
    named = TYPE.match(error)
    return f"{named[1]}: {MESSAGE}" if named else MESSAGE


def result(measured: Result) -> Result:
    """The numbers of a result, with nothing that was said."""
    return replace(measured, utterances=Utterances(map(_utterance, measured.utterances)))


def entry(stored: Entry) -> Entry:
    """An entry as others may see it; as it is where its dataset is not private."""
    if not is_private(stored):
        return stored
    shown = stored.result and result(stored.result)
    return replace(stored, result=shown, error=message(stored.error))


def verdicts(given: Iterable[Verdict], measured: Result) -> tuple[Verdict, ...]:
    """Verdicts whose broken utterances say how many words were wrong, and which only by their hash."""
    wanted = list(given)
    ids = {broken.id for verdict in wanted for broken in verdict.breaks}
    told = (
        {utterance.id: edits(utterance.counts) for utterance in measured.utterances if utterance.id in ids}
        if ids
        else {}
    )
    return tuple(
        replace(verdict, breaks=tuple(replace(broken, lines=(told.get(broken.id, TEXT),)) for broken in verdict.breaks))
        for verdict in wanted
    )


def edits(counts: Mapping[str, Counts]) -> str:
    """What was wrong with an utterance, in numbers.

    >>> edits({"word_edits": (2, 0, 1, 7)}), edits({})
    ('2 substitutions, 0 deletions, 1 insertion of 7 words (text withheld)', '(text withheld)')
    """
    if EDITS not in counts:
        return TEXT
    *kinds, words = map(int, counts[EDITS])
    names = ("substitution", "deletion", "insertion")
    told = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in zip(kinds, names, strict=True))
    return f"{told} of {words} words {TEXT}"


def note(suspicion: str) -> str:
    """A suspicion about a private dataset: its kind, without the words that it rests on."""
    return f"{suspicion.partition(':')[0]} {TEXT}"


def counted(task: Any, sample: Any, output: Any) -> dict[str, Counts]:
    """The word edits of an utterance, of a task whose answers are words; {} of any other."""
    from modellab.metrics.edit_distance import align
    from modellab.tasks import Worded

    if not isinstance(task, Worded):
        return {}
    spoken, heard, normalise = task.words(sample, output)
    edit_counts = align(normalise(spoken), normalise(heard)).words
    parts = (edit_counts.substitutions, edit_counts.deletions, edit_counts.insertions, edit_counts.reference_length)
    return {EDITS: tuple(map(float, parts))}


def _utterance(utterance: Utterance) -> Utterance:
    return replace(utterance, output=None, error=message(utterance.error))
