"""What is told of the events of a run: what was said and heard, and the value so far; nothing of a private dataset."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from modellab import datasets
from modellab.datasets import Dataset
from modellab.runner.events import Notice, UtteranceDone
from modellab.server.jobs.run_events import MOST_TEXT, EventEncoder
from modellab.types import Utterance
from tests import make
from tests.integration.conftest import write_dataset

CANARY = "swordfish"


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    write_dataset(tmp_path / "short_v1")
    return datasets.load(tmp_path / "short_v1")


def heard(data: Dataset, number: int, said: str, errors: int, error: str = "") -> Utterance:
    return make.utterance(data.rows[number]["id"], make.asr_counts(errors), {"text": said}, error=error)


def done(data: Dataset, *utterances: Utterance) -> UtteranceDone:
    return UtteranceDone("case", len(utterances), len(data.rows), utterances, data)


def test_each_utterance_and_the_value_of_all_so_far(data: Dataset) -> None:
    first, second = heard(data, 0, "turn on", 1), heard(data, 1, "x" * 1000, 0)
    tell = EventEncoder()
    told = tell(done(data, first))
    assert told["utterance"] == {
        "id": first.id, "reference": data.rows[0]["text"], "said": "turn on", "value": told["value"],
    }  # fmt: skip
    alone = told["value"]
    told = tell(done(data, first, second))
    assert (told["metric"], told["unit"], told["value"]) == ("wer", "ratio", alone / 2)
    assert told["utterance"]["said"].startswith(f"{MOST_TEXT * 'x'}...")
    assert tell(done(data, first))["value"] == alone  # the next pass begins anew


def test_of_a_private_dataset_there_are_numbers_alone(data: Dataset) -> None:
    secret = replace(data, header=data.header.model_copy(update={"privacy": "hashes"}))
    assert secret.is_private
    told = EventEncoder()(done(secret, heard(secret, 0, CANARY, 1, error=f"ValueError: {CANARY}")))
    assert CANARY not in json.dumps(told)
    assert data.rows[0]["text"] not in json.dumps(told)
    assert told["value"] > 0


def test_other_events_are_told_as_they_are() -> None:
    assert EventEncoder()(Notice("a wheel is built")) == {"event": "notice", "text": "a wheel is built"}
