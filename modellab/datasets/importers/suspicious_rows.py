"""What looks suspicious about rows that are kept: each kind one sentence, with how many and the first one's name."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence

import numpy as np

from modellab.datasets.importers import record_checks
from modellab.datasets.importers.record_checks import Facts
from modellab.datasets.importers.records import Record
from modellab.datasets.importers.request import ImportRequest
from modellab.types import Row
from modellab.units import counted

WIDE_HZ = 16_000  # below it the letters s, f and th are hardly there
CLIPPED = 1e-3  # share of samples at full scale that is heard as crackling
DIGITS, RARELY = 0.3, 0.1  # of a text's characters; of all texts
SAME_LENGTH_S = 0.01  # two sayings of one sentence differ by more
BITS = 2**64 - 1
DIGIT = re.compile(r"\d")


class SuspiciousRows:
    """Takes what an import keeps, as it comes; `told` says what a person should look at."""

    def __init__(self, request: ImportRequest) -> None:
        self._request = request
        self._narrow = _Kind("row", f"below {WIDE_HZ // 1000} kHz", "is that what the model will hear?")
        self._clipped = _Kind("row", "clipped", "recorded too loud?")
        self._pace = _Kind("text", "very long or short for the audio")
        self._script = _Kind("text", "mostly in another script than that of the language")
        self._digits = _Kind("text", "mostly in digits, which the others hardly have", "are numbers written alike?")
        self._texts = self._with_digits = 0
        self._copies = _Copies()

    def heard(self, record: Record, facts: Facts) -> None:
        """A record whose audio is sound and wanted, with what its file holds."""
        if facts.rate_hz < WIDE_HZ:
            self._narrow.add(record.id)
        if facts.clipped > CLIPPED:
            self._clipped.add(record.id)

    def row(self, record: Record, language: str) -> None:
        """A record that became a row, in the language of the dataset."""
        text = record.text or ""
        count = sum(map(str.isalnum, text))
        if record_checks.is_odd_pace(count, record.duration_s or 1.0):
            self._pace.add(record.id)
        if record_checks.is_other_script(text, record.language or language):
            self._script.add(record.id)
        self._copies.add(record, text)
        if text:
            self._texts += 1
            if digits := len(DIGIT.findall(text)):
                self._with_digits += 1
                if digits > DIGITS * count:
                    self._digits.add(record.id)

    def told(self, rows: Sequence[Row]) -> list[str]:
        """A sentence for each kind of doubt that there is; `rows` are those that the records became."""
        kinds = [self._narrow, self._clipped, self._pace, self._script]
        if self._with_digits <= max(1, RARELY * self._texts) < self._texts:
            kinds.append(self._digits)
        told = [kind.told(self._request) for kind in kinds if kind.count]
        return told + self._copies.told(rows, self._request)


def named(name: str, request: ImportRequest) -> str:
    """A name in brackets; nothing where names stay on this machine."""
    return "" if request.private else f" ({name})"


class _Kind:
    """How many there are of one kind, and the first one's name."""

    def __init__(self, what: str, state: str, question: str = "right?") -> None:
        self._what, self._state, self._question = what, state, question
        self.count, self._first = 0, ""

    def add(self, name: str) -> None:
        """One more."""
        self.count, self._first = self.count + 1, self._first or name

    def told(self, request: ImportRequest) -> str:
        """The doubt as a sentence."""
        return f"{counted(self.count, self._what)} {self._state}{named(self._first, request)}: {self._question}"


class _Copies:
    """Clips of one speaker with one text that last equally long: sent in twice, cut or coded anew."""

    def __init__(self) -> None:
        self._fingerprints, self._lengths_s = array("Q"), array("d")

    def add(self, record: Record, text: str) -> None:
        """The next record; one without speaker or text is no copy of any."""
        is_known = record.speaker and record.duration_s and text
        fingerprint = hash((record.speaker, *text.casefold().split())) if is_known else len(self._fingerprints)
        self._fingerprints.append(fingerprint & BITS)
        self._lengths_s.append(record.duration_s or 0.0)

    def told(self, rows: Sequence[Row], request: ImportRequest) -> list[str]:
        """The doubt as a sentence, if there is one."""
        fingerprints, lengths_s = (
            np.frombuffer(self._fingerprints, np.uint64),
            np.frombuffer(self._lengths_s, np.float64),
        )
        order = np.lexsort((lengths_s, fingerprints))
        is_same = fingerprints[order[1:]] == fingerprints[order[:-1]]
        near = np.flatnonzero(is_same & (np.diff(lengths_s[order]) < SAME_LENGTH_S))
        if not len(near):
            return []
        names = sorted(str(rows[int(order[place])]["id"]) for place in (near[0], near[0] + 1))
        pairs = counted(len(near), "pair")
        return [
            f"{pairs} of clips with one speaker, text and length{named(' and '.join(names), request)}: is one a copy?"
        ]
