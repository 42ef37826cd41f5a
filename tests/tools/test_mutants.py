"""The sampler of small changes: what it changes and what not, which tests a change is put to, and what it prints."""

from __future__ import annotations

import ast
import subprocess
import textwrap
from pathlib import Path

import pytest

from tools.mutants import __main__ as mutants
from tools.mutants import trial
from tools.mutants.changes import changes
from tools.mutants.trial import ROOT


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = a + b", ["x = a - b"]),
        ("x = (a) / (  # b * c\n    b)", ["x = (a) * (  # b * c"]),
        ("x //= k", ["x /= k"]),
        ("x = a <= b", ["x = a < b"]),
        ("x = a < b in c", ["x = a <= b in c", "x = a < b not in c"]),
        ("x = a is  not None", ["x = a is None"]),
        ("x = a and b and c", ["x = a or b and c", "x = a and b or c"]),
        ("x = not a", ["x = a"]),
        ("x = -a", ["x = a"]),
        ("x = 0", ["x = 1"]),
        ("x = 0.5", ["x = 1.5"]),
        ("x = True", ["x = False"]),
        ("x = 'é' * n", ["x = 'é' / n"]),
        ("x = f'{a - b:.2f}'", ["x = f'{a + b:.2f}'"]),
        ("x = min(a)", ["x = max(a)"]),
        ("x = [a for a in b if f(a)]", ["x = [a for a in b if not f(a)]"]),
        ("x = a if b else c", ["x = a if not b else c"]),
        ("def f():\n    return a", ["    return None"]),
        ("while a:\n    break", ["while not a:", "    continue"]),
    ],
)
def test_what_is_changed(line: str, expected: list[str]) -> None:
    assert [change.after for change in changes("a.py", line.encode())] == expected


@pytest.mark.parametrize(
    "line",
    [
        '"""Words."""',
        "x: int | None",
        "def f(a: int | None) -> int | None: ...",
        "@cache(1)\ndef f(): ...",
        "assert 1 < 2",
        "type Pair = int | str",
        "if TYPE_CHECKING:\n    x = 1",
        "zip(a, b, strict=True)",
        "def f():\n    return None",
        "x = 'a'",
    ],
)
def test_what_stays(line: str) -> None:
    assert changes("a.py", line.encode()) == []


@pytest.mark.parametrize("room", mutants.ROOMS)
def test_every_change_of_the_package_is_another_program(room: str) -> None:
    sample = mutants.drawn(room, seed=1, count=40)
    assert len(set(sample)) == 40
    for change in sample:
        source = (ROOT / change.file).read_bytes()
        assert ast.dump(ast.parse(change.applied(source))) != ast.dump(ast.parse(source))


def test_a_seed_draws_the_same_again_and_another_seed_others() -> None:
    first = mutants.drawn("stats", 1, 20)
    assert mutants.drawn("stats", 1, 20) == first
    assert mutants.drawn("stats", 2, 20) != first


def test_what_is_called_equivalent_can_still_be_drawn() -> None:
    """A line that changed takes its entry with it: what was said of the old one need not hold."""
    for file, before, after in mutants.equivalents():
        keys = {change.key for change in changes(file, (ROOT / file).read_bytes())}
        assert (file, before, after) in keys, "no such change any more: remove or renew its entry"


def test_a_room_without_tests_of_its_own_is_refused() -> None:
    with pytest.raises(SystemExit, match="nothing is no package"):
        mutants.folders("nothing")


def test_a_change_is_put_to_the_tests_that_call_its_function_the_quickest_first() -> None:
    source = "x = 1\n@cached\n" + "".join(f"def {name}():\n    return a\n" for name in "fghi")
    outside, decorated, g, h, i = changes("a.py", source.encode())
    calls = {("a.py", 5): {"slow", "quick"}, ("a.py", 7): {"", "slow"}}
    tests = trial.Tests({"slow": 2.0, "quick": 0.1, "other": 0.2}, calls)
    everything = ["quick", "other", "slow"]
    assert [tests.of(change) for change in (outside, decorated, g, h, i)] == [
        everything, everything, ["quick", "slow"], everything, [],
    ]  # fmt: skip


PROJECT = {
    "conftest.py": "",
    "pyproject.toml": "[tool.pytest.ini_options]\n",
    "modellab/__init__.py": "",
    "modellab/contract/__init__.py": "",
    "modellab/contract/option.py": "",  # what pytest loads of the installed package
    "modellab/room.py": """
        def half(n):
            return n // 2


        def most(n):
            while n > 9:
                n = n - 1
            return n


        def unasked(n):
            return n + 1
        """,
    "tests/room/test_room.py": """
        from modellab.room import half, most


        def test_half():
            assert half(4) == 2


        def test_most():
            assert most(12) == 9
        """,
}


@pytest.mark.slow
def test_it_tells_what_tests_see_and_leaves_the_project_alone(tmp_path: Path) -> None:
    """In a process of its own, as it is run: it takes over the import path."""
    project, copy = tmp_path / "project", tmp_path / "copy"
    for name, text in PROJECT.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(textwrap.dedent(text).lstrip())
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    subprocess.run(["git", "add", "."], cwd=project, check=True)
    before = {path: path.read_bytes() for path in project.rglob("*.py")}
    source = (project / "modellab/room.py").read_bytes()
    with trial.copied(copy, project):
        tests = trial.unchanged(copy, ["tests/room"], least_s=1)
        found = {
            change.after.strip(): trial.seen(copy, change, tests) for change in changes("modellab/room.py", source)
        }
    assert found == {
        "return None": False,  # of the function that no test calls; the others are seen
        "return n / 2": False,  # 2.0 is 2
        "return n // 3": True,
        "while n >= 9:": True,
        "while n > 10:": True,
        "n = n + 1": True,  # comes to no end
        "n = n - 2": True,
        "return n - 1": False,
        "return n + 2": False,
    }
    assert (copy / "modellab/room.py").read_bytes() == source
    assert {path: path.read_bytes() for path in project.rglob("*.py")} == before
