"""The progress line: who sees it, and what it says."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from modellab.reports.scorecard import progress
from modellab.reports.scorecard.progress import Progress, watch
from modellab.runner.events import UtteranceDone
from modellab.types import Ratio

from ...make import utterance


class FakeCapture:
    """pytest's capture manager."""

    def global_and_fixture_disabled(self) -> AbstractContextManager[None]:
        return nullcontext()


def config(terminal: Any) -> Any:
    plugins = {"terminalreporter": terminal, "capturemanager": FakeCapture()}
    return SimpleNamespace(pluginmanager=SimpleNamespace(getplugin=plugins.get))


@pytest.mark.parametrize(
    ("terminal", "ci", "watched"),
    [
        (SimpleNamespace(isatty=True), "", True),
        (SimpleNamespace(isatty=True), "true", False),
        (SimpleNamespace(isatty=False), "", False),
        (None, "", False),
    ],
    ids=["a terminal", "CI", "a file", "an xdist worker"],
)
def test_only_who_watches_sees_it(monkeypatch: pytest.MonkeyPatch, terminal: Any, ci: str, watched: bool) -> None:
    monkeypatch.setenv("CI", ci)
    assert (watch(config(terminal)) is not None) is watched


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ([Ratio(1.0, 10.0)], "case: utterance 1 of 5, wer 10.00 %"),
        ([Ratio(1.0, 10.0), Ratio(3.0, 10.0)], "case: utterance 2 of 5, wer 20.00 %"),
        ([Ratio(0.0, 0.0)], "case: utterance 1 of 5, wer -"),
    ],
)
def test_the_line(counts: list[Ratio], says: str) -> None:
    line = Progress(FakeCapture())
    said = [utterance(str(i), {"wer": share, "cer": Ratio(9.0)}) for i, share in enumerate(counts)]
    assert line.text(UtteranceDone("case", len(said), 5, said), now=1.0).strip().startswith(says)


def test_the_time_left_is_that_of_the_utterances_since_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([100.0, 104.0])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    line = Progress(FakeCapture())
    said = [utterance("a", {"wer": Ratio(0.0, 1.0)})]
    line(UtteranceDone("case", 1, 5, said))
    line(UtteranceDone("case", 3, 5, said * 3))
    assert "left" not in line.text(UtteranceDone("case", 1, 5, said), now=100.0), "of one utterance nobody can tell"
    assert line.text(UtteranceDone("case", 3, 5, said), now=104.0).endswith("4 s left"), (
        "two calls took 4 s, two are left"
    )


def test_it_is_shown_now_and_then_and_wiped_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = iter([100.0, 100.1, 101.0, 101.1])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    line = Progress(FakeCapture())
    said = [utterance("a", {"wer": Ratio(0.0, 1.0)})]
    shown = []
    for done in range(1, 5):
        line(UtteranceDone("case", done, 4, said * done))
        shown.append(capsys.readouterr().out)
    assert ["utterance" in text for text in shown] == [True, False, True, False]
    assert shown[1] == "", "too soon"
    assert shown[3] != "", "wiped"
