"""Pictures of MLflow as `modellab ui` shows it: a made project over four commits, one of which made its model worse."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import Page

from tools import notebooks
from tools.pictures import taking

ROOT = Path(__file__).parents[2]
WIDTH, HEIGHT = 1280, 800
DRAWS_MS = 8_000
CASES = ("--model", "ours", "--model", "whisper_cpp:lab", "--dataset", "asr_smoke_v1", "--device", "cpu")
COMMITS = (  # what each says, and how many tokens an utterance may have from then on
    ("Add our recogniser", 64),
    ("Say what it is for", 64),
    ("Answer sooner", 9),
    ("Answer whole again", 64),
)


def all_of_them(folder: Path, into: Path) -> Iterator[Path]:
    """Each picture, taken and written."""
    measure(folder)
    with serving(folder) as views, taking.browser() as opened:
        page = opened.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(taking.PATIENCE_MS)
        for name, address in views.items():
            page.goto(address)
            page.get_by_text("wer/asr_smoke_v1").first.wait_for()
            yield taken(page, into / f"mlflow-{name}.png")
            closed(page)
        page.goto(views["overview"])
        page.get_by_role("link", name=re.compile("^ours:lab cpu-float32")).first.click()
        page.get_by_role("heading", name=re.compile("^ours:lab")).wait_for()
        yield taken(page, into / "mlflow-run.png")
        page.get_by_role("tab", name="Artifacts").click()
        page.get_by_text("pages", exact=True).click()
        page.get_by_text("asr_smoke_v1.html").click()
        page.frame_locator("iframe").get_by_role("heading", name="Verdicts").wait_for()
        yield taken(page, into / "mlflow-page.png")


def closed(page: Page) -> None:
    """MLflow's assistant, which is open at the first visit, is shut from then on."""
    shut = page.locator('[data-component-id="mlflow.assistant.chat_panel.close"]')
    if shut.count():
        shut.click()


def measure(folder: Path) -> None:
    """Four commits, a run at each; at the first one what came out is accepted."""
    notebooks.copy_of_project(folder)
    model = folder / "models" / "ours"
    shutil.copytree(ROOT / "modellab" / "models" / "faster_whisper", model)
    settings = folder / "pyproject.toml"
    named = settings.read_text(encoding="utf-8").replace(
        "[tool.modellab]\n", '[tool.modellab]\nmodels = ["models"]\n', 1
    )
    settings.write_text(named, encoding="utf-8")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for number, (title, tokens) in enumerate(COMMITS):
        (model / "config.yaml").write_text(config(tokens), encoding="utf-8")
        (folder / "README.md").write_text(f"{title}.\n", encoding="utf-8")
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--message", title)
        accept = () if number else ("--update-baselines", "--reason", "the first results of our recogniser")
        taking.modellab(folder, "run", *CASES, "-q", *accept, status=1 if tokens < 64 else 0)
    taking.modellab(folder, "sync")


def config(tokens: int) -> str:
    """The config of the made project's model."""
    return f"""summary: our recogniser
tasks: [asr]
status: production
takes_language: true
packages: [faster_whisper]
files: [model.bin, config.json, tokenizer.json]
devices: {{cpu: [int8, float32]}}
options: {{language: en, beam_size: 1, temperature: 0.0, condition_on_previous_text: false, max_new_tokens: {tokens}}}
variants:
  lab: {{weights: "embedded:whisper-lab/ct2", domain: lab, languages: [en], tier: smoke}}
"""


def git(folder: Path, *words: str) -> None:
    """Run git there, as nobody in particular."""
    who = ("-c", "user.name=ours", "-c", "user.email=ours@example.com")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


@contextmanager
def serving(folder: Path) -> Iterator[dict[str, str]]:
    """`modellab ui`, and the address of each of its views of ASR."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "modellab", "ui", "--port", str(port)]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        views: dict[str, str] = {}
        for line in process.stdout:
            if match := re.match(r"\s+asr\s+(\w+)\s+(\S+)", line):
                views[match[1]] = match[2]
            if {"overview", "trend"} <= views.keys():
                break
        while process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:  # it tells the addresses before it answers there
                time.sleep(0.2)
        yield views
    finally:
        process.terminate()
        process.wait(timeout=60)


def taken(page: Page, path: Path) -> Path:
    """A picture of the window, when it has had time to draw: MLflow asks for more for ever."""
    page.wait_for_timeout(DRAWS_MS)
    page.screenshot(path=path)
    return path
