"""The files of a new suite, as `modellab init` writes them: each with what it says, and none in place of another."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from modellab.errors import ConfigError

PLUGIN = "modellab.pytest_plugin"
IGNORED = ("mlruns/", "modellab-try.html")
CHECKOUT = "actions/checkout@d23441a48e516b6c34aea4fa41551a30e30af803 # v6.1.0"
PYTHON = "actions/setup-python@ece7cb06caefa5fff74198d8649806c4678c61a1 # v6.3.0"
UPLOAD = "actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f # v6.0.0"
ABOUT = "  # the models that this suite is about; without this line, all that meet its data"
OWN_MODELS = '# models = ["models"]  # a folder with models of your own: `modellab models new NAME`'
EXAMPLE = "example_v1"
EXAMPLES = {
    "light": "turn on the kitchen light",
    "call": "call anna tonight",
    "code": "the code is five one zero",
}


class Written(NamedTuple):
    """A file of the suite: `text` is what it gets, after what is there already where `appended`; '' leaves it."""

    path: Path
    text: str
    appended: bool = False
    note: str = ""  # where it is left: why, and what a person has to do

    def write(self) -> None:
        """Write it; what was there stays."""
        if self.text:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a" if self.appended else "x", encoding="utf-8") as file:
                file.write(self.text)


def settings(root: Path, only: Sequence[str]) -> Written:
    """pyproject.toml with the table of modellab, which an older file gets at its end."""
    path = root / "pyproject.toml"
    names = ", ".join(f'"{name}"' for name in only)
    table = f"[tool.modellab]\nonly = [{names}]{ABOUT}\n{OWN_MODELS}\n"
    if not path.exists():
        return Written(path, f'{table}\n[tool.pytest.ini_options]\ntestpaths = ["benchmarks"]\n')
    text = path.read_text(encoding="utf-8")
    try:
        tool = tomllib.loads(text).get("tool", {})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    if "modellab" in tool:
        return Written(path, "", note="it has a table [tool.modellab]")
    return Written(path, ("" if text.endswith("\n") or not text else "\n") + "\n" + table, appended=True)


def with_model(root: Path, name: str) -> bool:
    """Make the suite about a model in its folder `models`, too, where pyproject.toml still has the lines of `settings`.

    Elsewhere nothing is touched: whoever has written a table knows where the lines belong.
    """
    path = root / "pyproject.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    begun = text.replace(f"\n{OWN_MODELS}\n", '\nmodels = ["models"]\n').replace(f"]{ABOUT}\n", f', "{name}"]{ABOUT}\n')
    try:
        table = tomllib.loads(begun).get("tool", {}).get("modellab", {})
    except tomllib.TOMLDecodeError:
        return False
    if table.get("models") != ["models"] or name not in table.get("only", []):
        return False
    path.write_text(begun, encoding="utf-8")
    return True


def plugin(root: Path) -> Written:
    """The conftest.py that brings modellab's cases to pytest."""
    path, line = root / "conftest.py", f'pytest_plugins = ["{PLUGIN}"]\n'
    if not path.exists():
        return Written(
            path, f'"""The suite of speech models: its cases, fixtures and options come with modellab."""\n\n{line}'
        )
    if PLUGIN in path.read_text(encoding="utf-8", errors="replace"):
        return Written(path, "", note="it names the plugin")
    return Written(path, "", note=f"add to it: {line.strip()}")


def benchmark(root: Path, task: str) -> Written:
    """The test file of a task."""
    path = root / "benchmarks" / f"test_{task}.py"
    text = (
        f'"""Each model of this suite on each dataset of the task {task}: one test for each case."""\n\n'
        f"from modellab.tasks import {task} as task\n\n\n"
        f"def test_{task}(evaluate, gate):\n"
        "    gate(evaluate(task))\n"
    )
    return Written(path, "", note="it is there") if path.exists() else Written(path, text)


def ignored(root: Path) -> list[Written]:
    """What git is to leave alone: results stay on this machine, baselines are committed."""
    path, own = root / ".gitignore", root / "mlruns" / ".gitignore"
    there = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
    lacking = [line for line in IGNORED if line not in there.split()]
    gap = "\n" if there and not there.endswith("\n") else ""
    first = Written(
        path, gap + "".join(f"{line}\n" for line in lacking) if lacking else "", path.exists(), "it has them"
    )
    return [first, Written(own, "", note="it is there") if own.exists() else Written(own, "*\n")]


def workflow(root: Path, requirement: str, fetched: Sequence[str]) -> Written:
    """The workflow for GitHub: installs, fetches the weights once, runs the suite, keeps the scorecard."""
    path = root / ".github" / "workflows" / "speech.yml"
    if path.exists():
        return Written(path, "", note="it is there")
    fetch = "".join(f"      - run: modellab models fetch {name}\n" for name in fetched)
    text = f"""name: speech

on:
  push:
  pull_request:

permissions: {{}}

jobs:
  speech:
    runs-on: ubuntu-latest
    timeout-minutes: 30
    permissions:
      contents: read
    env:
      MODELLAB_MACHINE: hosted # machines of this name differ in speed: quality is judged, speed is shown
    steps:
      - uses: {CHECKOUT}
        with:
          persist-credentials: false
      - uses: {PYTHON}
        with:
          python-version: "3.12"
      # by its repository, or a wheel or index of yours: what is called modellab on PyPI is another project's
      - run: pip install '{requirement}'
{fetch}      # In CI a case without an accepted baseline is red: --update-baselines --reason "..." makes one.
      - run: pytest benchmarks --no-mlflow --junitxml=reports/speech.xml --scorecard reports/scorecard.md
      - uses: {UPLOAD}
        if: ${{{{ !cancelled() }}}}
        with:
          name: speech
          path: |
            reports/
            mlruns/ledger/
"""
    return Written(path, text)


def example(root: Path, clips: Mapping[str, Path]) -> list[Written]:
    """The dataset of a few clips, by what is said in them, for a suite without recordings; audio comes later."""
    from modellab import audio

    path = root / "golden" / EXAMPLE / "dataset.yaml"
    rows = "".join(
        f'  - {{id: "{clip.stem}", audio: "audio/{clip.name}", duration_s: {audio.info(clip).duration_s:.4f},'
        f' text: "{text}"}}\n'
        for text, clip in clips.items()
    )
    head = (
        'task: "asr"\nversion: 1\nlanguage: "en"\ntier: "smoke"\ndomain: "lab"\nlicence: "CC0-1.0"\n'
        'source: "synthesised with espeak-ng, for a first run"\nnormaliser: "auto"\ncases:\n'
    )
    return [] if path.parent.exists() else [Written(path, head + rows)]


def lessons() -> dict[str, Path]:
    """The clips that come with modellab, by what is said in them."""
    from modellab import models

    folder = models.FOLDER / "lfm2_5_audio" / "lessons"
    return {text: folder / f"{name}.flac" for name, text in EXAMPLES.items()}


def example_audio(root: Path) -> None:
    """Copy the clips of the example into the suite, and write the digest of its dataset."""
    from modellab import datasets

    folder = root / "golden" / EXAMPLE
    if (folder / "audio").exists():
        return
    (folder / "audio").mkdir(parents=True)
    for clip in lessons().values():
        shutil.copyfile(clip, folder / "audio" / clip.name)
    datasets.write_digest(folder)
