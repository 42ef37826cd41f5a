"""Systems for the tests of comparisons: results with given errors, and nothing else that matters."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from modellab.reports.comparison.pairing import CasePair
from modellab.results.entry import Entry
from modellab.results.select import SelectedResults
from modellab.system.machine import Commit
from modellab.types import Floats, Metric, Status, Utterance

from ... import make

WER = Metric("wer", unit="ratio", better="lower")


def said(errors: Sequence[float], words: float = 10.0, **changes: Any) -> tuple[Utterance, ...]:
    """Utterances 0000, 0001, ... with so many wrong words each."""
    return tuple(
        make.utterance(make.name(i), make.asr_counts(count, words), **changes) for i, count in enumerate(errors)
    )


def entry(errors: Sequence[float] | tuple[Utterance, ...] = (0.0, 1.0), model: str = "fake", **changes: Any) -> Entry:
    """A result of `model`; `key`, `provenance`, `readings` and `machine` change those of its result."""
    utterances = tuple(each if isinstance(each, Utterance) else said([each])[0] for each in errors)
    if errors and not isinstance(errors[0], Utterance):
        utterances = said([each for each in errors if not isinstance(each, Utterance)])
    key = replace(make.KEY, model=model, **changes.pop("key", {}))
    provenance = {**make.PROVENANCE, **changes.pop("provenance", {})}
    readings = {**make.READINGS, **changes.pop("readings", {})}
    result = make.result(
        utterances, key=key, provenance=provenance, readings=readings, machine=changes.pop("machine", "a-cpu-1t")
    )
    fields = {"result": result, "commit": Commit("c0ffee" + "0" * 34), "session": "20260301T020000-ab", **changes}
    name = f"{key} {fields['session']} {[each.counts for each in utterances]} {provenance} {readings}"
    fields.setdefault("id", uuid.uuid5(uuid.NAMESPACE_OID, name).hex)
    return Entry(key, Status.PASS, **fields)


def selection(*entries: Entry, spec: str = "") -> SelectedResults:
    return SelectedResults(spec or entries[0].key.model, entries)


def case_pair(a: Sequence[float], b: Sequence[float], **changes: Any) -> CasePair:
    """Two models on the same utterances."""
    return CasePair(entry(a, "one", **changes), entry(b, "two", **changes))


def churned(seed: int, n: int, worse: float = 0.0) -> tuple[list[float], list[float]]:
    """Errors of two systems of which a third of the utterances differ; `worse` more words wrong in each of B's."""
    generator = np.random.default_rng(seed)
    a: Floats = generator.binomial(10, 0.08, n).astype(float)
    other = generator.binomial(10, 0.08, n).astype(float)
    b = np.where(generator.random(n) < 0.33, other, a) + generator.binomial(1, worse, n)
    return a.tolist(), b.tolist()
