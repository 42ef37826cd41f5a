"""A copy of the project in which one file at a time is changed, and its tests, each run in a forked process.

The working tree is only read: whatever ends the program leaves nothing but a folder of temporary files. The forked
process finds pytest and the libraries loaded, and the package not.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import pytest

from tools.mutants.changes import Change, Where

ROOT = Path(__file__).parents[2]
COPIED = ("conftest.py", "modellab", "pyproject.toml", "tests", "tools")  # the rest of the project is linked
EVERY_TEST = ""  # the name of what runs while tests are collected: all of them depend on it
OWN = ("conftest", "modellab", "tests", "tools")
MEMORY = 6 << 30  # bytes of address space: a changed loop takes all there is
TOLD = 3000  # characters of what pytest said
LEAST_S, TIMES = 30, 10  # a change is given 30 s and ten times the seconds that its tests took unchanged


@dataclass(slots=True)
class Tests:
    """What the tests of a room took and called, unchanged."""

    seconds: dict[str, float]  # test -> how long it took
    calls: dict[Where, set[str]]  # function -> the tests that call it
    least_s: float = LEAST_S

    def of(self, change: Change) -> list[str]:
        """The tests that a change is put to, the quickest first."""
        reached = set(self.seconds) if change.function is None else self.calls.get(change.function, set())
        return sorted(self.seconds if EVERY_TEST in reached else reached, key=lambda test: (self.seconds[test], test))


@contextlib.contextmanager
def copied(folder: Path, root: Path = ROOT) -> Iterator[Path]:
    """A copy of the project's files as git knows them, at `folder`."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        top = name.partition("/")[0]
        if top in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
        elif not (folder / top).is_symlink():
            (folder / top).symlink_to(root / top)
    yield folder


def unchanged(copy: Path, folders: list[str], least_s: float = LEAST_S) -> Tests:
    """Run a room's tests as they are, and see which calls what. SystemExit where one of them fails."""
    told = copy / "unchanged.json"
    code = _forked(copy, folders, lambda: [_Watch(copy, told)], None)
    if code != 0:
        log = (copy / "pytest.log").read_text(encoding="utf-8", errors="replace")
        raise SystemExit(
            f"{log[-TOLD:]}\nthe tests in {' '.join(folders)} fail without any change (exit status {code})"
        )
    facts = json.loads(told.read_text(encoding="utf-8"))
    calls = {(file, line): set(tests) for file, line, tests in facts["calls"]}
    _load(facts["modules"])
    tests = Tests(facts["seconds"], calls, least_s)
    code = _put_to(copy, sorted(tests.seconds, key=tests.seconds.__getitem__)[:20], tests)
    if code != 0:
        raise SystemExit(f"tests in {' '.join(folders)} fail when run alone (pytest's exit status {code})")
    return tests


def seen(copy: Path, change: Change, tests: Tests) -> bool:
    """Whether one of the room's tests fails, or comes to no end, once the change is made."""
    chosen = tests.of(change)
    if not chosen:
        return False
    path = copy / change.file
    source, times = path.read_bytes(), path.stat()
    path.write_bytes(change.applied(source))
    try:
        return _put_to(copy, chosen, tests) != 0
    finally:
        path.write_bytes(source)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # the compiled file stays that of the source


def _put_to(copy: Path, chosen: list[str], tests: Tests) -> int:
    files = list(dict.fromkeys(test.partition("::")[0] for test in chosen))
    limit_s = tests.least_s + TIMES * sum(tests.seconds[test] for test in chosen)
    return _forked(copy, ["-x", *files], lambda: [_Chosen(chosen)], int(limit_s))


def _load(modules: Collection[str]) -> None:
    """Import the libraries that the tests import, once for all."""
    for name in modules:
        top = name.partition(".")[0]
        if top not in OWN and not any(word in top for word in ("pytest", "test_", "xdist", "anyio")):
            with contextlib.suppress(ImportError):  # some are made by others as they are imported
                importlib.import_module(name)


def _forked(copy: Path, arguments: list[str], plugins: Callable[[], list[object]], limit_s: int | None) -> int:
    """Pytest's exit status, run in the copy by a process of its own; -9 or the like where it was ended."""
    process = os.fork()
    if process == 0:
        code = 70
        try:
            os.setpgid(0, 0)
            gc.freeze()  # what the parent holds is gone through by no collection here
            code = _run(copy, arguments, plugins(), limit_s)
        except Exception:  # noqa: BLE001 - the process ends here, and must say why
            traceback.print_exc()
        finally:
            os._exit(code)
    started = time.monotonic()
    try:
        while True:
            done, status = os.waitpid(process, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if limit_s is not None and time.monotonic() - started > 10 * limit_s:  # it waits, and for what?
                os.killpg(process, signal.SIGKILL)
            time.sleep(0.02)
    except BaseException:  # Ctrl-C: the child is in a group of its own
        os.killpg(process, signal.SIGKILL)
        raise


def _run(copy: Path, arguments: list[str], plugins: list[object], limit_s: int | None) -> int:
    os.chdir(copy)
    sys.path[:] = [str(copy), *(path for path in sys.path if path not in ("", str(ROOT)))]
    for name in [name for name in sys.modules if name.partition(".")[0] in OWN and not name.startswith("tools")]:
        del sys.modules[name]
    os.environ["PYTHONPATH"] = str(copy)
    if limit_s is not None:
        sys.dont_write_bytecode = True
        resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s + 5))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with (copy / "pytest.log").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is loaded already
    return int(
        pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *quiet, *arguments], plugins=plugins)
    )


class _Chosen:
    """Only these tests, in this order."""

    def __init__(self, tests: list[str]) -> None:
        self.order = {test: i for i, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        chosen = sorted((item for item in items if item.nodeid in self.order), key=lambda i: self.order[i.nodeid])
        items[:] = chosen or items


class _Watch:
    """Notes which functions of the package each test calls, how long it takes, and what was imported."""

    def __init__(self, copy: Path, told: Path) -> None:
        self.copy, self.told, self.test = f"{copy}/", told, EVERY_TEST
        self.seconds: dict[str, float] = {}
        self.calls: dict[Where, set[str]] = {}
        monitoring = sys.monitoring
        monitoring.use_tool_id(monitoring.COVERAGE_ID, "tools.mutants")
        monitoring.register_callback(monitoring.COVERAGE_ID, monitoring.events.PY_START, self._called)
        monitoring.set_events(monitoring.COVERAGE_ID, monitoring.events.PY_START)

    def _called(self, code: CodeType, _: int) -> object:
        if code.co_filename.startswith(self.copy):
            where = code.co_filename.removeprefix(self.copy), code.co_firstlineno
            self.calls.setdefault(where, set()).add(self.test)
        return sys.monitoring.DISABLE

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.test, began = item.nodeid, time.monotonic()
        sys.monitoring.restart_events()
        result = yield
        self.test, self.seconds[item.nodeid] = EVERY_TEST, time.monotonic() - began
        return result

    def pytest_sessionfinish(self) -> None:
        sys.monitoring.free_tool_id(sys.monitoring.COVERAGE_ID)
        calls = [(*where, sorted(tests)) for where, tests in self.calls.items()]
        facts = {"seconds": self.seconds, "calls": calls, "modules": sorted(sys.modules)}
        self.told.write_text(json.dumps(facts), encoding="utf-8")
