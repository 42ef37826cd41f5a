"""Pages about people in a real browser: signing in, two who must not see each other, shares, administration."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab.results import ledger
from modellab.server.pages.frame import ROOMS, TRY
from tests.server.conftest import Server, project, serving
from tests.server.results.conftest import entry, write
from tests.server.test_access import ask, do, until

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from tests.server.browser import QUIET_MS, chromium, visit

pytestmark = pytest.mark.slow
expect.set_options(timeout=QUIET_MS)
PASSWORD = "correct horse battery"
NO_RATES = {"requests_per_min": 0, "reads_per_min": 0, "strangers_per_min": 0}
EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("people"))
    for place in ("mine", "theirs"):
        do(root, "projects.new", name=place)
        labels = {"labels": {"project": place, "by": EVIL}, "session": f"s-{place}"}
        write(root / "mlruns", *(entry(number, **labels) for number in range(3)))
    do(root, "users.new", PASSWORD, name="ann", is_admin=True, role="", project="default")
    for name, place, role in (("bob", "mine", "runner"), ("eve", "theirs", "runner"), ("vic", "mine", "viewer")):
        do(root, "users.new", PASSWORD, name=name, is_admin=False, role=role, project=place)
    with serving(root, rates=NO_RATES) as up:
        yield up


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def states(site: Server, browser: Browser) -> dict[str, Any]:
    """The cookies of each person who has signed in."""
    found = {}
    for name in ("ann", "bob", "eve", "vic"):
        context = browser.new_context()
        context.set_default_timeout(QUIET_MS)
        page = context.new_page()
        page.goto(f"{site.address}/runs?limit=7")
        expect(page).to_have_url(f"{site.address}/login?next=/runs%3Flimit%3D7")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{site.address}/runs?limit=7")
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
        found[name] = context.storage_state()
        context.close()
    return found


def of(browser: Browser, state: Any) -> tuple[BrowserContext, Page]:
    """A window of somebody; one who is asked whether it is meant says yes."""
    context = browser.new_context(storage_state=state)
    context.set_default_timeout(QUIET_MS)
    page = context.new_page()
    page.on("dialog", lambda asked: asked.accept())
    return context, page


def status(page: Page, address: str) -> int:
    answer = page.goto(address)
    assert answer is not None
    return answer.status


def test_a_wrong_password_is_told_on_the_page_which_leads_where_one_was_going(site: Server, browser: Browser) -> None:
    context, page = of(browser, None)
    page.goto(f"{site.address}/results?model=m1")
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Password").fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("name or password is wrong")
    page.get_by_label("Name").fill("bob")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/results?model=m1")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.goto(f"{site.address}/runs")
    expect(page).to_have_url(f"{site.address}/login?next=/runs")
    context.close()


def test_every_page_says_who_one_is_and_lets_one_sign_out(
    site: Server, browser: Browser, states: dict[str, Any]
) -> None:
    context, page = of(browser, states["bob"])
    page.goto(f"{site.address}/results")
    result = page.locator('main a[href^="/results/"]').first.get_attribute("href")
    own = (result, f"{result}/history", "/runs/s-mine", "/shares", "/account", "/runs/nobody", "/admin")
    for path in (*(address for _, address in (TRY, *ROOMS)), *own):
        page.goto(f"{site.address}{path}")
        expect(page.get_by_role("link", name="bob", exact=True)).to_be_visible()
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
    context.close()


def test_who_only_looks_lands_on_the_runs(site: Server, browser: Browser, states: dict[str, Any]) -> None:
    context, page = of(browser, states["vic"])
    page.goto(f"{site.address}/")
    expect(page).to_have_url(f"{site.address}/runs")
    expect(page.get_by_role("link", name="Results", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Try it", exact=True)).to_have_count(0)
    context.close()


def test_two_people_do_not_see_each_other(site: Server, browser: Browser, states: dict[str, Any]) -> None:
    for name, own, other in (("bob", "mine", "theirs"), ("eve", "theirs", "mine")):
        context, page = of(browser, states[name])
        page.goto(f"{site.address}/runs")
        expect(page.get_by_role("link", name=f"s-{own}").first).to_be_visible()
        expect(page.get_by_text(f"s-{other}")).to_have_count(0)
        page.goto(f"{site.address}/results")
        links = page.locator('main a[href^="/results/"]').all()
        shown = {str(each.get_attribute("href")).rpartition("/")[2] for each in links}
        assert shown == {each.id for each in ledger.read(site.root / "mlruns")[0] if each.session == f"s-{own}"}
        assert status(page, f"{site.address}/runs/s-{own}") == 200
        assert status(page, f"{site.address}/runs/s-{other}") == 404
        page.goto(f"{site.address}/account")
        expect(page.get_by_role("row", name=f"{own} runner shown now")).to_be_visible()
        expect(page.get_by_text(other, exact=True)).to_have_count(0)
        assert status(page, f"{site.address}/admin") == 403
        context.close()


def test_ones_own_password_is_changed_on_the_page(site: Server, browser: Browser) -> None:
    do(site.root, "users.new", PASSWORD, name="pat", is_admin=False, role="viewer", project="mine")
    windows = [of(browser, None) for _ in range(2)]
    for _, page in windows:
        page.goto(f"{site.address}/login?next=/account")
        page.get_by_label("Name").fill("pat")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="pat", exact=True)).to_be_visible()
    (_, page), (_, other) = windows
    page.reload()
    expect(page.get_by_text("Signed in on 1 other.")).to_be_visible()
    page.get_by_label("Present password").fill("not this one")
    page.get_by_label("New password").fill("one that is new")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("alert")).to_have_text("the present password is wrong")
    page.get_by_label("Present password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("every other browser is signed out")
    expect(page.get_by_text("Signed in on none.")).to_be_visible()
    other.goto(f"{site.address}/account")
    expect(other).to_have_url(f"{site.address}/login?next=/account")
    other.get_by_label("Name").fill("pat")
    other.get_by_label("Password").fill("one that is new")
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("Who I am")
    page.goto(f"{site.address}/account")
    page.get_by_role("button", name="Sign out there").click()
    expect(page.get_by_text("Signed in on none.")).to_be_visible()
    for context, _ in windows:
        context.close()


def test_a_share_opens_without_an_account_and_is_gone_when_it_is_revoked(
    site: Server, browser: Browser, states: dict[str, Any]
) -> None:
    (bobs, page), (nobodys, stranger), (eves, other) = (of(browser, states.get(who)) for who in ("bob", "", "eve"))
    page.goto(f"{site.address}/runs/s-mine")
    page.get_by_role("link", name="Share this run").click()
    page.get_by_label("Title").fill("For the board")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_label("Its link")).to_be_visible()
    link = page.get_by_label("Its link").input_value()
    assert status(stranger, link) == 200
    expect(stranger.get_by_text("m1:one").first).to_be_visible()
    assert status(stranger, f"{site.address}/runs/s-mine") == 200  # the page to sign in
    expect(stranger.get_by_role("heading", level=1)).to_have_text("Sign in")
    other.goto(f"{site.address}/shares")
    expect(other.get_by_text("Nothing is shared.")).to_be_visible()
    page.goto(f"{site.address}/shares")
    page.get_by_role("row", name="For the board").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("Nothing is shared.")).to_be_visible()
    assert status(stranger, link) == 410
    for context in (bobs, nobodys, eves):
        context.close()


def test_a_result_is_shared_from_its_page_by_whoever_may(
    site: Server, browser: Browser, states: dict[str, Any]
) -> None:
    for name, count in (("bob", 1), ("vic", 0)):
        context, page = of(browser, states[name])
        page.goto(f"{site.address}/runs/s-mine")
        page.get_by_role("link", name="m1:one").first.click()
        expect(page.get_by_role("link", name="Share this result")).to_have_count(count)
        context.close()


def test_a_token_is_made_shown_once_and_revoked(site: Server, browser: Browser, states: dict[str, Any]) -> None:
    context, page = of(browser, states["ann"])
    page.goto(f"{site.address}/admin/tokens")
    page.get_by_label("Name").fill("from-a-page")
    page.get_by_label("run", exact=True).check()
    page.get_by_label("infer").uncheck()
    page.get_by_label("in project").select_option("mine")
    page.get_by_label("ends after days").fill("7")
    page.get_by_role("button", name="Make it").click()
    shown = page.get_by_label("The token, which is shown this once")
    expect(shown).to_be_focused()
    token = shown.input_value()
    assert ask(site, "/api/v1/me", token)[1] == {"name": "from-a-page", "project": "mine", "scopes": ["read", "run"]}
    (row,) = [each for each in do(site.root, "tokens.list") if each["name"] == "from-a-page"]
    assert (row["made_by"], round((row["expires_at"] - row["created_at"]) / 86_400)) == ("ann", 7)
    page.reload()
    assert token not in page.content()
    page.get_by_role("row", name="from-a-page").get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name="from-a-page").get_by_text("revoked")).to_be_visible()
    until(lambda: ask(site, "/api/v1/me", token)[0] == 401)
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("row", name="token.revoke").first).to_contain_text("ann")
    context.close()


def test_people_get_accounts_and_roles_and_lose_them(site: Server, browser: Browser, states: dict[str, Any]) -> None:
    context, page = of(browser, states["ann"])
    page.goto(f"{site.address}/admin/people")
    page.get_by_label("Name", exact=True).last.fill("cat")
    page.get_by_label("Password", exact=True).fill("short but long enough")
    page.get_by_role("button", name="Make it").first.click()
    row = page.get_by_role("row", name="cat ")
    row.get_by_text("change cat").click()
    row.locator("select[name=role]").select_option("rater")
    row.locator("select[name=project]").select_option("theirs")
    row.get_by_role("button", name="Give the role").click()
    expect(page.get_by_role("row", name="cat rater in theirs")).to_be_visible()
    row.get_by_text("change cat").click()
    row.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("row", name="cat disabled")).to_be_visible()
    page.get_by_label("A new project").fill("theirs")
    page.get_by_role("button", name="Make it").last.click()
    expect(page.get_by_role("alert").filter(has_text="there is a project 'theirs' already")).to_be_visible()
    context.close()


def reloaded(page: Page) -> bool:
    """Load a page again; False where its own script does so at the same moment, which ends ours."""
    try:
        return page.reload() is not None
    except Error:
        return False


def test_models_are_loaded_with_their_memory_and_unloaded(site: Server, browser: Browser, states: Any) -> None:
    context, page = of(browser, states["ann"])
    page.goto(f"{site.address}/admin")
    page.get_by_label("Model", exact=True).select_option("fake:one")
    page.get_by_role("button", name="Load", exact=True).click()
    row = page.get_by_role("row", name="fake:one")
    expect(row).to_be_visible()
    until(lambda: reloaded(page) and "MiB" in row.inner_text() and "ready" in row.inner_text())
    row.get_by_role("button", name="Unload").click()
    until(lambda: reloaded(page) and "MiB" not in row.inner_text())
    context.close()


PAGES = (
    ("ann", "/admin"), ("ann", "/admin/tokens"), ("ann", "/admin/people"), ("ann", "/admin/audit"), ("bob", "/account"),
    ("bob", "/shares"), ("bob", "/shares?run=s-mine"), ("bob", "/runs/s-mine"), ("", "/login"),
)  # fmt: skip


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
@pytest.mark.parametrize(("name", "path"), PAGES)
def test_pages_fit_their_window_and_everybody_can_read_them(
    site: Server, browser: Browser, states: dict[str, Any], name: str, path: str, width: int, scheme: str
) -> None:
    with visit(browser, site.address + path, width, scheme, states.get(name)) as page:
        expect(page.get_by_role("main")).to_be_visible()
        assert EVIL not in page.locator("main").inner_html()


def test_an_open_server_says_so_where_one_would_close_it(tmp_path: Path, browser: Browser) -> None:
    with serving(project(tmp_path)) as up, visit(browser, f"{up.address}/admin/people") as page:
        expect(page.get_by_text("Whoever reaches this server may do everything.")).to_be_visible()
        page.goto(f"{up.address}/account")
        expect(page.get_by_text("This server asks nobody who they are")).to_be_visible()
