"""The pages, as HTTP gives them and as people see them in a browser."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.conftest import Server, project, serving

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from tests.server.browser import QUIET_MS, chromium, visit

GOLDEN = Path(__file__).parents[2] / "golden"
MODEL, OTHER, VOICE = "faster_whisper:lab", "whisper_cpp:lab", "espeak:en-us"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("site"))
    (root / "golden").symlink_to(GOLDEN)
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


def test_files_are_kept_by_browsers_and_no_other_is_given(site: Server) -> None:
    assert "immutable" in fetched(site.address + "/assets/app.css")[1]["cache-control"]
    for name in ("/assets/nothing.js", "/assets/../frame.py", "/assets/%2e%2e/frame.py", "/samples/../../etc/passwd"):
        assert fetched(site.address + name)[0] == 404, name


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
