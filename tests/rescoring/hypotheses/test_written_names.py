"""A row's id as a field of a text file that separates its fields by blanks."""

from __future__ import annotations

from types import ModuleType

import pytest

from modellab.errors import ConfigError
from modellab.rescoring.hypotheses.formats import ctm, kaldi, rttm, stm, trn
from modellab.rescoring.hypotheses.records import Exported
from modellab.types.speech import SpokenTurn


def row(id: str) -> Exported:
    turns = (SpokenTurn(0.0, 1.0, "ann", "so"),)
    return Exported(id, "a.wav", 1.0, 0.1, "so", "so", turns, turns)


@pytest.mark.parametrize("form", [ctm, kaldi, rttm, stm, trn], ids=lambda form: form.NAME)
def test_an_id_with_a_blank_is_a_sentence_that_says_what_to_do(form: ModuleType) -> None:
    with pytest.raises(ConfigError, match=r"^the name 'a call' is empty or has blanks in it: .*: export it as jsonl$"):
        form.write([row("a call")])
    assert any("a-call" in text for text in form.write([row("a-call")]).values())


@pytest.mark.parametrize("form", [ctm, stm], ids=lambda form: form.NAME)
def test_an_id_that_would_be_a_comment_is_refused(form: ModuleType) -> None:
    with pytest.raises(ConfigError, match=r"^the name ';;7' begins like a comment .*: export it as jsonl$"):
        form.write([row(";;7")])
