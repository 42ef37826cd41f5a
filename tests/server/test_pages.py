"""The pages, as HTTP gives them and as people see them in a browser."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from modellab.results.entry import Entry
from modellab.types import Status
from tests import make
from tests.server.conftest import Server, project, serving
from tests.server.results.conftest import COMMIT, entry, write

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from tests.server.browser import QUIET_MS, chromium, visit

GOLDEN = Path(__file__).parents[2] / "golden"
MODEL, OTHER, VOICE = "faster_whisper:lab", "whisper_cpp:lab", "espeak:en-us"

HOSTILE = "<script>alert(1)</script>"
CANARY = "swordfish"


def private() -> Iterator[Entry]:
    """A result of a private dataset: the ledger has what was said, in an output and in an error."""
    said = (make.utterance("p1", make.asr_counts(1), {"text": CANARY}, error=f"ValueError: {CANARY}"),)
    provenance = {**make.PROVENANCE, "privacy": "hashes 0123abcd"}
    settings = {"privacy": "hashes"}
    key = entry(0).key
    yield entry(241, session="private", settings=settings, result=make.result(said, key=key, provenance=provenance))
    yield entry(242, Status.ERROR, session="private", settings=settings, error=f"RuntimeError: {CANARY}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("site"))
    (root / "golden").symlink_to(GOLDEN)
    write(root / "mlruns", *(entry(number) for number in range(240)))
    write(root / "mlruns", entry(240, Status.REGRESSED, session="hostile", commit=replace(COMMIT, branch=HOSTILE)))
    write(root / "mlruns", *private())
    with serving(root) as up:
        yield up


@pytest.fixture(scope="module")
def browser(site: Server) -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def fetched(address: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {}, error.read()


def test_a_page_lets_nothing_run_or_load_but_what_lies_beside_it(site: Server) -> None:
    status, headers, body = fetched(site.address + "/")
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert len(body) < 300_000
    for name in re.findall(r'(?:src|href)="(/[^"]+)"', body.decode()):
        assert fetched(site.address + name)[0] == 200, name


def test_no_page_says_where_the_project_lies_on_the_machine(site: Server) -> None:
    newest = site.get("/api/v1/results?limit=1&model=m0")[1]["data"][0]
    for path in ("/results", f"/results/{newest['id']}", f"/runs/{newest['session']}", "/findings"):
        status, _, body = fetched(site.address + path)
        assert status == 200
        assert str(site.root) not in body.decode(), path
    for kind, target in ("entry", newest["id"]), ("run", newest["session"]):
        status, share = site.ask("POST", "/api/v1/shares", {kind: target})
        assert status == 201, share
        assert str(site.root) not in fetched(share["url"])[2].decode(), kind


def test_files_are_kept_by_browsers_and_no_other_is_given(site: Server) -> None:
    named = re.search(r'href="(/assets/app.css\?\w+)"', text(site.address + "/"))
    assert named
    assert "immutable" in fetched(site.address + named[1])[1]["cache-control"]
    for name in ("/assets/send.js", "/assets/app.css?of-an-older-version"):  # as a script imports it
        assert fetched(site.address + name)[1]["cache-control"] == "no-cache"
    for name in ("/assets/nothing.js", "/assets/../frame.py", "/assets/%2e%2e/frame.py", "/samples/../../etc/passwd"):
        assert fetched(site.address + name)[0] == 404, name


def text(address: str) -> str:
    return fetched(address)[2].decode()


def test_the_start_page_says_how_the_suite_went_last(site: Server) -> None:
    page = text(site.address + "/")
    newest = site.get("/api/v1/runs?limit=1")[1]["data"][0]
    assert (newest["id"], newest["red"]) == ("private", 1)
    assert re.search(rf'<a href="/runs/private">{newest["cases"]} cases?, 1 red</a>', page)
    assert '<span class="status error">1 ERROR</span>' in page
    assert f'<time datetime="{newest["finished_at"]}">' in page


def test_runs_are_listed_newest_first_in_pages(site: Server) -> None:
    first = text(site.address + "/runs?branch=&commit=")
    assert re.findall(r'href="/runs/(s\d+|\w+)"', first)[:3] == ["private", "hostile", "s00059"]
    older = re.search(r'href="(/runs\?[^"]*cursor=[^"]+)" rel="next"', first)
    assert older
    second = text(site.address + older[1].replace("&amp;", "&"))
    assert re.findall(r'href="/runs/(s\d+)"', second)[-1] == "s00000"
    assert 'rel="next"' not in second
    assert 'href="/runs?' in second or 'href="/runs"' in second


def test_filters_are_in_the_address_and_what_fits_nothing_says_so(site: Server) -> None:
    red = text(site.address + "/runs?red=true")
    assert re.findall(r'href="/runs/(\w+)"', red) == ["private"]
    assert "No run fits" in text(site.address + "/runs?commit=abcdef")
    some = text(site.address + "/results?model=m1&sort=-value")
    assert set(re.findall(r">(m\d:one)<", some)) == {"m1:one"}
    assert "No result fits" in text(site.address + "/results?model=nobody")
    assert fetched(site.address + "/results?sort=sideways")[0] == 400
    assert fetched(site.address + "/runs/nobody")[0] == 404


def test_what_people_and_models_wrote_is_text(site: Server) -> None:
    for path in ("/runs", "/runs/hostile", "/results"):
        page = text(site.address + path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page, path


def test_a_result_has_the_page_of_its_case_among_the_others(site: Server) -> None:
    page = text(site.address + f"/results/{result(site, 'hostile')}")
    assert '<a href="/runs">Runs</a>' in page
    assert "m0:one on short_v1" in page
    assert "<script>alert" not in page


def result(site: Server, session: str) -> str:
    """The id of the first result of a run."""
    return str(site.get(f"/api/v1/runs/{session}")[1]["results"][0]["id"])


def test_nothing_of_a_private_dataset_is_on_any_page(site: Server) -> None:
    paths = ["/", "/runs", "/runs/private", "/results", "/results?dataset=short_v1&status=ERROR"]
    found = [each["id"] for each in site.get("/api/v1/runs/private")[1]["results"]]
    for path in [*paths, *(f"/results/{id}" for id in found)]:
        status, _, body = fetched(site.address + path)
        assert status == 200
        assert CANARY not in body.decode(), path


def test_a_server_without_results_says_what_makes_some(tmp_path: Path) -> None:
    with serving(project(tmp_path)) as up:
        for path in ("/", "/runs"):
            assert "No suite has run here yet" in text(up.address + path)
        for path in ("/results", "/leaderboard", "/slices"):
            assert "No result is stored yet" in text(up.address + path)
        for path in ("/", "/runs", "/results", "/leaderboard", "/slices", "/findings", "/candidates"):
            said = text(up.address + path)
            assert "<code>modellab run -m smoke</code>" in said, path
            assert "<code>modellab init</code>" in said, path
        assert "There is no dataset here yet" in text(up.address + "/workbench")
        assert up.get("/leaderboard.json")[0] == 404


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
@pytest.mark.parametrize(
    "path", ["/runs", "/runs/s00003", "/results", "/results?model=m2", "/findings", "/experiments", "/candidates"]
)
def test_pages_fit_their_window_and_everybody_can_read_them(
    site: Server, browser: Browser, path: str, width: int, scheme: str
) -> None:
    with visit(browser, site.address + path, width, scheme) as page:
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.locator("[aria-current=page]")).to_have_count(int("s00003" not in path))


@pytest.mark.slow
def test_an_experiment_is_begun_compared_and_decided(site: Server, browser: Browser) -> None:
    with visit(browser, site.address + "/experiments") as page:
        page.get_by_label("Name").fill("Is m1 better than m0?")
        page.get_by_label("Hypothesis").fill("m1 makes fewer errors <b>everywhere</b>")
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Is m1 better than m0?")
        expect(page.get_by_text("nothing to compare: 0 of at least two")).to_be_visible()
        page.get_by_label("Members, one a line").fill("m0:one\nm1:one")
        page.get_by_label("What was decided, and why").fill("not enough evidence")
        page.get_by_label("State").select_option("closed")
        page.get_by_role("button", name="Keep").click()
        expect(page.get_by_text("Decided: not enough evidence")).to_be_visible()
        expect(page.get_by_text("m1 makes fewer errors <b>everywhere</b>")).to_be_visible()
        expect(page.locator("#compared")).to_be_visible()
        expect(page.get_by_role("region", name="Quality of both").get_by_text("short_v1").first).to_be_visible()
        page.get_by_label("Members, one a line").fill("m0:one\nm1:one\nm2:one")
        page.get_by_role("button", name="Keep").click()
        ranking = page.get_by_role("region", name="Ranking: asr")
        expect(ranking.get_by_role("row")).to_have_count(4)
        expect(ranking.get_by_role("row").nth(1)).to_contain_text(re.compile(r"1-3\s*a\s*m\d:one"))
        page.get_by_text("3 pairs").click()
        expect(page.get_by_role("region", name="Pairs: asr").get_by_role("row")).to_have_count(4)
        page.get_by_label("Members, one a line").fill("nobody\nm1:one")
        page.get_by_role("button", name="Keep").click()
        expect(page.locator(".note").filter(has_text="nobody")).to_be_visible()


@pytest.mark.slow
def test_a_change_over_somebody_elses_is_refused(site: Server, browser: Browser) -> None:
    data = json.dumps({"name": "Two at once"}).encode()
    asked = urllib.request.Request(f"{site.address}/api/v1/experiments", data, {"content-type": "application/json"})
    with urllib.request.urlopen(asked) as answer:
        id = json.load(answer)["id"]
    context = browser.new_context()
    first, second = context.new_page(), context.new_page()
    for page, decided in ((first, "mine"), (second, "theirs")):
        page.goto(f"{site.address}/experiments/{id}")
        page.get_by_label("What was decided, and why").fill(decided)
    first.get_by_role("button", name="Keep").click()
    expect(first.get_by_text("Decided: mine")).to_be_visible(timeout=QUIET_MS)
    second.get_by_role("button", name="Keep").click()
    expect(second.get_by_role("alert")).to_contain_text("version 2 now, not 1", timeout=QUIET_MS)
    context.close()


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_two_models_hear_a_sample_side_by_side_and_one_speaks(
    site: Server, browser: Browser, width: int, scheme: str
) -> None:
    with visit(browser, site.address + "/", width, scheme) as page:
        page.get_by_label("Model", exact=True).select_option(MODEL)
        page.get_by_label("beside it").select_option(OTHER)
        said = page.get_by_label("Sample").locator("option").first.inner_text()
        page.get_by_role("button", name="Transcribe").click()
        for name in (MODEL, OTHER):
            heard = page.locator("#transcripts article", has_text=name)
            expect(heard.locator(".said")).to_have_text(said, timeout=QUIET_MS)
            expect(heard).to_contain_text("RTF")
        page.get_by_label("Voice").select_option(VOICE)
        page.get_by_role("button", name="Speak").click()
        expect(page.locator("#spoken audio")).to_have_count(1, timeout=QUIET_MS)


@pytest.mark.slow
@pytest.mark.engine
def test_a_file_that_is_no_audio_is_told_in_one_sentence(site: Server, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("no audio at all")
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.address + "/")
    page.get_by_label("File", exact=True).set_input_files(tmp_path / "notes.wav")
    page.get_by_role("button", name="Transcribe").click()
    expect(page.locator("#transcripts .note")).to_contain_text("notes.wav cannot be decoded", timeout=QUIET_MS)
    context.close()
