"""The frame of all pages: around a refusal, and around the page of a case."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.server.conftest import Server, project, serving
from tests.server.results.conftest import entry, write

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, expect

from tests.server.browser import QUIET_MS, chromium, visit


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("site"))
    write(root / "mlruns", *(entry(number) for number in range(4)))
    with serving(root) as up:
        yield up


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def asked_by(address: str, accept: str, method: str = "GET") -> tuple[int, str, str]:
    """(status, content type, body) for a client that accepts something."""
    asked = urllib.request.Request(address, headers={"Accept": accept}, method=method)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return answer.status, answer.headers["content-type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["content-type"], error.read().decode()


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "status", "said", "back"),
    [
        ("/runs/nobody", 404, "There is no run &#39;nobody&#39; here.", '<a class="button" href="/runs">Runs</a>'),
        ("/nowhere/<b>", 404, "There is no page at /nowhere/&lt;b&gt;.", '<a class="button" href="/">Try it</a>'),
        ("/results?sort=sideways", 400, ">sort: input should be", '<a class="button" href="/results">Results</a>'),
        ("/results/x/history", 404, "There is no result &#39;x&#39; here.", 'href="/results">Results</a>'),
        ("/s/none", 404, "There is no share of that link.", ""),
    ],
)
def test_a_refusal_is_a_page_for_people_and_json_for_programs(
    site: Server, path: str, status: int, said: str, back: str
) -> None:
    address = site.address + path.replace("<", "%3C").replace(">", "%3E")
    found, kind, page = asked_by(address, BROWSER)
    assert (found, kind) == (status, "text/html; charset=utf-8")
    assert said in page
    assert back in page
    assert '<nav class="rooms"' in page
    found, kind, body = asked_by(address, "*/*")
    assert (found, kind) == (status, "application/json")
    assert json.loads(body)["error"]["message"]


def test_a_program_gets_json_whatever_it_accepts(site: Server) -> None:
    for path in ("/api/v1/runs/nobody", "/v1/models/nobody", "/api/nothing"):
        status, kind, body = asked_by(site.address + path, BROWSER)
        assert (status, kind) == (404, "application/json"), path
        assert json.loads(body)["error"]


def test_a_form_that_is_sent_to_the_wrong_place_gets_a_page(site: Server) -> None:
    status, kind, page = asked_by(site.address + "/runs", BROWSER, "POST")
    assert (status, kind) == (405, "text/html; charset=utf-8")
    assert "/runs takes no POST" in page


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_page_that_is_not_there_leads_to_those_that_are(
    site: Server, browser: Browser, width: int, scheme: str
) -> None:
    with visit(browser, site.address + "/workbench/nothing", width, scheme, refused=404) as page:
        expect(page.get_by_role("alert")).to_contain_text("404")
        page.get_by_role("main").get_by_role("link", name="Workbench").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Workbench")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_page_of_a_case_has_the_frame_of_the_others(
    site: Server, browser: Browser, width: int, scheme: str
) -> None:
    id = site.get("/api/v1/results?limit=1")[1]["data"][0]["id"]
    with visit(browser, site.address + f"/results/{id}", width, scheme) as page:
        page.get_by_text("in a table").click()
        page.locator("table.sortable thead th").first.click()
        expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
        expect(page.locator("link[rel=stylesheet]")).to_have_count(1)
        page.get_by_role("link", name="Its run").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Run s00000")


@pytest.mark.slow
def test_every_chart_and_table_has_a_link_and_a_share_that_opens_at_it(site: Server, browser: Browser) -> None:
    id = site.get("/api/v1/results?limit=1")[1]["data"][0]["id"]
    with visit(browser, f"{site.address}/results/{id}") as page:
        link = page.get_by_role("link", name="Link to Utterances")
        link.focus()
        expect(link).to_have_css("opacity", "1")
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{site.address}/results/{id}#utterances")
        page.get_by_role("link", name="Share this result").click()
        expect(page.get_by_text("#utterances")).to_be_visible()
        page.get_by_role("button", name="Share", exact=True).click()
        expect(page.get_by_label("Its link")).to_be_visible(timeout=QUIET_MS)
        shared = page.get_by_label("Its link").input_value()
        assert shared.endswith("#utterances")
        page.goto(shared)
        expect(page.locator("#utterances")).to_be_in_viewport()
    with visit(browser, f"{site.address}/results/{id}/history#results") as page:
        for name in ("Link to Results, newest first", "Link to WER"):
            expect(page.get_by_role("link", name=name)).to_have_count(1)
    with visit(browser, f"{site.address}/results#results-all-that-fit") as page:
        expect(page.locator(".scroll:target")).to_have_count(1)
