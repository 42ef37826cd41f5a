"""`/candidates/MODEL/VARIANT` as somebody who may promote uses it: evidence, the difference, a move, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab.lifecycle import stages
from tests.cli.conftest import furnished
from tests.cli.promoted import prove
from tests.server.conftest import Server, serving

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Page, expect

from tests.server.browser import chromium, visit

PATH, API = "/candidates/fake/one", "/api/v1/lifecycle/fake/one"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """One with a candidate that lacks nothing."""
    monkeypatch.chdir(tmp_path)
    prove(furnished(tmp_path))
    with serving(tmp_path) as up:
        yield up


def standing(server: Server) -> dict[str, Any]:
    status, found = server.get(API)
    assert status == 200
    return dict(found)


def look(page: Page, because: str) -> None:
    """Ask for the difference, with a reason."""
    page.get_by_label("because").fill(because)
    page.get_by_role("button", name="Show the difference").click()


def test_a_variant_is_moved_and_back_after_looking_at_the_difference(server: Server) -> None:
    place = stages.file(server.root / "baselines", "fake")
    with chromium() as browser, visit(browser, server.address + PATH) as page:
        (number,) = standing(server)["evidence"]
        row = page.get_by_role("region", name="Evidence there is now").get_by_role("row").nth(1)
        expect(row).to_contain_text(f"{100 * number['value']:.2f} %")
        expect(row.get_by_role("link")).to_have_attribute("href", f"/results/{number['result']}")
        write = page.get_by_role("button", name="Move it")
        look(page, "three quiet weeks")
        patch = page.get_by_role("region", name=re.compile("fake.yaml"))
        expect(patch.locator(".added").filter(has_text="because: three quiet weeks")).to_have_count(1)
        assert not place.exists(), "a look writes nothing"
        page.get_by_label("because").fill("four quiet weeks")
        expect(write).to_be_hidden()  # what would be written is not what was looked at
        look(page, "four quiet weeks")
        write.click()
        expect(page.get_by_role("heading", name=re.compile("^production"))).to_be_visible()
        assert standing(server)["stage"] == "production"
        page.get_by_label("to", exact=True).select_option(label="back to candidate: take the last move back")
        look(page, "a doubt")
        expect(patch.locator(".added").filter(has_text="rollback: true")).to_have_count(1)
        write.click()
        expect(page.get_by_role("heading", name=re.compile("^back to candidate"))).to_be_visible()
    assert [(each.stage, each.rollback) for each in stages.read(server.root / "baselines", "fake")["one"]] == [
        ("production", False), ("candidate", True),
    ]  # fmt: skip


def test_what_is_missing_and_what_somebody_else_did_is_said(server: Server) -> None:
    with chromium() as browser:
        page = browser.new_context().new_page()  # its console says a line of what is refused
        page.goto(server.address + PATH)
        look(page, "mine")
        expect(page.get_by_role("button", name="Move it")).to_be_visible()
        assert server.ask("POST", API, {"to": "experimental", "because": "theirs"})[0] == 200
        page.get_by_role("button", name="Move it").click()
        expect(page.get_by_role("alert")).to_contain_text("have changed since you looked")
        page.reload()
        expect(page.get_by_role("heading", name=re.compile("^experimental"))).to_be_visible()
    for body, code in (
        ({"to": "candidate", "rollback": True, "because": "x"}, "invalid_value"), ({"because": "x"}, "invalid_value"),
    ):  # fmt: skip
        assert server.ask("POST", API, body)[1]["error"]["code"] == code
    assert server.ask("POST", API, {"rollback": True, "because": "no"})[1]["stage"] == "candidate"
    status, said = server.ask("POST", API, {"rollback": True, "because": "further"})
    assert (status, said["error"]["code"]) == (409, "nothing_to_take_back")
