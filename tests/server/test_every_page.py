"""Every kind of page: by keyboard alone, at twice the size, for who cannot see it, in both themes, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.server.conftest import Server, project, serving
from tests.server.listening import people
from tests.server.listening.test_listening import ids, made, spoken
from tests.server.results.boards import dataset, results
from tests.server.results.conftest import entry, write
from tests.server.test_access import do, until

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import Browser, BrowserContext, Page

from tests.server.browser import QUIET_MS, chromium, faults

pytestmark = pytest.mark.slow
PASSWORD = "correct horse battery"
NO_RATES = {"requests_per_min": 0, "reads_per_min": 0, "strangers_per_min": 0}
WIDTHS = {1280: "wide", 640: "at twice the size", 400: "on a phone"}
OPEN = (
    "/", "/workbench", "/workbench?models=fake:one&datasets=parts_v1", "/runs", "/runs?commit=beef", "/runs/s00003",
    "/runs/nobody", "/results", "/results?model=nobody", "/results?sort=sideways", "/results/RESULT",
    "/results/RESULT/history", "/compare?COMPARED", "/compare", "/leaderboard", "/leaderboard?model=nobody",
    "/slices?dataset=parts_v1", "/findings", "/findings?task=vad", "/experiments", "/experiments/EXPERIMENT",
    "/candidates", "/candidates/fake/one", "/candidates/nobody/one", "/listening", "/listening/acr",
    "/listening/mushra", "/admin", "/admin/tokens", "/admin/people", "/admin/audit", "/account", "/shares",
    "/shares?run=s00003",
    "SHARED", "SHARED_RESULT", "GONE", "RATERS_BEGIN", "RATERS_ACR", "RATERS_AB", "RATERS_MUSHRA", "CLOSED", "JOB",
    "/no/such/page",
)  # fmt: skip
SIGNED_OUT = ("/login", "/login?next=/runs", "/s/nobody", "/listen/nobody")
EMPTY = (
    "/runs",
    "/results",
    "/leaderboard",
    "/slices",
    "/findings",
    "/experiments",
    "/candidates",
    "/listening",
    "/workbench",
)


@dataclass
class Site:
    """A server with something of everything, and where what has an id of its own lies."""

    server: Server
    names: dict[str, str]
    state: Any = None

    def at(self, path: str) -> str:
        for name, value in self.names.items():
            path = re.sub(rf"\b{name}\b", value, path)
        return path if path.startswith("http") else f"{self.server.address}{path}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = project(tmp_path_factory.mktemp("every"))
    mlruns = root / "mlruns"
    write(mlruns, *results(dataset(root)))
    write(mlruns, *(spoken(mlruns, name, level, number) for number, (name, level) in enumerate(VOICES, 700)))
    with serving(root, rates=NO_RATES) as up:
        yield Site(up, dict(named(up)))


VOICES = (("quiet", 0.01), ("loud", 0.2), ("middle", 0.05))


def named(up: Server) -> Iterator[tuple[str, str]]:
    """What has an id of its own, made here."""
    found = up.get("/api/v1/results?dataset=parts_v1&limit=2")[1]["data"]
    yield "RESULT", found[0]["id"]
    yield "COMPARED", "&".join(f"entry={each['id']}" for each in found)
    asked = {"name": "Which is best?", "hypothesis": "m0", "members": ["m0", "m1", "m2"]}
    yield "EXPERIMENT", up.ask("POST", "/api/v1/experiments", asked)[1]["id"]
    yield "SHARED", up.ask("POST", "/api/v1/shares", {"page": "/leaderboard"})[1]["url"]
    yield "SHARED_RESULT", up.ask("POST", "/api/v1/shares", {"entry": found[0]["id"]})[1]["url"]
    gone = up.ask("POST", "/api/v1/shares", {"page": "/runs"})[1]
    up.ask("DELETE", f"/api/v1/shares/{gone['id']}")
    yield "GONE", gone["url"]
    reference = {"reference": ids(up, "middle")[0], "per_rater": 16}
    for kind in ("acr", "ab", "mushra"):
        more = reference if kind == "mushra" else {}
        test = made(up, kind=kind, name=f"a test {kind}", needs_headphones=False, **more)
        yield f"RATERS_{kind.upper()}", people.begun(test["url"])
        yield kind, test["id"]
        if kind == "acr":
            yield "RATERS_BEGIN", test["url"]
    over = made(up, name="over")
    up.ask("POST", f"/api/v1/listening-tests/{over['id']}/close")
    yield "CLOSED", over["url"]
    job = up.ask("POST", "/api/v1/runs", {"models": ["fake"], "datasets": ["parts_v1"]})[1]
    until(lambda: up.get(f"/api/v1/jobs/{job['id']}")[1]["state"] in ("done", "failed"), within_s=300)
    yield "JOB", f"{up.address}/runs/{job['id']}"


def opened(browser: Browser, address: str, state: Any = None) -> tuple[BrowserContext, Page, list[str]]:
    """A page, and what its console says."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=state)
    context.set_default_timeout(QUIET_MS)
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(address)
    return context, page, said


def looked_at(page: Page) -> list[str]:
    """What is wrong with a page at each width and in both themes."""
    wrong = []
    for width, name in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": 900})
        if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            wrong.append(f"{wide} px wide {name}")
        for scheme in ("light", "dark") if width != 640 else ():
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            wrong += [f"{scheme} {name}: {fault}" for fault in faults(page)]
    page.set_viewport_size({"width": 1280, "height": 900})
    return wrong


STOPS = """() => {
  const group = (each) => [...document.querySelectorAll(`input[type=radio][name="${each.name}"]`)];
  const isStop = (each) => each.type !== "radio" || each === (group(each).find((one) => one.checked) ?? group(each)[0]);
  const every = "a[href], button, input, select, textarea, summary, audio[controls], [tabindex]";
  return [...document.querySelectorAll(every)]
    .filter((each) => each.tabIndex >= 0 && !each.disabled && each.checkVisibility({visibilityProperty: true}))
    .filter(isStop)
    .map((each, place) => { each.dataset.stop = place; return [place, each.tagName, each.tabIndex, each.className]; });
}"""
WATCH = """() => {
  window.stops = [];
  document.addEventListener("focusin", ({target: each}) => {
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    const isThere = box.width > 0 && box.height > 0 && parseFloat(style.opacity) > 0;
    window.stops.push({
      stop: Number(each.dataset.stop ?? -1), tag: each.tagName,
      text: (each.textContent || each.name || "").trim().slice(0, 30),
      ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== "none",
      seen: isThere && box.bottom > 0 && box.top < innerHeight && box.right > 0,
    });
  });
}"""
HOW_FAR = "new Set(window.stops.map((each) => each.stop).filter((stop) => stop >= 0)).size"
AT_ONCE = 10  # presses of the tabulator before one looks


FROM_THE_TOP = """() => {
  const first = document.createElement("span");
  first.tabIndex = -1;
  document.body.prepend(first);
  first.focus();
  first.remove();
}"""  # whatever has the focus from the beginning, as the name has where one signs in


def by_keyboard(page: Page) -> list[str]:
    """What is wrong for who has no mouse: each stop is reached in the order of the page, is seen and has a ring."""
    wrong, expected = [], page.evaluate(STOPS)
    wrong += [f"tabindex {index} of {tag}" for _, tag, index, _ in expected if index > 0]
    page.evaluate(WATCH)
    page.evaluate(FROM_THE_TOP)
    for _ in range(3 * len(expected) // AT_ONCE + 2):  # players have stops of their own inside
        for _ in range(AT_ONCE):
            page.keyboard.press("Tab")
        if page.evaluate(HOW_FAR) >= len(expected):
            break
    stops = [each for each in page.evaluate("window.stops") if each["stop"] >= 0]
    reached = list(dict.fromkeys(each["stop"] for each in stops))
    wrong += [f"{at['tag']} {at['text']!r} has the focus and is not seen" for at in stops if not at["seen"]]
    wrong += [f"{at['tag']} {at['text']!r} shows no focus" for at in stops if not at["ring"]]
    if reached != sorted(reached):
        wrong.append(f"the order of stops is {reached}")
    missed = [(tag, name) for place, tag, _, name in expected if place not in reached]
    return [*wrong, *([f"never reached: {missed[:5]}"] if missed else [])]


def skipped(page: Page) -> list[str]:
    """The first stop leads to the content, past the navigation."""
    if not page.locator("nav.rooms").count():
        return []
    page.evaluate(FROM_THE_TOP)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    place = page.evaluate("document.activeElement.id")
    return [] if place == "content" else [f"the first stop leads to {place!r}"]


def all_that_is_wrong(browser: Browser, address: str, state: Any = None) -> list[str]:
    context, page, said = opened(browser, address, state)
    try:
        wrong = [*looked_at(page), *by_keyboard(page), *skipped(page)]
        return [*wrong, *(line for line in said if "the server responded with a status of 4" not in line)]
    finally:
        context.close()


@pytest.mark.parametrize("path", OPEN)
def test_a_page_with_something_on_it(site: Site, browser: Browser, path: str) -> None:
    assert not (wrong := all_that_is_wrong(browser, site.at(path))), wrong


def test_pages_of_who_is_not_signed_in_and_of_a_signed_in_viewer(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> None:
    root = project(tmp_path_factory.mktemp("signed"))
    write(root / "mlruns", entry(0))
    do(root, "users.new", PASSWORD, name="vic", is_admin=False, role="viewer", project="default")
    with serving(root, rates=NO_RATES) as up:
        for path in SIGNED_OUT:
            assert not (wrong := all_that_is_wrong(browser, up.address + path)), (path, wrong)
        context, page, _ = opened(browser, f"{up.address}/login")
        page.get_by_label("Name").fill("vic")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{up.address}/runs")
        state = context.storage_state()
        context.close()
        for path in ("/runs", "/account", "/admin", "/workbench", "/experiments"):
            assert not (wrong := all_that_is_wrong(browser, up.address + path, state)), (path, wrong)


def test_pages_of_a_project_without_results(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> None:
    with serving(project(tmp_path_factory.mktemp("empty")), rates=NO_RATES) as up:
        for path in EMPTY:
            assert not (wrong := all_that_is_wrong(browser, up.address + path)), (path, wrong)
