"""What is spoken into a browser's microphone becomes words on the start page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from modellab import audio
from modellab.types import Audio
from tests.server.conftest import Server, project, serving

pytest.importorskip("playwright", reason="pip install playwright")
from playwright.sync_api import expect

from tests.server.browser import QUIET_MS, chromium, visit

CLIP = Path(__file__).parents[2] / "golden" / "align_smoke_v1" / "audio" / "12.flac"
SAID = re.compile(r"^please show the camera to \w+ tonight$")  # "anna" may be confirmed before "alice" is heard whole
MICROPHONE_HZ = 48_000
MODEL, OTHER = "faster_whisper:lab", "whisper_cpp:lab"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(project(tmp_path_factory.mktemp("site"))) as up:
        yield up


@pytest.mark.slow
@pytest.mark.engine
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_what_the_microphone_hears_becomes_words_while_it_is_spoken(
    site: Server, tmp_path: Path, width: int, scheme: str
) -> None:
    """Chromium's microphone is a file: a clip of the golden data, once, with silence around it."""
    clip = audio.read(CLIP, MICROPHONE_HZ).samples
    silence = np.zeros(MICROPHONE_HZ, np.float32)
    sound = Audio(np.concatenate([silence, clip, *[silence] * 3]), MICROPHONE_HZ)
    audio.write(tmp_path / "voice.wav", sound)
    with chromium(microphone=tmp_path / "voice.wav") as opened, visit(opened, site.address, width, scheme) as page:
        page.get_by_label("Model", exact=True).select_option(MODEL)
        page.get_by_label("beside it").select_option(OTHER)
        page.get_by_role("button", name="Record").click()
        heard = {name: page.locator("#transcripts article", has_text=name) for name in (MODEL, OTHER)}
        for each in heard.values():  # while the microphone is still on
            expect(each.locator(".said")).to_have_text(SAID, timeout=QUIET_MS)
            expect(each.locator(".quiet")).to_have_text("listening …")
            expect(each).to_contain_text("embedded toy, knows 144 words")
        page.get_by_role("button", name="Stop").click()
        for each in heard.values():
            expect(each).to_contain_text("s after Stop", timeout=QUIET_MS)
            expect(each.locator(".said")).to_have_text(SAID)
        page.get_by_role("button", name="Transcribe").click()  # the same recording, as a whole
        for each in heard.values():
            expect(each).to_contain_text("RTF", timeout=QUIET_MS)
            expect(each.locator(".said")).to_have_text(SAID)


@pytest.mark.slow
def test_a_browser_that_may_not_listen_says_so(site: Server) -> None:
    with chromium() as opened, visit(opened, site.address) as page:
        page.get_by_role("button", name="Record").click()
        expect(page.locator("#level")).to_have_text(re.compile("there is no microphone here|was not allowed to listen"))
        expect(page.get_by_role("button", name="Record")).to_be_enabled()
