"""Listening tests over HTTP and in a browser: somebody makes one, people take part, the page says what they found."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import expect

from modellab import audio
from modellab.results.entry import Entry
from modellab.server.listening import blocks
from modellab.server.listening.records import ListeningTests
from modellab.types import Audio, CaseId
from tests import make
from tests.server.browser import QUIET_MS, chromium, visit
from tests.server.conftest import Server, project, serving
from tests.server.listening import people
from tests.server.results.conftest import entry, write
from tests.server.test_document_answers import check

RATE_HZ = 16_000
ITEMS = 24
LIKING = {0: 2.2, 1: 3.9}


def spoken(mlruns: Path, model: str, level: float, number: int, **changes: Any) -> Entry:
    """A result whose sounds lie in the project's saved audio, all as loud as `level`."""
    key = CaseId("tts", "short_v1", model, "one", "cpu", "float32")
    folder = mlruns / "audio" / "s1" / model
    folder.mkdir(parents=True)
    said = []
    for place in range(ITEMS):
        path = folder / f"u{place}.flac"
        random = np.random.default_rng([number, place])
        samples = level * random.standard_normal(RATE_HZ // 2).clip(-3, 3)
        audio.write(path, Audio(samples.astype(np.float32), RATE_HZ))
        output = {"audio": {"audio": str(path), "rate_hz": RATE_HZ, "duration_s": 0.5}}
        said.append(make.utterance(f"u{place}", make.asr_counts(0), output))
    return entry(number, key=key, session="s1", result=make.result(tuple(said), key=key), **changes)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("listening"))
    mlruns = root / "mlruns"
    write(mlruns, spoken(mlruns, "quiet", 0.01, 1), spoken(mlruns, "loud", 0.2, 2), entry(3))
    write(mlruns, spoken(mlruns, "middle", 0.05, 5))
    secret = {"privacy": "hashes"}
    write(mlruns, spoken(mlruns, "secret", 0.1, 4, settings=secret))
    with serving(root) as up:
        yield up


def ids(site: Server, *models: str) -> list[str]:
    found = site.get("/api/v1/results?task=tts")[1]["data"]
    return [next(each["id"] for each in found if each["model"] == model) for model in models]


def made(site: Server, **more: Any) -> dict[str, Any]:
    asked = {"name": "quiet or loud", "entries": ids(site, "quiet", "loud"), "items": ITEMS, "per_rater": 12, **more}
    status, said = site.ask("POST", "/api/v1/listening-tests", asked)
    assert status == 201, said
    return dict(said)


def trials(site: Server, test: str) -> Any:
    tests = ListeningTests(site.root / "mlruns")
    found = tests.get("default", test)
    return found, lambda rater: blocks.trials(found, tests.rater(found, rater)[0])


@pytest.mark.parametrize("kind", ["acr", "ab", "mushra"])
def test_people_judge_what_models_said_and_the_numbers_say_so(site: Server, kind: str) -> None:
    reference = {"reference": ids(site, "middle")[0], "per_rater": 16} if kind == "mushra" else {}
    said = made(site, kind=kind, **reference)
    test, asked = trials(site, said["id"])
    assert site.get(f"/api/v1/listening-tests/{said['id']}")[1]["results"]["why_not"].startswith("not enough yet")
    for number in range(8):
        last = people.take_part(said["url"], asked, people.listener(test, LIKING, number))
        assert "your" in last
        assert "answers are kept" in last
    same = "50 50 50 50"
    people.take_part(said["url"], asked, lambda each: same if each.trial.reference else each.answers[0])
    results = site.get(f"/api/v1/listening-tests/{said['id']}")[1]["results"]
    assert results["raters"] == 8
    assert results["raters_begun"] == 9
    assert sum(each["raters"] for each in results["left_out"]) == 1
    assert [each["name"] for each in results["systems"]][:2] == ["loud:one", "quiet:one"]
    assert results["pairs"][0]["differs"]
    page = urllib.request.urlopen(f"{site.address}/listening/{said['id']}").read().decode()
    assert "loud:one is better" in page
    assert "loud:one" in urllib.request.urlopen(f"{site.address}/findings").read().decode()


def test_its_answers_are_what_the_document_says(site: Server) -> None:
    document, said = site.get("/openapi.json")[1], made(site)
    base = "/api/v1/listening-tests"
    check(document, "POST", base, 201, said)
    check(document, "GET", base, 200, site.get(base)[1])
    check(document, "GET", f"{base}/{{test}}", 200, site.get(f"{base}/{said['id']}")[1])
    check(document, "POST", f"{base}/{{test}}/close", 200, site.ask("POST", f"{base}/{said['id']}/close")[1])


def test_all_clips_are_equally_loud_and_kept(site: Server) -> None:
    test, _ = trials(site, made(site)["id"])
    levels = []
    for clip in test.items[0].clips:
        with urllib.request.urlopen(f"{site.address}/api/v1/blobs/{clip.blob}") as answer:
            (site.root / "clip.flac").write_bytes(answer.read())
        samples, _rate = soundfile.read(site.root / "clip.flac")
        levels.append(float(np.sqrt(np.mean(samples**2))))
    assert levels[0] == pytest.approx(levels[1], rel=0.05)
    assert site.ask("DELETE", f"/api/v1/blobs/{test.anchor.blob}")[0] == 409, "a test needs it"


def test_headphones_are_needed_to_hear_which_tone_is_quiet(site: Server) -> None:
    test, _ = trials(site, made(site)["id"])
    assert sorted(each.quietest for each in test.tones) == [1, 2, 3]
    for tones in test.tones:
        with urllib.request.urlopen(f"{site.address}/api/v1/blobs/{tones.clip.blob}") as answer:
            (site.root / "tones.flac").write_bytes(answer.read())
        samples, rate_hz = soundfile.read(site.root / "tones.flac")
        parts = [samples[round(1.5 * i * rate_hz) :][:rate_hz] for i in range(3)]
        at_ears = [float(np.abs(part).max()) for part in parts]
        in_the_room = [float(np.abs(part.sum(axis=1)).max()) for part in parts]
        assert int(np.argmin(at_ears)) + 1 == tones.quietest
        assert int(np.argmin(in_the_room)) + 1 != tones.quietest


def test_a_rater_can_go_back_and_come_back(site: Server) -> None:
    said = made(site)
    test, asked = trials(site, said["id"])
    address = people.begun(said["url"])
    rater = address.rpartition("/")[2]
    about = asked(rater)
    assert 'value="0"' in people.page(address)
    people.say(address, 0, "1", [5.0])
    people.say(address, 0, "2", [5.0])
    assert [vote.score for vote in ListeningTests(site.root / "mlruns").raters_and_votes(test.id)[1]] == [1.0], (
        "the first holds"
    )
    assert 'name="place" value="1"' in people.page(address)
    clip = urllib.request.urlopen(f"{address}/{len(about) - 1}/0")
    assert clip.headers["Content-Type"] == "audio/flac"
    assert "filename" not in clip.headers["Content-Disposition"]
    for model in ("quiet:one", "loud:one", "or loud"):
        assert model not in people.page(address), "nobody is told who speaks"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"entries": []}, "expected at least 1 different results, got 0: choose some with sound"),
        ({"kind": "ab", "entries": ["quiet"]}, "expected at least 2 different results, got 1"),
        ({"entries": ["nobody"]}, "there is no result 'nobody' here"),
        ({"entries": ["secret", "quiet"]}, "what is private is not played to people who have a link"),
        ({"entries": ["quiet", "asr"]}, "expected results of one task with one dataset"),
        ({"entries": ["asr"]}, "no sentence has a sound of each of these results"),
        ({"kind": "mushra"}, "a MUSHRA test needs a reference"),
        ({"kind": "mushra", "reference": "quiet"}, "the reference is among the results that are judged"),
        ({"kind": "mushra", "reference": "recordings"}, "no sentence of the dataset has a recording"),
        ({"kind": "mushra", "reference": "nobody"}, "there is no result 'nobody' here"),
        ({"kind": "mushra", "reference": "secret"}, "what is private is not played"),
        ({"items": 0}, "greater than or equal to 1"),
        ({"name": ""}, "name is empty"),
    ],
)
def test_what_cannot_be_a_test_is_told_in_a_sentence(site: Server, changes: dict[str, Any], sentence: str) -> None:
    known = {model: ids(site, model)[0] for model in ("quiet", "loud", "secret")}
    known["asr"] = site.get("/api/v1/results?task=asr")[1]["data"][0]["id"]
    asked = {"name": "n", "entries": ["quiet", "loud"], **changes}
    asked["entries"] = [known.get(each, each) for each in asked["entries"]]
    asked["reference"] = known.get(asked.get("reference", ""), asked.get("reference", ""))
    status, said = site.ask("POST", "/api/v1/listening-tests", asked)
    assert status in (400, 404, 409)
    assert sentence in said["error"]["message"]


def test_wrong_links_and_answers_are_refused(site: Server) -> None:
    said = made(site)
    link = said["url"].removeprefix(site.address)
    assert site.get("/listen/nothing")[0] == 404
    assert site.get(f"{link}/nobody")[0] == 404
    rater = people.begun(said["url"]).removeprefix(site.address)
    assert site.get(f"{rater}/99/0")[0] == 404
    for place, answer in (99, "1"), (0, "6"), (0, "<script>"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            people.say(site.address + rater, place, answer, [0.0])
        assert refused.value.code == 400
        assert json.loads(refused.value.read())["error"]["message"]
    assert site.ask("POST", f"/api/v1/listening-tests/{said['id']}/close")[1]["state"] == "closed"
    assert site.get(link)[0] == 410
    assert site.get(rater)[0] == 410
    assert site.get(f"/api/v1/listening-tests/{said['id']}")[1]["results"]["raters_begun"] == 1, "votes stay"


@pytest.mark.slow
def test_in_a_browser_a_clip_has_to_be_heard_out(site: Server) -> None:
    with chromium() as browser:
        with visit(browser, f"{site.address}/listening") as page:
            for model in ("quiet", "loud"):
                page.get_by_label(f"{model}:one short_v1").check()
            page.get_by_label("Name").fill("in a browser")
            page.get_by_label("check for headphones").uncheck()
            page.get_by_role("button", name="Make the test").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("in a browser", timeout=QUIET_MS)
            link = page.get_by_role("link", name="/listen/").get_attribute("href")
            assert link
        with visit(browser, link, width=400, scheme="dark") as page:
            page.get_by_role("button", name="Begin").click()
            expect(page.get_by_text("Question 1 of")).to_be_visible(timeout=QUIET_MS)
            following = page.get_by_role("button", name="Next")
            expect(following).to_be_disabled(timeout=QUIET_MS)
            page.locator("audio").evaluate("clip => clip.play()")
            expect(following).to_be_enabled(timeout=QUIET_MS)
            page.get_by_label("4 Good").check()
            following.click()
            expect(page.get_by_text("Question 2 of")).to_be_visible(timeout=QUIET_MS)
            page.reload()
            expect(page.get_by_text("Question 2 of")).to_be_visible(timeout=QUIET_MS)
        with visit(browser, f"{site.address}/listening") as page:
            page.get_by_role("link", name="in a browser").click()
            expect(page.get_by_text("There are no numbers: not enough yet")).to_be_visible(timeout=QUIET_MS)
    tests = ListeningTests(site.root / "mlruns")
    newest = tests.every("default")[0]
    (vote,) = tests.raters_and_votes(newest.id)[1]
    assert (vote.part, vote.score) == ("training", 4.0)
    assert vote.played_s[0] >= 0.95 * vote.duration_s[0]
    assert vote.latency_s > 0


@pytest.mark.slow
def test_in_a_browser_all_conditions_run_at_once(site: Server) -> None:
    said = made(site, kind="mushra", reference=ids(site, "middle")[0], needs_headphones=False)
    with chromium() as browser, visit(browser, said["url"], width=400, scheme="dark") as page:
        page.get_by_role("button", name="Begin").click()
        following = page.get_by_role("button", name="Next")
        expect(page.get_by_text("Listen to the reference and to each of the others first.")).to_be_visible()
        reference = page.get_by_role("button", name="Reference")
        reference.click()
        expect(reference).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_label("Position")).not_to_have_value("0")
        page.get_by_role("button", name="Play A").click()
        expect(reference).to_have_attribute("aria-pressed", "false")
        assert float(page.get_by_label("Position").input_value()) > 0, "the same place goes on"
        sliders = page.get_by_role("slider", name="Score of")
        assert sliders.count() == 4, "two systems, the hidden reference, the anchor"
        for number in range(4):
            sliders.nth(number).focus()
            if number:
                page.keyboard.press("Space")
            expect(page.get_by_role("button", name="Play").nth(number)).to_have_attribute("aria-pressed", "true")
            expect(page.get_by_role("button", name="Play").nth(number)).to_have_attribute("data-heard", "yes")
            page.keyboard.press("r")
            expect(reference).to_have_attribute("aria-pressed", "true")
            for _ in range(number + 1):
                page.keyboard.press("PageUp")
            page.keyboard.press("ArrowRight")
        expect(following).to_be_enabled()
        following.press("Enter")
        expect(page.get_by_text("Question 2 of")).to_be_visible()
    kept = ListeningTests(site.root / "mlruns").raters_and_votes(said["id"])[1]
    by_place = {vote.systems[0]: vote for vote in kept}
    assert sorted(by_place) == [0, 1, 2, 3]
    assert sorted(vote.score for vote in kept) == [11.0, 21.0, 31.0, 41.0]
    assert all(vote.played_s[0] >= 0.95 * vote.duration_s[0] for vote in kept), "half a second each"
