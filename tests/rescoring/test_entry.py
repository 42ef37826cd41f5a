"""Stored outputs scored anew: what becomes new, what stays, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab import datasets, text
from modellab.datasets import Dataset
from modellab.errors import ConfigError
from modellab.rescoring import normaliser_sensitivity
from modellab.rescoring.entry import rescored
from modellab.rescoring.stored import Folders
from modellab.results.entry import Entry, decode, encode, pooled
from modellab.results.rescored import BEFORE, origin
from modellab.tasks import asr
from modellab.types import CaseId, Metric, Status, Utterance

from ..integration.conftest import SENTENCES, write_dataset
from ..make import READINGS, result, utterance, verdict

KEY = CaseId("asr", "short_v1", "fake", "one", "cpu", "float32")
SLOW = verdict("rtf", Status.REGRESSED, 0.06, unit="s/s", kind="speed", why="20 % slower")
ASR: dict[str, Metric] = {metric.name: metric for metric in asr.METRICS}


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    write_dataset(tmp_path / "short_v1", normaliser="none")
    return datasets.load(tmp_path / "short_v1")


def titled_utterances(data: Dataset, normaliser: str = "none", change: Any = str.title) -> tuple[Utterance, ...]:
    """What a model says that writes every word with a capital, scored with a normaliser."""
    found = []
    for row in data.rows:
        case = asr.read(row, {**data.options, "normaliser": normaliser})
        output = {"text": change(row["text"]), "segments": [], "language": "en"}
        found.append(utterance(case.id, asr.score(case, output), output, duration_s=case.duration_s))
    return tuple(found)


def entry(data: Dataset, utterances: tuple[Utterance, ...] = (), **provenance: str) -> Entry:
    facts = {"dataset_digest": data.digest, "normaliser": str(text.get("none")), "weights": "sha256:w", "threads": "1"}
    measured = result(
        utterances or titled_utterances(data), key=KEY, provenance={**facts, **provenance}, readings=READINGS
    )
    return Entry(KEY, Status.REGRESSED, "s1", result=measured, values=pooled(measured), verdicts=(verdict(), SLOW))


def test_another_normaliser_counts_every_metric_anew(data: Dataset) -> None:
    before = entry(data)
    after = rescored(before, data, "basic")
    assert before.values["wer"] == 1.0
    assert (after.values["wer"], after.values["cer"], after.values["success_rate"]) == (0.0, 0.0, 1.0)
    assert after.result is not None
    assert after.result.utterances[0].counts == titled_utterances(data, "basic")[0].counts
    assert after.result.provenance["normaliser"] == str(text.get("basic"))
    assert after.result.provenance[BEFORE] == str(text.get("none"))
    assert origin(after) == before.id
    assert origin(before) == ""


def test_what_was_measured_stays(data: Dataset) -> None:
    before = entry(data)
    after = rescored(before, data, "basic")
    assert before.result is not None
    assert after.result is not None
    assert after.result.readings == before.result.readings
    assert [u.output for u in after.result.utterances] == [u.output for u in before.result.utterances]
    assert (after.started_at, after.session, after.settings) == (before.started_at, "s1", before.settings)
    assert SLOW in after.verdicts
    assert after.status is Status.REGRESSED, "speed is still what it was"


def test_quality_is_not_judged_without_a_baseline(data: Dataset) -> None:
    after = rescored(replace(entry(data), verdicts=(verdict(),)), data, "basic")
    statuses = {verdict.metric: verdict.status for verdict in after.verdicts}
    assert statuses["wer"] is Status.NEW
    assert statuses["mer"] is Status.PASS
    assert {name for name, metric in ASR.items() if not metric.optional} <= statuses.keys() <= ASR.keys()
    assert after.status is Status.NEW


def test_the_same_rescoring_is_the_same_entry_right_behind_its_source(data: Dataset) -> None:
    before = entry(data)
    after = rescored(before, data, "basic")
    assert after.id == rescored(before, data, "basic").id
    assert len({before.id, after.id, rescored(before, data).id}) == 3
    assert before.finished_at < after.finished_at
    assert encode(decode(encode(after))) == encode(after)
    again = rescored(after, data, "none")
    assert origin(again) == before.id
    assert encode(again)["values"] == encode(before)["values"]  # where NaN is null


def test_what_raised_is_scored_as_such(data: Dataset) -> None:
    first, *rest = titled_utterances(data)
    after = rescored(entry(data, (replace(first, output=None, error="boom"), *rest)), data, "basic")
    assert after.values["success_rate"] == 1 - 1 / len(SENTENCES)
    assert after.values["wer"] > 0


@pytest.mark.parametrize(
    ("provenance", "why"),
    [
        ({"dataset_digest": "sha256:other"}, "was measured on short_v1 with the digest sha256:other, it is sha256:"),
        ({"seeds": "3"}, "is a mean over 3 seeds, of which only the first one's outputs are kept: run it again"),
    ],
)
def test_refused(data: Dataset, provenance: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        rescored(entry(data, (), **provenance), data)


def test_refused_without_outputs_that_can_be_read(data: Dataset) -> None:
    first, *rest = titled_utterances(data)
    with pytest.raises(ConfigError, match=r"cannot be scored .KeyError: 'text'.: it was kept by another version"):
        rescored(entry(data, (replace(first, output={"words": []}), *rest)), data)
    with pytest.raises(ConfigError, match="has no outputs to score, it ended in an ERROR: out of memory"):
        rescored(Entry(KEY, Status.ERROR, "s1", error="out of memory\nat line 3"), data)
    with pytest.raises(ConfigError, match=r"was measured on other \(asr\), not on short_v1"):
        rescored(replace(entry(data), key=replace(KEY, dataset="other")), data)


def test_corrected_references_are_taken_on_a_persons_word_with_the_same_audio(data: Dataset) -> None:
    before = entry(data, dataset_digest="sha256:before the correction")
    assert rescored(before, data, "basic", references=True).values["wer"] == 0.0
    longer = tuple(replace(u, duration_s=u.duration_s + 1) for u in titled_utterances(data))
    with pytest.raises(ConfigError, match=r"000 lasts .* s, it was .* s: the audio is another one, run it again"):
        rescored(entry(data, longer, dataset_digest="sha256:x"), data, references=True)
    with pytest.raises(ConfigError, match="it has other utterances: --references takes corrected texts only"):
        rescored(entry(data, titled_utterances(data)[1:], dataset_digest="sha256:x"), data, references=True)


# ---------------------------------------------------------------------------- who changes places


def rates_of(model: str, basic: float, none: float) -> normaliser_sensitivity.Rates:
    rates = {**dict.fromkeys(text.names(), basic), "none": none}
    return normaliser_sensitivity.Rates(Entry(replace(KEY, model=model), Status.PASS, "s1"), "basic", 8, rates)


def test_two_models_that_change_places_are_named() -> None:
    said = list(
        normaliser_sensitivity.flips([rates_of("a", 0.02, 0.5), rates_of("b", 0.03, 0.1), rates_of("c", 0.04, 0.6)])
    )
    (sentence,) = said
    assert sentence.startswith("a:one (cpu, float32) is ahead of b:one (cpu, float32) on short_v1 under basic (2.00%, ")
    assert sentence.endswith("3.00%), behind under none (50.00%, 10.00%)")


def test_rates_are_those_of_each_normaliser(data: Dataset) -> None:
    (row,) = normaliser_sensitivity.rates([entry(data)], StoredResults(data))
    assert (row.own, row.size) == ("none", len(SENTENCES))
    assert row.rates == {"none": 1.0, "auto": 0.0, "basic": 0.0, "modellab_en": 0.0, "whisper_en": 0.0}


class StoredResults(Folders):
    """One dataset, read already."""

    def __init__(self, data: Dataset) -> None:
        super().__init__(data.folder.parent)
        self.read[data.name] = data


def test_a_length_that_was_corrected_to_the_decoded_one_is_the_same_audio(data: Dataset) -> None:
    """The manifest says a second too much: the result has the length that was heard."""
    heard = entry(data, dataset_digest="sha256:before the correction")
    wrong = replace(data, rows=tuple({**row, "duration_s": row["duration_s"] + 1} for row in data.rows))
    assert rescored(heard, wrong, "basic", references=True).values["wer"] == 0.0
    gone = replace(wrong, rows=tuple({**row, "audio": Path("nowhere.flac")} for row in wrong.rows))
    with pytest.raises(ConfigError, match="the audio is another one"):
        rescored(heard, gone, "basic", references=True)


def test_what_is_counted_over_time_keeps_the_decoded_length(data: Dataset) -> None:
    """A manifest that is wrong about every file changes nothing of the scores that are counted over seconds."""
    right = rescored(entry(data), data, "basic")
    stated = replace(data, rows=tuple({**row, "duration_s": row["duration_s"] + 1} for row in data.rows))
    wrong = rescored(entry(data), stated, "basic")
    assert wrong.values["words_per_s"] == right.values["words_per_s"] > 0
