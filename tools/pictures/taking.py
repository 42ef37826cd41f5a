"""Pictures of pages: a few cases are run in a copy of the project, served, and looked at in headless Chromium."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tools import notebooks

WIDTH, HEIGHT = 1280, 860
PHONE = 400
QUALITY = 70  # of WebP: text stays sharp
PATIENCE_MS = 300_000  # that a loaded machine may take for a page
RUNS = (
    ("--model", "faster_whisper:lab", "--model", "whisper_cpp:lab", "--dataset", "asr_smoke_v1", "--device", "cpu"),
    ("--model", "espeak:en-us", "--dataset", "tts_smoke_v1"),
    ("--model", "silero_vad:jit", "--dataset", "vad_smoke_v1", "--device", "cpu"),
    ("--model", "heuristic_diarization:ge2e", "--dataset", "diar_smoke_v2"),
    (
        "--model",
        "speaker_transcripts:lab",
        "--dataset",
        "meeting_smoke_v1",
        "--device",
        "cpu",
        "--precision",
        "float32",
    ),
)
CASE = "faster_whisper:lab-asr_smoke_v1-cpu-int8"
OTHER_CASES = {
    "case-diarization": "heuristic_diarization:ge2e-diar_smoke_v2-cpu-float32",
    "meeting": "speaker_transcripts:lab-meeting_smoke_v1-cpu-float32",
}
LIMIT = f'\n[tool.modellab.cases."{CASE}"]\nwer = {{limit = 0.005}}\n'  # so that something is red: a case at 1.13 %


def all_of_them(folder: Path, into: Path) -> Iterator[Path]:
    """Each picture, taken and written."""
    into.mkdir(parents=True, exist_ok=True)
    project = notebooks.copy_of_project(folder)
    measure(project)
    with browser() as opened, serving(project) as address:
        for name, place in pages_of(opened, address):
            yield taken(opened, address + place, into / f"{name}.webp")
        yield taken(opened, address + "/", into / "start-phone.webp", width=PHONE)
        for name in ("report", "case", "compare-file", "site/index"):
            yield taken(opened, f"file://{project}/{name}.html", into / f"{name.partition('/')[0]}.webp")
        yield taken(opened, f"file://{project}/case.html", into / "case-phone.webp", width=PHONE)
        for name in OTHER_CASES:
            yield taken(opened, f"file://{project}/{name}.html", into / f"{name}.webp", part="article")


def measure(project: Path) -> None:
    """The runs, a report of them, a comparison and pages of cases; the last run is red."""
    for options in RUNS:
        modellab(project, "run", *options, "--no-mlflow", "-q")
    settings = project / "pyproject.toml"
    whole = settings.read_text(encoding="utf-8")
    settings.write_text(whole + LIMIT, encoding="utf-8")
    modellab(project, "run", *RUNS[0], "--no-mlflow", "-q", status=1)
    settings.write_text(whole, encoding="utf-8")
    modellab(project, "report", "--html", "report.html")
    modellab(project, "page", CASE, "--output", "case.html")
    modellab(project, "compare", "whisper_cpp:lab", "faster_whisper:lab/cpu-int8", "--html", "compare-file.html")
    modellab(project, "site", "site", "--all")
    for name, case in OTHER_CASES.items():
        modellab(project, "page", case, "--output", f"{name}.html")


def modellab(project: Path, *words: str, status: int = 0) -> None:
    """Run the command there; RuntimeError where it ends otherwise."""
    done = subprocess.run([sys.executable, "-m", "modellab", *words], cwd=project, capture_output=True, text=True)
    if done.returncode != status:
        raise RuntimeError(f"modellab {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")


@contextmanager
def serving(project: Path) -> Iterator[str]:
    """The address of a server of the project, which ends with the block."""
    command = [sys.executable, "-m", "modellab.server", str(project), json.dumps({"port": 0})]
    environment = {**os.environ, "MODELLAB_OCCUPIED": str(project / "occupied")}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        match = re.match(r"serving on (http://\S+)/v1 ", line := process.stderr.readline())
        if match is None:
            raise RuntimeError(f"the server did not start: {line}")
        yield match[1]
    finally:
        process.terminate()
        process.wait(timeout=60)


@contextmanager
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    place = shutil.which("chromium") or shutil.which("google-chrome")
    if place is None:
        raise RuntimeError("chromium is not on PATH: .ci/debian installs it, where it may")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=place, args=["--no-sandbox", "--disable-dev-shm-usage"])
        try:
            yield opened
        finally:
            opened.close()


def pages_of(opened: Browser, address: str) -> Iterator[tuple[str, str]]:
    """Name and place of each page that the navigation leads to, of one run and of one result."""
    page = opened.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    places = [link.get_attribute("href") or "" for link in page.locator("nav.rooms a").all()]
    for place in dict.fromkeys(places):
        yield place.strip("/").replace("/", "-") or "start", place
    for name, of in (("run", "/runs"), ("result", "/results")):
        page.goto(address + of)
        link = page.locator(f'main a[href^="{of}/"]').first
        yield name, link.get_attribute("href") or of
    page.close()


def taken(opened: Browser, address: str, path: Path, width: int = WIDTH, part: str = "") -> Path:
    """A picture of what fits into a window, or of the first `part` of the page."""
    page: Page = opened.new_page(viewport={"width": width, "height": HEIGHT})
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.wait_for_load_state("networkidle")
    picture = Image.open(io.BytesIO((page.locator(part).first if part else page).screenshot()))
    picture.convert("RGB").save(path, "WEBP", quality=QUALITY, method=6)
    page.close()
    return path
