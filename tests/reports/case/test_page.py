"""The page of one case, from stored results to what a browser finds in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from modellab import audio, datasets
from modellab.reports.case.page import Limits, render
from modellab.results.entry import Entry
from modellab.system.machine import Commit
from modellab.tasks import asr
from modellab.text import get
from modellab.types import Audio, CaseId, QualityBaseline, Status, Utterance, Verdict

from ...make import HEADER, KEY, PROVENANCE, accepted, result, utterance, verdict
from ..pages import NASTY, PLAIN, Seen, check

TEXTS = ["turn on the light", "set a timer", "open the door", "play the music"]
MORE = {
    "time",
    *("html", "head", "meta", "title", "style", "body", "header", "h1", "h2", "h3", "h4", "dl", "dt", "dd", "main"),
    *("article", "details", "summary", "pre", "small", "kbd", "footer", "script", "audio", "img", "a", "ul", "li"),
    *("svg", "defs", "pattern", "rect", "circle", "path", "line", "text", "link"),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A dataset of four clips."""
    rows = [{"id": f"{i:03}", "text": text} for i, text in enumerate(TEXTS)]
    return write(tmp_path / "golden", rows)


def write(golden: Path, rows: list[dict[str, Any]], **header: Any) -> Path:
    folder = golden / KEY.dataset
    folder.mkdir(parents=True, exist_ok=True)
    sound = Audio((0.1 * np.sin(np.arange(32_000) / 5)).astype(np.float32), 16_000)
    audio.write(folder / "clip.flac", sound)
    cases = [{"audio": "clip.flac", "duration_s": 2.0, **row} for row in rows]
    text = yaml.safe_dump({**HEADER, **header, "cases": cases}, sort_keys=False)
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    return golden


def heard(number: int, text: str | None, error: str = "") -> Utterance:
    """Utterance `number` as if the model had said `text`."""
    output = None if text is None else {"text": text, "language": "en", "segments": []}
    case = asr.Sample(f"{number:03}", 2.0, TEXTS[number], TEXTS[number], get("basic"))
    return Utterance(case.id, asr.score(case, output), output, 0.1 + number, 0.1, 2.0, error)


def entry(golden: Path | None, *said: Utterance, **fields: Any) -> Entry:
    """A result on the dataset as it is."""
    digest = datasets.load(golden / KEY.dataset).digest if golden else "sha256:d"
    found = result(said, provenance={**PROVENANCE, "dataset_digest": digest})
    given: dict[str, Any] = {"key": KEY, "status": Status.PASS, "session": "s1", "result": found, **fields}
    return Entry(**given)


def then(golden: Path, *said: Utterance) -> QualityBaseline:
    """These utterances as the baseline, on the dataset as it is."""
    found = accepted(said, dataset_digest=datasets.load(golden / KEY.dataset).digest, date="2026-01-02", reason="first")
    return QualityBaseline(
        found.header, found.counts, {id: (out or {}).get("text") for id, out in found.outputs.items()}
    )


def test_of_several_references_the_page_names_the_one_that_counted(tmp_path: Path) -> None:
    golden = write(tmp_path / "golden", [{"id": "000", "text": TEXTS[0], "references": ["light on please"]}])
    data = datasets.load(golden / KEY.dataset)
    output = {"text": "light on", "language": "en", "segments": []}
    counts = asr.score(asr.read(data.rows[0], data.options), output)
    said = Utterance("000", counts, output, 0.1, 0.1, 2.0)
    assert "held against reference 2 of 2: light on please" in render(entry(golden, said), golden)


def order(page: str) -> list[str]:
    """The utterances from the top."""
    return re.findall(r'<article [^>]*aria-label="utterance ([^"]*)"', page)


def notes(page: str) -> list[str]:
    return [re.sub("<.*?>", "", note).strip() for note in re.findall(r'class="note[^>]*>(.*?)</(?:p|div)>', page, re.S)]


PERFECT = [heard(i, text) for i, text in enumerate(TEXTS)]

# ---------------------------------------------------------------------------- what is on it


def test_the_worst_come_first_with_their_errors_and_sound(golden: Path) -> None:
    said = [PERFECT[0], heard(1, "set the timer"), heard(2, None, "ValueError: lost"), PERFECT[3]]
    page = render(entry(golden, *said, commit=Commit("c0ffee" * 6), verdicts=(verdict(),)), golden, clips=2)
    seen = check(page)
    assert order(page) == ["002", "001", "000", "003"]
    assert '<span class="S" title="substitution"><i>a</i><i>the</i><b>S</b></span>' in page
    assert "ValueError: lost" in notes(page)
    assert [tag for tag, _ in seen.tags].count("audio") == 2
    assert [tag for tag, _ in seen.tags].count("img") == 2
    assert "the first 2 come with sound" in page
    assert "<dt>commit</dt><dd>c0ffeec</dd>" in page
    assert "fake:one on short_v1 PASS" in " ".join(seen.text.split())


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (verdict("insertions"), "REPORTED"),
        (verdict("wer", change=0.0, baseline=0.1, p=0.5), "PASS"),
        (verdict("wer", Status.NEW, why="no baseline"), "NEW"),
        (verdict("insertions", why="2 of 8 utterances, as accepted"), "PASS"),
        (verdict("rtf", kind="speed"), "PASS"),
    ],
)
def test_a_metric_that_nothing_was_compared_with_is_no_pass(golden: Path, given: Verdict, shown: str) -> None:
    page = render(entry(golden, PERFECT[0], verdicts=(given,)), golden)
    row = re.search(rf"<tr><td>{given.metric}</td>.*?</tr>", page, re.DOTALL)
    assert row
    assert re.findall(r'<span class="status [a-z-]+">([^<]+)</span>', row[0]) == [shown]


def test_against_a_baseline_what_got_worse_comes_first(golden: Path) -> None:
    bad = heard(0, "entirely other words here now")
    said = [bad, heard(1, "set the timer"), PERFECT[2], PERFECT[3]]
    page = render(entry(golden, *said), golden, then(golden, bad, *PERFECT[1:]), clips=0)
    assert order(page) == ["001", "000", "002", "003"]
    assert "wer 33.33 % (was 0.00 %)" in page
    assert page.count("differs from what was accepted") == 1
    assert "baseline</dt><dd>2026-01-02 first" in page
    assert "data:audio" not in page


def test_what_it_looks_like_is_said_with_links(golden: Path) -> None:
    said = [PERFECT[0], PERFECT[1], heard(2, "now now now now now now now now"), PERFECT[3]]
    page = render(entry(golden, *said), golden, clips=0)
    assert "<b>hallucination</b> <small>model fault</small> 002: “now now" in page  # the clips are tones
    assert '<a href="#u1">to it</a>' in page
    assert '<td class="right" data-sort="1"><a href="#u1">1</a></td><td>002</td>' in page


def test_a_case_that_is_perfect_says_so_word_by_word(golden: Path) -> None:
    page = render(entry(golden, *PERFECT), golden, clips=0)
    assert notes(page) == []
    assert order(page) == ["000", "001", "002", "003"]
    assert "What it looks like" not in page
    assert not re.search(r'<span class="[SDI]"', page)


def test_the_same_result_gives_the_same_bytes(golden: Path) -> None:
    given = entry(golden, *PERFECT, id="1" * 32, started_at="x", finished_at="y")
    assert render(given, golden) == render(given, golden)


def test_words_are_also_shown_as_written_where_the_normaliser_changed_them(golden: Path) -> None:
    page = render(entry(golden, PERFECT[0], heard(1, "Set THE timer!"), heard(2, "open a door")), golden)
    assert page.count("as written") == 1
    assert "set a timer\nSet THE timer!" in page


def test_times_are_drawn_with_n(golden: Path) -> None:
    page = render(entry(golden, *PERFECT), golden, clips=0)
    assert "Time of the model&#39;s call, N 4" in page
    assert "Real-time factor, call by call, N 4; pooled 0.8" in page


def test_a_text_without_sound_and_times_that_are_not_known(golden: Path) -> None:
    said = [utterance("000", {}, {"text": "turn on the light"}, wall_s=float("nan"), duration_s=0.0)]
    page = render(entry(golden, *said), golden, clips=0)
    assert "of the model&#39;s call" not in page
    assert "wer - (no baseline)" in page


# ---------------------------------------------------------------------------- what is missing


def test_an_error_has_a_page_too(tmp_path: Path) -> None:
    given = Entry(KEY, Status.ERROR, "s1", error="CrashError: <the> worker died\nSignal 11")
    page = render(given, tmp_path)
    assert notes(page) == ["CrashError: &lt;the&gt; worker died\nSignal 11"]


def test_a_changed_dataset_is_told(golden: Path) -> None:
    given = entry(golden, *PERFECT)
    write(golden, [{"id": "000", "text": "another reference"}, {"id": "001", "text": TEXTS[1]}])
    page = render(given, golden, clips=0)
    assert "the dataset has changed since: this result has the digest sha256:" in notes(page)[0]
    assert notes(page)[1] == "2 of 4 utterances are no longer in the dataset"
    assert "<i>another</i>" in page
    assert "output as stored" in page


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("gone_v1", "references and recordings are missing: "),
        ("../golden/short_v1", "is no name of a dataset"),
    ],
)
def test_without_its_dataset_the_outputs_remain(name: str, note: str, golden: Path) -> None:
    given = entry(None, *PERFECT, key=CaseId("asr", name, "fake", "one", "cpu", "float32"))
    page = render(given, golden)
    assert note in notes(page)[0]
    assert "turn on the light" in page


def test_a_recording_that_is_gone_is_told(golden: Path) -> None:
    given = entry(golden, *PERFECT)
    (golden / KEY.dataset / "clip.flac").unlink()
    page = render(given, golden)
    assert "the dataset has changed since" in notes(page)[0]
    assert len(re.findall("recording: no sound: .*clip.flac does not exist", page)) == 4
    assert order(page) == ["000", "001", "002", "003"]


def test_a_recording_that_is_too_long_is_drawn_without_sound(golden: Path) -> None:
    page = render(entry(golden, PERFECT[0]), golden, limits=Limits(sound_bytes=2_000))
    assert "no sound: clip.flac is too long for a page: 2 s do not fit into 2 kB" in page
    assert "data:image/png" in page
    assert "<audio" not in page


def test_a_page_stays_small(golden: Path) -> None:
    page = render(entry(golden, *PERFECT), golden, limits=Limits(players_bytes=20_000))
    assert 0 < page.count("data:audio/") < 4
    assert "no room for more sound in this page" in page


def test_of_many_utterances_the_rest_is_in_the_table(golden: Path) -> None:
    page = render(entry(golden, *PERFECT), golden, clips=0, limits=Limits(detailed=3))
    assert order(page) == ["000", "001", "002"]
    assert "1 more utterances, with less damage" in notes(page)[0]
    assert "<td>003</td>" in page


def test_a_baseline_of_other_data_is_left_out(golden: Path) -> None:
    page = render(entry(golden, *PERFECT), golden, accepted(PERFECT), clips=0)
    assert "the baseline has dataset digest sha256:d and not sha256:" in notes(page)[0]
    assert "(was" not in page


def test_a_task_that_is_not_here(golden: Path) -> None:
    given = entry(golden, *PERFECT, key=CaseId("smell", KEY.dataset, "fake", "one", "cpu", "float32"))
    assert notes(render(given, golden)) == ["no task smell here: its outputs are not shown"]


@pytest.mark.parametrize("output", [{"other": 1}, [1, 2], "text", 5])
def test_an_output_of_another_shape_is_shown_as_it_is(output: Any, golden: Path) -> None:
    page = render(entry(golden, utterance("000", {}, output)), golden, clips=0)
    assert order(page) == ["000"]
    assert "output as stored" in page


# ---------------------------------------------------------------------------- untrusted text


@pytest.mark.parametrize("text", NASTY)
def test_nothing_of_the_data_executes(text: str, tmp_path: Path) -> None:
    safe = "".join(letter for letter in text.encode("utf-8", "replace").decode() if letter.isprintable())
    row = {"id": safe, "text": f"turn on {safe}", "speaker": safe, "condition": safe}
    golden = write(tmp_path / "golden", [row])
    said = utterance(safe, {}, {"text": text, "language": text, "segments": []}, error=text)
    given = entry(
        golden, said, error=text, session=text, weights=text, host=text, commit=Commit("1" * 40, 1, text, True),
        versions={text: text}, settings={text: text}, verdicts=(verdict(why=text),),
    )  # fmt: skip
    page = render(given, golden, then(golden, utterance(safe, {}, {"text": text + "x"})))
    seen = check(page)
    assert {tag for tag, _ in seen.tags} <= PLAIN | MORE
    assert [tag for tag, _ in seen.tags].count("script") == 1
    assert page.count("<style>") == page.count("</style>") == 1
    assert Seen(page).tags == seen.tags


def test_what_the_run_had_to_say_is_on_its_page(golden: Path) -> None:
    page = render(entry(golden, heard(0, TEXTS[0]), notes=("the weights changed", NASTY[0])), golden)
    assert "What the run had to say" in page
    assert "<li>the weights changed</li>" in page
    assert NASTY[0] not in page
    assert "What the run had to say" not in render(entry(golden, heard(0, TEXTS[0])), golden)
