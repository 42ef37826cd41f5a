"""What is told beside the verdicts: whatever else differs between the two sides."""

from __future__ import annotations

from .scripted import Scripted, against, loaded, unneeded, verdicts_of


def test_what_else_differs_is_told() -> None:
    facts = {"weights": "sha256:v", "versions": {"numpy": "2.0", "engine": "0.9", "of no concern": "1"}}
    base = Scripted(output={"text": "something else"})
    _, notes = verdicts_of(against(base, **facts), loaded(Scripted()), unneeded)
    assert notes == [
        "engine is 0.9 in HEAD~1 1a2b3c4 and 1.0 here",
        "the weights are sha256:v in HEAD~1 1a2b3c4 and sha256:w here",
        "HEAD~1 1a2b3c4 said something else in 8 of 8 pairs",
    ]


def test_an_output_in_another_form_is_another_one() -> None:
    _, notes = verdicts_of(against(Scripted(output=["a", "b"])), loaded(Scripted()), unneeded)
    assert notes == ["HEAD~1 1a2b3c4 said something else in 8 of 8 pairs"]


def test_two_equal_sides_need_no_note() -> None:
    assert verdicts_of(against(Scripted()), loaded(Scripted()), unneeded)[1] == []
