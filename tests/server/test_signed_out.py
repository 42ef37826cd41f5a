"""Whoever is signed out while a form is filled in: nothing that was written is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.conftest import Server, project, serving
from tests.server.test_access import do

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, Page, expect

from tests.server.browser import QUIET_MS, chromium

PASSWORD = "correct horse battery"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    do(project(tmp_path), "users.new", PASSWORD, name="bob", is_admin=False, role="runner", project="default")
    with serving(tmp_path) as up:
        yield up


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def sign_in(page: Page) -> None:
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="bob", exact=True)).to_be_visible()


def test_a_form_outlives_the_session_of_whoever_fills_it_in(site: Server, browser: Browser) -> None:
    context = browser.new_context()
    context.set_default_timeout(QUIET_MS)
    page = context.new_page()
    page.goto(f"{site.address}/experiments")
    sign_in(page)
    form = page.locator("form.act")
    form.get_by_label("Name").fill("written for an hour")
    context.clear_cookies()
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("You are signed out")
    with context.expect_page() as opened:
        form.get_by_role("link", name="Sign in").click()
    sign_in(opened.value)
    form.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("written for an hour")
    context.close()
