"""`modellab compare`, typed: verdicts, refusals, files, pages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from modellab import datasets
from modellab.results import baselines
from modellab.tasks import asr

from .conftest import Desk
from .finished import KEY, measure

ONE, TWO, THREE = (replace(KEY, model=name) for name in ("one", "two", "three"))
LATER = "2026-12-01T00:00:00.000000+00:00"


@pytest.fixture
def results(desk: Desk) -> Desk:
    """`one` has a word wrong in all eight utterances, `two` and `three` in none."""
    measure(desk, key=ONE, wrong=8, session="first")
    measure(desk, key=TWO, wrong=0, session="first")
    measure(desk, key=THREE, wrong=0, session="first")
    return desk


def said(desk: Desk, *arguments: str) -> str:
    result = desk.type("compare", *arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(desk: Desk, *arguments: str) -> str:
    result = desk.type("compare", *arguments)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1, "one sentence"
    return result.stderr


# ---------------------------------------------------------------------------- two


def test_the_verdict_comes_first(results: Desk) -> None:
    first = said(results, "one", "two", "--alpha", "0.05").splitlines()[0]
    expected = (
        r"B is better: WER 20\.00 % -> 0\.00 %, -20\.00 % \[.*\], p 0\.023 \(Holm over 3\), 8 utterances on short_v1"
    )
    assert re.fullmatch(expected, first)


def test_cases_are_named_as_pytest_shows_them(results: Desk) -> None:
    named = said(results, str(ONE), str(TWO), "--alpha", "0.05")
    assert named.splitlines()[0] == said(results, "one", "two", "--alpha", "0.05").splitlines()[0]


def test_the_other_way_round_a_is_better(results: Desk) -> None:
    assert said(results, "two", "one", "--alpha", "0.05").startswith("A is better: WER 0.00 % -> 20.00 %")


def test_without_evidence_nothing_is_told(results: Desk) -> None:
    output = said(results, "one", "two")  # p 0.023 against 0.01
    assert output.startswith("no difference can be told: WER 20.00 % -> 0.00 %")
    assert "cannot tell" in output


def test_two_sessions_of_one_model_are_the_same(results: Desk) -> None:
    measure(results, key=ONE, wrong=8, session="second", finished_at=LATER)
    output = said(results, "one@first", "one@second")
    assert output.startswith("no difference: WER 20.00 % in both, all 8 utterances on short_v1 score the same")
    assert "is better" not in output


def test_the_changed_utterances_are_shown_over_their_reference(results: Desk) -> None:
    output = said(results, "one", "two", "--worst", "1")
    assert "B is better in 8 utterances, the 1 most:" in output
    block = output[output.index("    ref  ") :].splitlines()[:4]
    assert [line.split()[0] for line in block] == ["ref", "A", "S", "B"]


def test_error_classes_and_their_note(results: Desk) -> None:
    output = said(results, "one", "two")
    assert re.search(r"^substitutions +- +8 +0 +200\.00 +0\.00", output, re.MULTILINE)
    assert "names cannot be told" in output


def test_a_metric_of_ones_own_choice(results: Desk) -> None:
    output = said(results, "one", "two", "--metric", "wil", "--metric", "cer")
    assert "WIL" in output.splitlines()[0]
    assert not re.search(r"^short_v1 +wer", output, re.MULTILINE)


def test_against_the_baseline_in_a_fresh_clone(desk: Desk) -> None:
    entry = measure(desk, wrong=2)
    assert entry.result is not None
    baselines.save(desk.root / "baselines", asr, [entry.result], "the first", "2026-11-21")
    measure(desk, wrong=0, session="s2", finished_at=LATER)
    output = said(desk, "fake@baseline", "fake")
    assert "WER 5.00 % -> 0.00 %" in output
    assert "B is better in 2 utterances" in output


# ---------------------------------------------------------------------------- many


def test_three_are_ranked_with_their_ties(results: Desk) -> None:
    output = said(results, "one", "two", "three", "--alpha", "0.05")
    assert output.startswith("asr: three:one/cpu-float32 has the best WER, 0.00 %")
    assert "two:one/cpu-float32 cannot be told from it (8 utterances, Holm over 2 pairs)" in output
    ranks = re.findall(r"^(\S+) +([ab]+) +(\w+):one", output, re.MULTILINE)
    assert ranks == [("1-2", "a", "three"), ("1-2", "a", "two"), ("3", "b", "one")]


def test_one_spec_of_several_systems_is_a_ranking(results: Desk) -> None:
    assert said(results, "@latest") == said(results, "one", "two", "three")


# ---------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"normaliser": "none@1#2"}, "differ in the normaliser (basic@2#"),
        ({"dataset_digest": "sha256:e"}, "differ in the content of short_v1"),
    ],
)
def test_what_would_be_unfair_is_refused_with_the_reason(desk: Desk, changes: dict[str, str], reason: str) -> None:
    measure(desk, key=ONE, session="s1")
    measure(desk, key=TWO, session="s1", **changes)
    assert reason in refused(desk, "one", "two")
    assert reason in refused(desk, "one", "two", "one@s1")


def test_rescore_scores_both_alike(desk: Desk) -> None:
    measure(desk, key=ONE, wrong=8)
    measure(desk, key=TWO, wrong=0, normaliser="none@1#2")
    assert "--rescore" in refused(desk, "one", "two")
    assert "WER 20.00 % -> 0.00 %" in said(desk, "one", "two", "--rescore")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("one", "tow"), "there are no results of 'tow'"),
        (("one", "one"), "one and one are the same results"),
        (("one", "two", "--task", "ars"), "one has no results of the task 'ars': did you mean asr?"),
        (("one", "two", "--dataset", "short"), "did you mean short_v1?"),
        (("one", "two", "--metric", "were"), "asr has no metric 'were': did you mean wer?"),
        (("one", "two", "--json", "-", "--markdown", "-"), "cannot both be printed"),
        (("one",), "one is one system: name another one to compare it with"),
    ],
)
def test_what_is_misspelt_is_one_sentence(results: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    assert sentence in refused(results, *arguments)


def test_a_dataset_that_changed_since_shows_numbers_and_no_texts(results: Desk) -> None:
    path = results.root / "golden" / "short_v1" / "dataset.yaml"
    path.write_text(path.read_text().replace("garden door", "garden gate"))
    datasets.write_digest(path.parent)
    output = said(results, "one", "two")
    assert "WER 20.00 % -> 0.00 %" in output
    assert "short_v1 is another one now" in output
    assert "    ref  " not in output


# ---------------------------------------------------------------------------- files


def test_json_has_every_number(results: Desk) -> None:
    data = json.loads(said(results, "one", "two", "--json", "-"))
    (pair,) = data["duels"]
    wer = pair["quality"][0]
    assert (wer["metric"], wer["n"], wer["wins"], wer["p"]) == ("wer", 8, 8, 2 / 2**8)
    assert wer["interval"][0] < wer["change"] < wer["interval"][1]
    assert pair["most_changed"][0]["reference"].split()[1:] == pair["most_changed"][0]["a_said"].split()[1:]


def test_markdown_is_a_table_for_each(results: Desk) -> None:
    output = said(results, "one", "two", "--markdown", "-")
    assert "| short\\_v1 | wer | 20.00 % | 0.00 % |" in output
    assert output.count("<details>") == output.count("</details>") == 1


@pytest.mark.parametrize("specs", [("one", "two"), ("one", "two", "three")])
def test_the_same_comparison_has_the_same_bytes(results: Desk, specs: tuple[str, ...]) -> None:
    files = [results.root / name for name in ("x.json", "x.md", "x.html")]
    made = []
    for _ in range(2):
        options = zip(("--json", "--markdown", "--html"), map(str, files), strict=True)
        text = said(results, *specs, *(word for pair in options for word in pair))
        made.append([text, *(file.read_bytes() for file in files)])
    assert made[0] == made[1]


# ---------------------------------------------------------------------------- the page


class Page(HTMLParser):
    """What a browser makes of a page: its elements, and whether they are closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "input", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def page(desk: Desk, *arguments: str) -> Page:
    said(desk, *arguments, "--html", "x.html")
    return Page(Path("x.html").read_text(encoding="utf-8"))


def test_each_changed_utterance_is_on_the_page_with_one_recording_and_two_sides(results: Desk) -> None:
    found = page(results, "one", "two")
    assert len(found.all("article")) == 8
    assert len(found.all("audio")) == 8
    sides = [each["data-side"] for each in found.all("section")]
    assert sides == ["A", "B"] * 8
    assert {each["data-swap"] for each in found.all("article")} == {"0", "1"}


def test_sound_has_a_limit(results: Desk) -> None:
    assert page(results, "one", "two", "--sound-mb", "0").all("audio") == []
    assert 0 < len(page(results, "one", "two", "--sound-mb", "0.01").all("audio")) < 8


def test_a_ranking_has_a_page_too(results: Desk) -> None:
    found = page(results, "one", "two", "three")
    assert len([each for each in found.all("div") if each.get("class") == "row"]) == 3
    assert found.all("article") == []


def test_nothing_that_a_model_says_is_executed(desk: Desk) -> None:
    evil = "<script>alert(1)</script> </pre> | `x` {{ 7*7 }} \x1b[31m"
    for key, wrong in ((ONE, 0), (TWO, 8)):
        entry = measure(desk, key=key, wrong=wrong, session="old")
        assert entry.result is not None
        items = tuple(
            replace(item, output={**item.output, "text": evil} if wrong else item.output, error=evil if i == 3 else "")
            for i, item in enumerate(entry.result.utterances)
        )
        measure(desk, key=key, session="new", finished_at=LATER, result=replace(entry.result, utterances=items))
    found = page(desk, "one", "two")
    assert len(found.all("script")) == 1
    text = Path("x.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    document = said(desk, "one", "two", "--markdown", "-")
    assert not re.search(r"^<script>|\n```.*\n.*```x", document)


@pytest.mark.parametrize("form", ["--html", "--json", "--markdown"])
def test_a_full_disk_is_named_with_the_file(results: Desk, form: str) -> None:
    assert refused(results, "one", "two", form, "/dev/full") == (
        "modellab: /dev/full cannot be written (No space left on device)\n"
    )


def test_nothing_that_a_result_holds_takes_effect_on_a_terminal(desk: Desk) -> None:
    measure(desk, key=ONE, versions={"lib": "\x1b[31mred\x1b[0m \u202eevil\n::error::x \ud800"})
    measure(desk, key=TWO, versions={"lib": "2.0"})
    assert "lib ␛[31mred␛[0m ⟨U+202E⟩evil ::error::x \ufffd -> " in said(desk, "one", "two")


def test_one_changed_utterance_is_one(desk: Desk) -> None:
    measure(desk, key=ONE, wrong=1)
    measure(desk, key=TWO, wrong=0)
    assert "\nB is better in 1 utterance:\n" in said(desk, "one", "two")
