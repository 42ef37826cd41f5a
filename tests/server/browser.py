"""A real browser that the tests drive: Debian's Chromium through Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET_MS = 60_000  # that a loaded machine may take for anything
expect.set_options(timeout=QUIET_MS)


@contextmanager
def chromium(microphone: Path | None = None) -> Iterator[Browser]:
    """The browser; with a WAV file, that is what its microphone hears, once."""
    place = next(filter(None, map(shutil.which, NAMES)), None)
    if place is None:
        raise RuntimeError("the tests need `chromium` on PATH: `.ci/debian` installs it, where it may")
    asked = ["--no-sandbox", "--disable-dev-shm-usage"]  # it is root in containers, and sees our own pages alone
    if microphone is not None:
        asked += ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
        asked += [f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=place, args=asked)
        try:
            yield opened
        finally:
            opened.close()


@contextmanager
def visit(
    browser: Browser, address: str, width: int = 1280, scheme: str = "light", state: Any = None, refused: int = 0
) -> Iterator[Page]:
    """A page of a new visitor, opened; what its console says and what could not be loaded is an error at the end.

    `state`: the cookies of a visitor who has been there before, as a context's `storage_state` has them.
    `refused`: the status of the page where it is one of refusal, of which a browser's console says a line.
    """
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        storage_state=state,  # type: ignore[arg-type]
    )
    context.set_default_timeout(QUIET_MS)
    said: list[str] = []
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    answer = page.goto(address)
    if refused:
        assert answer is not None
        assert answer.status == refused
    try:
        yield page
        wrong = [line for line in said if not (refused and f"status of {refused}" in line)]
        assert not wrong, wrong
        assert not (found := faults(page)), found
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "it is wider than the window"
    finally:
        context.close()


def faults(page: Page) -> list[str]:
    """What axe-core finds wrong for people who do not see the page, or use no mouse: rule, and where."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']][:3]}" for each in found]
