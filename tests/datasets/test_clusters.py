"""Whose utterances are judged together."""

from __future__ import annotations

from typing import Any

import pytest

from modellab.datasets import Header
from modellab.datasets.clusters import cluster

HEADER = {"task": "asr", "version": 1, "language": "en", "tier": "smoke", "licence": "CC0-1.0", "source": "us"}


@pytest.mark.parametrize(
    ("row", "header", "name"),
    [
        pytest.param({"speaker": 0}, {}, "0", id="speaker 0 is somebody"),
        pytest.param({"speaker": 0}, {"cluster": "speaker"}, "0", id="so it is where speakers are asked for"),
        pytest.param({"recording": 0, "speaker": "ann"}, {}, "0", id="recording 0 goes before a speaker"),
        pytest.param({"recording": "", "speaker": "ann"}, {}, "ann", id="a recording without a name does not"),
        pytest.param({"speaker": None}, {"cluster": "speaker"}, "", id="nobody stands alone"),
        pytest.param({}, {"cluster": "recording"}, "", id="as does who has no name"),
        pytest.param({"speaker": "ann"}, {"cluster": "utterance"}, "", id="and all where the dataset says so"),
        pytest.param({"session": 0}, {"settings": {"reference": "session"}}, "0", id="session 0 is one"),
    ],
)
def test_whose_utterances_are_judged_together(row: dict[str, Any], header: dict[str, Any], name: str) -> None:
    assert cluster(row, Header.model_validate({**HEADER, **header})) == name
