"""Frozen copies of the pages that people work in: alone, without scripts, forms and links that need an account."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import expect

from tests.server.browser import QUIET_MS, chromium, visit
from tests.server.conftest import Server, project, serving
from tests.server.results.conftest import entry, write
from tests.server.storage.test_shares import EVIL, opened, share
from tests.server.storage.test_uploads import ask


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("copies"))
    write(root / "mlruns", *(entry(number, session=f"s{number}") for number in range(1, 5)))
    with serving(root) as server:
        yield server


def history(server: Server) -> str:
    return f"/results/{ask(server, '/api/v1/results').json['data'][0]['id']}/history"


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/leaderboard?task=asr", "Leaderboard"), ("history", ": history"), ("/results?task=asr", "Results"),
        ("/runs", "Runs"), ("/findings", "Findings"), ("/candidates", "Candidates"), ("/slices", "By group"),
        ("/experiments", "Experiments"),
    ],
)  # fmt: skip
def test_a_page_is_shared_as_it_was(up: Server, path: str, heading: str) -> None:
    made = share(up, page=history(up) if path == "history" else path)
    page = opened(up, made)
    text = page.body.decode()
    assert page.status == 200
    assert re.search(f"<h1>[^<]*{heading}</h1>", text)
    assert "A copy of the page as it was on 20" in text
    assert not re.search(r"<(script|form|link rel=.stylesheet|nav)\b", text)
    assert not re.search(r"href=.[/?]", text), "nothing leads to where an account is needed"
    assert "script-src" not in page.headers["content-security-policy"]
    write(up.root / "mlruns", entry(50 + len(heading), session="later"))
    ask(up, "/api/v1/results")  # follows the ledger
    assert opened(up, made).body == page.body
    assert ask(up, f"/api/v1/shares/{made.json['id']}", method="DELETE").status == 204
    assert opened(up, made).status == 410


@pytest.mark.parametrize(
    "page",
    ["/admin", "/account", "/shares", "/", "/workbench", "leaderboard", "//evil.example/leaderboard", "https://a/runs",
     "/leaderboard/../admin", "/api/v1/tokens", "/leaderboard.csv", "/results/x", "/listen/x"],
)  # fmt: skip
def test_what_is_no_page_to_share_is_told(up: Server, page: str) -> None:
    made = share(up, page=page)
    assert made.status == 400
    assert "expected the address of a page" in made.json["error"]["message"]


def test_what_is_not_there_is_not_shared(up: Server) -> None:
    made = share(up, page="/results/nothing/history")
    assert made.status == 404
    assert "nothing is shared" in made.json["error"]["message"]
    assert share(up, page="/leaderboard?start=nothing").status == 400


def test_what_people_wrote_stays_text(up: Server) -> None:
    asked = {"name": EVIL, "hypothesis": f"</form>{EVIL}<a href='/x'>"}
    assert up.ask("POST", "/api/v1/experiments", asked)[0] == 201
    text = opened(up, share(up, page="/experiments")).body.decode()
    assert EVIL not in text
    assert "&lt;script&gt;" in text


@pytest.mark.slow
def test_in_a_browser_a_chart_is_shared_from_its_page(up: Server) -> None:
    with chromium() as browser:
        with visit(browser, f"{up.address}{history(up)}") as page:
            page.get_by_role("link", name="Link to Each result").click()
            page.get_by_role("link", name="Share a copy of this page").click()
            page.get_by_role("button", name="Share").click()
            link = page.get_by_label("Its link")
            expect(link).to_have_value(re.compile(r"/s/[\w-]+#each-result$"), timeout=QUIET_MS)
            address = link.input_value()
        for width, scheme in (1280, "light"), (400, "dark"):
            with visit(browser, address, width=width, scheme=scheme) as page:
                expect(page.get_by_text("A copy of the page as it was on")).to_be_visible(timeout=QUIET_MS)
                expect(page.get_by_role("cell", name="PASS").first).to_be_visible()
