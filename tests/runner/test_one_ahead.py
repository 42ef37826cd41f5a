"""The next utterance, begun before it is asked for: the same answers, and whatever goes wrong at its own turn."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modellab.errors import CrashError, HangError, ModelError, ProtocolError
from modellab.runner.one_ahead import OneAhead
from modellab.runner.worker import Worker

from .. import tiny
from ..tiny import order, row


class Engine(SimpleNamespace):
    """Writes down what it is asked."""

    def __init__(self) -> None:
        super().__init__(heard=[], begun=[], task="asr", prepared=self)

    def utterance(self, order: dict[str, Any]) -> dict[str, Any]:
        self.heard.append((order["row"]["id"], order.get("preprocessing", "")))
        if order["row"]["id"] == "bad":
            raise ValueError("the decoder lost its way")
        self.begin("asr", order.get("then", ()))
        return {"output": order["row"]["id"]}

    def seed(self, order: dict[str, Any]) -> dict[str, Any]:
        self.heard.append(("seed", order["seed"]))
        return {}

    def begin(self, task: str, rows: Any) -> None:
        self.begun.append((task, [row["id"] for row in rows]))


def asked(name: str, *then: str, **more: Any) -> dict[str, Any]:
    follow = {"then": [{"id": each} for each in then], "go_on": True} if then else {}
    return {"verb": "utterance", "row": {"id": name}, **follow, **more}


@pytest.fixture
def engine() -> Any:
    return Engine()


def test_the_next_row_is_heard_before_it_is_asked_for_and_once(engine: Any) -> None:
    ahead = OneAhead(engine)
    said = []
    for number in range(4):
        following = [str(each) for each in range(number + 1, min(number + 3, 4))]
        said.append(ahead.answer(asked(str(number), *following))["output"])
        ahead.go_on()
        assert len(engine.heard) == min(number + 2, 4)
    assert said == ["0", "1", "2", "3"]
    assert engine.heard == [(name, "") for name in "0123"]
    assert engine.begun == [("asr", each) for each in (["1", "2"], ["2"], ["2", "3"], ["3"], ["3"], [], [])]


def test_nothing_is_begun_where_nobody_says_so(engine: Any) -> None:
    ahead = OneAhead(engine)
    ahead.answer({**asked("a"), "then": [{"id": "b"}]})
    ahead.go_on()
    assert engine.heard == [("a", "")]


@pytest.mark.parametrize(
    "instead",
    [asked("c"), asked("b", preprocessing="denoise"), {**asked("b"), "row": {"id": "b", "text": "other words"}}],
    ids=["row", "chain", "text"],
)
def test_what_was_begun_is_dropped_where_another_is_asked_for(engine: Any, instead: dict[str, Any]) -> None:
    ahead = OneAhead(engine)
    ahead.answer(asked("a", "b"))
    ahead.go_on()
    assert ahead.answer(instead)["output"] == instead["row"]["id"]
    assert engine.heard[2] == (instead["row"]["id"], instead.get("preprocessing", ""))


def test_what_was_begun_before_a_seed_is_no_answer_behind_it(engine: Any) -> None:
    ahead = OneAhead(engine)
    ahead.answer(asked("a", "b"))
    ahead.go_on()
    ahead.answer({"verb": "seed", "seed": 1})
    ahead.go_on()
    ahead.answer(asked("b"))
    assert engine.heard == [("a", ""), ("b", ""), ("seed", 1), ("b", "")]


def test_what_it_raises_is_raised_when_it_is_asked_for(engine: Any) -> None:
    ahead = OneAhead(engine)
    assert ahead.answer(asked("a", "bad", "c"))["output"] == "a"
    ahead.go_on()
    with pytest.raises(ValueError, match="the decoder lost its way"):
        ahead.answer(asked("bad", "c"))
    ahead.go_on()
    assert ahead.answer(asked("c"))["output"] == "c"
    assert [name for name, _ in engine.heard] == ["a", "bad", "c"]


@pytest.mark.parametrize(
    ("does", "error", "told"),
    [
        ("fail", ModelError, "the decoder lost its way"),
        ("segfault", CrashError, "the worker died during 'utterance': killed by SIGSEGV .*"),
        ("hang", HangError, "no answer to 'utterance' within 1 s: the worker was killed"),
        ("fork", ProtocolError, "the model forked during 'utterance', and both processes answer"),
    ],
)
def test_a_model_that_fails_ahead_fails_at_that_row(tmp_path: Path, does: str, error: type, told: str) -> None:
    folder = tiny.write(tmp_path / "tiny")
    opened = Worker(threads=1)
    try:
        opened.ask("load", order(folder, does=does), 60)
        opened.ask("start", {"task": "asr"}, 60)
        good, bad = row(folder, "good"), row(folder)
        assert opened.ask("utterance", {**good, "then": [bad["row"]], "go_on": True}, 60)["output"]["text"]
        with pytest.raises(error, match=told):
            opened.ask("utterance", bad, 1 if does == "hang" else 60)
    finally:
        opened.close()
