"""Replies that the engine cannot have written are an error that names utterance and field."""

from __future__ import annotations

import math
from typing import Any

import pytest

from modellab.errors import ProtocolError
from modellab.runner import reply

ROW = {"id": "u1"}
GOOD = {"output": {"text": "a"}, "wall_s": 0.1, "cpu_s": 0.1, "gpu_s": math.nan, "given_s": 1.5}


def test_what_the_engine_writes_is_taken() -> None:
    for more in ({}, {"given_s": None}, {"gpu_s": 0.05}, {"output": None}, {"preprocessing": "agc"}, {"wall_s": 0}):
        assert reply.checked({**GOOD, **more}, ROW)["output"] == {**GOOD, **more}["output"]
    older = {name: value for name, value in GOOD.items() if name not in {"gpu_s", "given_s"}}
    assert reply.checked(older, ROW) == older


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"wall_s": "x"}, r"a str \('x'\) as wall_s, expected seconds"),
        ({"wall_s": None}, "None as wall_s"),
        ({"wall_s": math.nan}, "as wall_s"),
        ({"wall_s": 1e300}, "as wall_s"),
        ({"cpu_s": True}, "as cpu_s"),
        ({"gpu_s": [1]}, "as gpu_s"),
        ({"given_s": "x"}, "as given_s, expected seconds of audio"),
        ({"given_s": -1}, "as given_s"),
        ({"given_s": math.nan}, "as given_s"),
    ],
)
def test_a_wrong_field_is_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ProtocolError, match=f"reply to utterance .u1. .*{said}"):
        reply.checked({**GOOD, **wrong}, ROW)


def test_an_output_has_to_be_there() -> None:
    with pytest.raises(ProtocolError, match="has no output"):
        reply.checked({"wall_s": 0.1}, ROW)
