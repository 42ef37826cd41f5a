"""The tutorial, followed from an empty folder to its end, and the page that goes on where it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from . import examples

DOCS = Path(__file__).parents[1] / "docs"


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.engine
def test_the_tutorial_leads_where_it_says(tmp_path: Path) -> None:
    environment = {"COLUMNS": "200", "NO_COLOR": "1", "MODELLAB_CACHE": str(tmp_path / "cache")}
    suite = tmp_path / "first-suite"
    suite.mkdir()
    assert examples.follow(page("tutorial.md"), suite, environment) == 15
    assert examples.follow(page("pick-a-model.md"), suite, environment) == 4
    assert (suite / "baselines" / "lifecycle" / "mine.yaml").is_file()
    assert (suite / "report.html").is_file()


def test_the_tutorial_has_ten_steps() -> None:
    assert [f"## {number}. " in page("tutorial.md") for number in range(1, 12)] == [True] * 10 + [False]


def test_what_an_example_shows_has_to_come_in_order() -> None:
    said = "wrote a\nmodel   WER\nmine    0.00 % - 0.07\n"
    assert examples.missing(("wrote a", "...", "mine  0.00 % ..."), said) == []
    assert examples.missing(("mine 0.00 % ...", "wrote a"), said) == ["wrote a"]
    assert examples.missing(("mine 0.10 % ...",), said) == ["mine 0.10 % ..."]


def test_what_a_page_tells_its_reader_to_do() -> None:
    text = "`a/b.txt`:\n\n```text\nhello\n```\n\n```console\n$ cat a/b.txt  # exit status 3\nhello\n$ true\n```\n"
    text += "\n```console no-run\n$ rm -r /\n```\n"
    assert list(examples.steps(text)) == [
        ("a/b.txt", "hello\n"),
        examples.Command("cat a/b.txt  # exit status 3", 3, ("hello",)),
        examples.Command("true", 0, ()),
    ]


def test_an_example_that_does_not_hold_is_found(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="goodbye"):
        examples.follow("```console\n$ echo goodbye\nhello\n```\n", tmp_path, {})
    with pytest.raises(AssertionError, match="false"):
        examples.follow("```console\n$ false\n```\n", tmp_path, {})
