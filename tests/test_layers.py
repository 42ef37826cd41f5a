"""Imports point down. Moving a name here is an architecture decision; so is a longer file."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "modellab"
FILES = sorted(PACKAGE.rglob("*.py"))

# top to bottom; a module may import from layers below its own, never beside or above, inside functions too
LAYERS = {
    "entrances": {"api", "cli", "pytest_plugin", "contract", "server"},
    "what people see": {"reports", "tracking", "doctor"},
    "flow": {"runner", "acceptance", "rescoring", "lifecycle"},
    "what is planned and kept": {"plan", "results", "diagnosis"},
    "what is tested, and how it is judged": {"tasks", "models", "datasets", "gate"},
    "measures": {"metrics", "stats", "text", "audio", "streaming", "annotations", "schema"},
    "words": {"types", "system"},
}
STARTED = {"__main__", "worker"}  # by `python -m`, above everything
GROUND = {"errors", "units"}  # below everything
FLOORS = [STARTED, *LAYERS.values(), GROUND]
LEVEL = {name: level for level, names in enumerate(FLOORS) for name in names}

ONLY = {  # who may import a library, anywhere; no other room knows of it
    "mlflow": {"tracking"},
    "rapidfuzz": {"metrics"},
    "sacrebleu": {"metrics"},
    "langcodes": {"text"},
    "soundfile": {"audio"},
    "soxr": {"audio"},
    "av": {"audio", "doctor"},
    "whisper_normalizer": {"text"},
    "text_to_num": {"text"},
    "huggingface_hub": {"models", "datasets"},
    "torch": {"models", "audio", "runner", "metrics"},  # the last for distillmos, which takes tensors
    "torch_audiomentations": {"audio"},
    "whisper": {"models"},
    "faster_whisper": {"models"},
    "transformers": {"models"},
    "pywhispercpp": {"models"},
    "silero_vad": {"models", "audio"},
    "pyannote": {"models"},
    "liquid_audio": {"models"},
    "espeakng_loader": {"models"},
    "httpx2": {"models", "server"},
    "pyloudnorm": {"metrics"},
    "speechmos": {"metrics"},
    "resemblyzer": {"metrics"},
    "distillmos": {"metrics"},
    "ctranslate2": {"models"},
    "typer": {"cli"},
    "ruptures": {"stats"},
    "ray": {"runner"},
    "submitit": {"runner"},
    "matplotlib": {"reports"},
    "jinja2": {"reports"},
    "markupsafe": {"reports"},
    "PIL": {"reports"},
    "fastapi": {"server"},
    "starlette": {"server"},
    "uvicorn": {"server"},
    "prometheus_client": {"server"},
    "pytest": {"contract", "pytest_plugin"},
}
HEAVY = [*ONLY.keys() - {"pytest"}, "scipy", "pandas", "sklearn", "sqlalchemy", "librosa", "onnxruntime"]


def room(path: Path) -> str:
    """The module or package right under modellab that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


@dataclass(frozen=True)
class ParsedFile:
    """What the tests here ask of a file."""

    imported: tuple[str, ...]  # the full name of everything it imports, at its top or in a function
    lengths: dict[str, int]  # the lines of each function, decorators left out


@functools.cache
def parsed(path: Path) -> ParsedFile:
    """A file, parsed once for all tests."""
    found = list(statements(ast.parse(path.read_text(encoding="utf-8"))))
    functions = [node for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    where = path.relative_to(ROOT)  # and the line, for a file may have two of one name
    lengths = {f"{where}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    return ParsedFile(tuple(_imported(path, found)), lengths)


def statements(node: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below a node; `ast.walk` looks into expressions too, which takes thrice as long."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            yield child
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield from statements(child)


def imported(path: Path) -> tuple[str, ...]:
    return parsed(path).imported


def _imported(path: Path, found: Iterable[ast.stmt]) -> Iterator[str]:
    for node in found:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = [*path.relative_to(ROOT).parts[: -node.level], *([node.module] if node.module else [])]
            base = ".".join(home) if node.level else node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def module(path: Path) -> str:
    """`modellab.gate.speed` of its file; a package by its own name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


# ---------------------------------------------------------------------------- who imports whom


def test_every_room_has_its_layer() -> None:
    rooms = {room(path) for path in FILES} - {"__init__"}
    assert rooms == LEVEL.keys()
    assert sum(map(len, FLOORS)) == len(LEVEL), "each room is in one layer"


@pytest.mark.parametrize("name", sorted(LEVEL))
def test_imports_point_down(name: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {target}"
        for path in FILES
        if room(path) == name
        for target in imported(path)
        if target.startswith("modellab.") and (other := target.split(".")[1]) != name and LEVEL[other] <= LEVEL[name]
    ]
    assert wrong == []


def test_no_file_imports_in_a_circle() -> None:
    names = {module(path) for path in FILES}
    graph = {
        module(path): {
            target if target in names else target.rpartition(".")[0]
            for target in imported(path)
            if target.startswith("modellab.")
        }
        - {module(path)}
        for path in FILES
    }
    for targets in graph.values():
        targets &= names
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the circle


@pytest.mark.parametrize("library", ONLY)
def test_a_library_has_its_room(library: str) -> None:
    users = {room(path) for path in FILES if any(target.split(".")[0] == library for target in imported(path))}
    assert users <= ONLY[library]


def loaded(code: str, unwanted: Iterable[str]) -> list[str]:
    """Which of the `unwanted` modules a fresh Python holds when it has run `code`."""
    script = f"import sys\n{code}\nprint(*sorted({set(unwanted)!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.split()


def test_what_collection_imports_is_light() -> None:
    tasks = [module(path) for path in (PACKAGE / "tasks").glob("*.py")]
    names = ["modellab.pytest_plugin", "modellab.pytest_plugin.select", "modellab.plan.selection", *tasks]
    assert loaded(f"import {', '.join(names)}", HEAVY) == []


NOT_IN_A_WORKER = [  # its parent has read config.yaml and dataset.yaml; what few models need they import
    *("modellab.datasets", "modellab.gate", "modellab.models.model_folders", "modellab.models.servers"),
    *("modellab.audio.preprocessing", "modellab.plan", "modellab.results", "modellab.schema", "modellab.stats"),
    *("asyncio", "filelock", "http.client", "pydantic", "sqlite3", "ssl", "statistics", "yaml"),
]


def test_a_worker_imports_no_more_than_it_needs() -> None:
    """There is one for each case, and its start is most of what a short case costs."""
    assert loaded("import modellab.worker", [*HEAVY, *NOT_IN_A_WORKER]) == []


COMMANDS = {  # what a command prints without computing anything -> what it has no need of, besides the heavy ones
    "--help": ("numpy", "pydantic", "rich", "yaml"),
    "--no-such-option": ("numpy", "pydantic", "rich", "yaml"),
    "history": ("numpy", "rich", "yaml"),
    "results": ("huggingface_hub", "filelock"),
    "models list": (),
    "datasets list": ("huggingface_hub",),
    "baselines list": ("huggingface_hub",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_computes_nothing_imports_little(command: str) -> None:
    code = f"""
from contextlib import redirect_stdout, redirect_stderr, suppress
from io import StringIO
from modellab.cli import app
sys.argv = ["modellab", *{command.split()!r}]
with redirect_stdout(StringIO()), redirect_stderr(StringIO()), suppress(SystemExit):
    app.main()"""
    heavy = {*HEAVY, "asyncio", "fastapi"} - {"typer", "huggingface_hub", "pyannote"}  # two say where weights are
    assert loaded(code, heavy | {*COMMANDS[command]}) == []


def test_the_commands_for_tokens_need_no_web_framework() -> None:
    assert loaded("import modellab.server.access.__main__", {"fastapi", "starlette", "uvicorn", "mlflow"}) == []


# ---------------------------------------------------------------------------- how long things are

WRITTEN = sorted(
    path for folder in ("modellab", "tests", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_no_file_is_longer_than_300_lines() -> None:
    assert {str(path.relative_to(ROOT)): length for path in WRITTEN if (length := lines(path)) > 300} == {}
    assert statistics.median(map(lines, FILES)) <= 120


def test_no_function_is_longer_than_50_lines() -> None:
    lengths = {name: length for path in WRITTEN for name, length in parsed(path).lengths.items()}
    assert {name: length for name, length in lengths.items() if length > 50} == {}
    own = [length for path in FILES for length in parsed(path).lengths.values()]
    assert statistics.quantiles(own, n=10)[8] <= 25


# ---------------------------------------------------------------------------- what is explained


def public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """The public functions and classes at the top of a file, and their methods; what a property is, its name says."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            for item in node.body if isinstance(node, ast.ClassDef) else []:
                if isinstance(item, ast.FunctionDef) and not item.name.startswith("_") and not is_short(item):
                    yield item


def is_short(method: ast.FunctionDef) -> bool:
    """A property, or the `...` of a protocol whose class says it all."""
    return (
        any(ast.unparse(name) == "property" for name in method.decorator_list) or ast.unparse(method.body[0]) == "..."
    )


@pytest.mark.parametrize("name", ["metrics", "tasks", "gate", "types", "errors"])
def test_numbers_and_nouns_are_explained(name: str) -> None:
    silent = []
    for path in FILES:
        if room(path) == name:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            silent += [f"{path.name}: {node.name}" for node in public(tree) if not ast.get_docstring(node)]
            silent += [] if ast.get_docstring(tree) else [path.name]
    assert silent == []


@pytest.mark.parametrize("folder", sorted({path.parent for path in FILES if path.name == "__init__.py"} - {PACKAGE}))
def test_a_package_says_where_to_start(folder: Path) -> None:
    if len(list(folder.iterdir())) > 1 and not (folder / "adapter.py").exists():
        said = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
        start = re.search(r"Start reading at `([^`]+)`", said)
        assert start, said
        assert (folder / start[1]).exists()


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.name == "__init__.py"], ids=lambda path: path.parent.name
)
def test_a_package_names_files_that_it_has(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    named = re.findall(r"(?<![\w/.])[a-z_]+\.py\b", text)
    assert [name for name in named if not list(path.parent.rglob(name))] == []
