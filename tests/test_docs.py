"""The documents: every command, option, link and path in them exists, and the code of the tutorials runs."""

from __future__ import annotations

import functools
import importlib.util
import re
import shlex
import sys
import types
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import typer

from modellab import audio, models, tasks, units
from modellab.cli.app import app
from modellab.datasets.manifest import Header
from modellab.models import Model, Variant
from modellab.plan.settings import Judging, Project
from modellab.runner.engine import Engine
from modellab.types import Metric, Status
from modellab.types.rows import ANYWHERE, ROW_KEYS

ROOT = Path(__file__).parents[1]
OTHERS = [ROOT / "golden/README.md", *ROOT.glob("modellab/models/**/README.md"), *ROOT.glob("tools/*/README.md")]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *OTHERS])
TOP = {path.name for path in ROOT.iterdir()} | {"mlruns", ".venv"}
MADE_BY_USE = ("mlruns/", ".venv/", "build/", "baselines/")  # comes and goes
EXAMPLES = {"batched_whisper", "wordcount", "meetings_v1", "calls_v1", "mine"}  # names that a reader is asked to make
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TICKS = re.compile(r"`([^`\n]+)`")
PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each command in a console block and of each one named in backticks."""
    text = read(page)
    lines = [line[2:] for block in CONSOLE.findall(text) for line in block.splitlines() if line.startswith("$ ")]
    inline = [span for span in TICKS.findall(FENCED.sub("", text)) if span.split()[0] in {"modellab", "make", "pytest"}]
    for line in [*lines, *inline]:
        words = shlex.split(line, comments=True)
        yield list(takewhile(lambda word: word not in {"|", "&&", ";"}, words))


def options(words: list[str]) -> list[str]:
    return [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]


@pytest.fixture(scope="module")
def of_pytest(request: pytest.FixtureRequest) -> set[str]:
    """Every option of pytest with this project's plugins; those of `modellab run` are its plugin's own."""
    parser = request.config._parser
    groups = [*parser._groups, parser._anonymous]
    return {name for group in groups for option in group.options for name in option.names()} | {"-n", "-h"}


@functools.cache
def root_command() -> Any:
    return typer.main.get_command(app)


def unknown(words: list[str], of_pytest: set[str]) -> list[str]:
    """The words of a modellab command that name no command or option of it."""
    command, rest = root_command(), words[1:]
    while rest and rest[0] in getattr(command, "commands", {}):
        command, rest = command.commands[rest[0]], rest[1:]
    if command is root_command() and rest and not rest[0].startswith("-"):
        return rest[:1]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    if command.name == "run":
        known |= of_pytest
    return [name for name in options(rest) if name not in known]


@PAGE
def test_every_command_exists(page: Path, of_pytest: set[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    wrong = []
    for words in commands(page):
        match words:
            case ["modellab", *_]:
                wrong += [(words, name) for name in unknown(words, of_pytest)]
            case ["make", *named]:
                wrong += [(words, name) for name in named if name not in targets and "=" not in name]
            case ["pytest", *_]:
                own = {"--model"} if "modellab.contract" in words else set()
                wrong += [(words, name) for name in options(words) if name not in of_pytest | own]
            case ["python", "-m", module, *_]:
                wrong += [(words, module)] if importlib.util.find_spec(module) is None else []
    assert not wrong


def test_commands_that_do_not_exist_are_found(of_pytest: set[str]) -> None:
    assert unknown(["modellab", "modles"], of_pytest) == ["modles"]
    assert unknown(["modellab", "run", "--modle", "x"], of_pytest) == ["--modle"]
    assert unknown(["modellab", "datasets", "validate", "--all"], of_pytest) == ["--all"]
    assert unknown(["modellab", "run", "--tier", "smoke", "--strict-matrix", "-x"], of_pytest) == []
    assert unknown(["modellab", "models", "fetch", "whisper:tiny"], of_pytest) == []


@PAGE
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCED.sub("", read(page))):
        if target.startswith("https://"):
            continue
        place, _, anchor = target.partition("#")
        path = (page.parent / place).resolve() if place else page
        assert path.exists(), target
        assert path.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(path), target


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", read(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@PAGE
def test_every_path_in_backticks_exists(page: Path) -> None:
    missing = [
        span for span in TICKS.findall(FENCED.sub("", read(page))) if looks_like_path(span) and not is_there(span)
    ]
    assert not missing


def looks_like_path(span: str) -> bool:
    first, slash, _ = span.partition("/")
    return bool(slash) and first in TOP and re.fullmatch(r"[\w.\-/<>*]+", span) is not None


def is_there(span: str) -> bool:
    if span.startswith(MADE_BY_USE) or any(name in re.split(r"[/._]", span) or name in span for name in EXAMPLES):
        return True
    if "<" in span or "*" in span:
        return any(ROOT.glob(re.sub(r"<\w+>", "*", span)))
    return (ROOT / span).exists()


def test_paths_that_do_not_exist_are_found() -> None:
    assert not is_there("modellab/nothing.py")
    assert is_there("golden/<dataset>/dataset.yaml")
    assert not is_there("golden/<dataset>/dataset.json")
    assert looks_like_path("docs/index.md")
    assert not looks_like_path("wer/asr_smoke_v1")


def test_every_page_is_in_the_index() -> None:
    linked = set(LINK.findall(read(ROOT / "docs" / "index.md")))
    assert {page.name for page in (ROOT / "docs").glob("*.md")} - linked == {"index.md"}


def test_every_page_is_in_the_navigation() -> None:
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    named = set(re.findall(r"[\w\-/]+\.md", read(ROOT / "mkdocs.yml").partition("\nnav:\n")[2]))
    made = {page for page in named if page.startswith(("notebooks/", "reference/", "repository/"))}
    assert named ^ pages == made, "`nav` in mkdocs.yml"


# ---------------------------------------------------------------------------- reference tables


def rows(page: str) -> dict[str, list[str]]:
    """First cell -> cells, of every table row that begins with a name in backticks; several names share a row."""
    found: dict[str, list[str]] = {}
    for line in read(ROOT / "docs" / page).splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            found |= dict.fromkeys(TICKS.findall(cells[0]), cells)
    return found


@pytest.mark.parametrize(
    ("page", "names"),
    [
        pytest.param("add-a-model.md", [*Model.model_fields, *Variant.model_fields], id="config.yaml"),
        pytest.param(
            "golden-data.md",
            [*(field.alias or name for name, field in Header.model_fields.items()), *ROW_KEYS, *ANYWHERE],
            id="dataset.yaml",
        ),
        pytest.param("golden-data.md", [key for name in tasks.names() for key in tasks.get(name).ROW], id="rows"),
        pytest.param("verdicts.md", [str(status) for status in Status], id="verdicts"),
    ],
)
def test_a_reference_table_is_whole(page: str, names: list[str]) -> None:
    assert set(names) <= rows(page).keys()


@pytest.mark.parametrize(
    ("task", "metric"),
    [pytest.param(name, metric, id=metric.name) for name in tasks.names() for metric in tasks.get(name).METRICS],
)
def test_margins_and_limits_are_those_of_the_code(task: str, metric: Metric) -> None:
    _, in_tasks, _, better, margin, limit = rows("verdicts.md")[metric.name]
    assert task in in_tasks
    assert better == metric.better
    if not metric.gated:
        assert margin == ("[on request](thresholds.md#on-request)" if metric.on_request else "not judged")
    elif metric.kind == "sanity":
        assert margin == "limit only"
    else:
        assert margin == units.value(metric.margin, metric.unit)
    stated = tasks.get(task).LIMITS.get(metric.name)
    assert stated is None or float(limit) == stated


def test_every_option_of_the_plugin_is_documented(request: pytest.FixtureRequest) -> None:
    (group,) = (group for group in request.config._parser._groups if group.name == "modellab")
    text = "".join(read(page) for page in PAGES)
    assert [name for option in group.options for name in option.names() if name not in text] == []


def test_every_key_of_the_project_table_is_documented() -> None:
    table = block("add-a-model.md", "pyproject.toml")
    keys = set(Project.__slots__) - {"root", "judging"} | set(Judging.model_fields)
    assert set(re.findall(r"^(\w+) =", table, re.MULTILINE)) == keys


# ---------------------------------------------------------------------------- the tutorials run


def block(page: str, file: str) -> str:
    """The fenced block that follows a line naming the file it goes to."""
    found = re.search(rf"^`{re.escape(file)}`[^\n]*:\n\n```\w+\n(.*?)^```", read(ROOT / "docs" / page), re.M | re.S)
    assert found, file
    return found[1]


@pytest.fixture
def new_model(tmp_path: Path) -> Path:
    """The folder that add-a-model.md tells the reader to make."""
    folder = tmp_path / "batched_whisper"
    folder.mkdir()
    for file in ("config.yaml", "adapter.py"):
        (folder / file).write_text(block("add-a-model.md", f"modellab/models/batched_whisper/{file}"), encoding="utf-8")
    return folder


def test_the_config_of_the_tutorial_is_valid(new_model: Path) -> None:
    config = models.config(new_model)
    assert set(config.variants) == {"lab", "tiny.en"}
    assert ("cpu", "int8") in config.device_precisions("lab")


@pytest.mark.engine
def test_the_adapter_of_the_tutorial_transcribes(new_model: Path) -> None:
    config = models.config(new_model)
    engine = Engine()
    order = {
        "folder": str(new_model),
        "model": "batched_whisper",
        "variant": "lab",
        "weights": config.variants["lab"].weights,
        "revision": None,
        "device": "cpu",
        "precision": "float32",
        "threads": 1,
        "options": config.options_for("lab"),
        "download": False,
    }
    assert engine.load(order)["weights"].startswith("whisper-lab/ct2@")
    heard = engine.model.transcribe(audio.read(ROOT / "golden/asr_smoke_v1/audio/001.flac", 16_000))
    assert heard.text == "please increase the volume to forty two percent"


@pytest.fixture
def new_task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """The module that add-a-task.md tells the reader to write."""
    path = tmp_path / "wordcount.py"
    path.write_text(block("add-a-task.md", "modellab/tasks/wordcount.py"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("tutorial_wordcount", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_the_task_of_the_tutorial_scores(new_task: types.ModuleType) -> None:
    assert [name for name in vars(tasks.Task)["__protocol_attrs__"] if not hasattr(new_task, name)] == []
    case = new_task.read({"id": "001", "audio": "a.flac", "duration_s": 2.0, "count": 5}, {})
    assert new_task.score(case, new_task.encode(5)) == {"count_error": (0, 5), "success_rate": (1.0, 1.0)}
    assert new_task.score(case, new_task.encode(7))["count_error"] == (2, 5)
    assert new_task.score(case, None) == {"count_error": (5, 5), "success_rate": (0.0, 1.0)}
    assert set(new_task.score(case, None)) == {metric.name for metric in new_task.METRICS}
    with pytest.raises(TypeError, match="expected a number of words"):
        new_task.encode(None)
