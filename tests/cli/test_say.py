"""Everything that the command line says goes through one function, in which no foreign text takes effect."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modellab.cli import common
from modellab.reports import terminal
from modellab.system import escape, folding

from .conftest import Desk

PACKAGE = Path(common.__file__).parents[1]
RAW = {"echo", "secho", "print", "write_line", "line"}  # what prints: of typer, click, Python, pytest's terminal
PRINTERS = {"typer", "click", "sys.stdout", "sys.stderr", "terminalreporter", "terminal", "reporter"}
MAY = {  # and why
    "cli/common.py": "say and put themselves, and rich's table of escaped cells",
    "reports/terminal.py": "pytest's terminal behind escape.lines",
    "reports/scorecard/progress.py": "moves the cursor",
    "models/conversion/__main__.py": "answers its parent process",
    "runner/distributed/slurm.py": "writes the log of a member of an array of jobs",
    "server/serving.py": "says why it does not start, before there is anybody else",
    "server/access/__main__.py": "answers its parent process",
    "server/jobs/executor.py": "tells its parent process what came of sending results",
    "server/jobs/work.py": "says why it does not start and what it waits for, to whoever started it",
    "server/results/reindex.py": "answers its parent process",
    "models/taught.py": "tells whoever teaches a checkpoint anew what came of it",
    "tracking/__main__.py": "answers its parent process in JSON and repr",
}
EVIL = "\x1b]0;title\x07\x9b31m\u202egnp\r::error::x ##[stop-commands]y"


def raw_prints(path: Path) -> Iterator[int]:
    """The lines on which something is printed past `say`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name not in RAW | {"write"}:
            continue
        called = ast.unparse(node.func)
        if called in {"print", "console.print"} or called.rpartition(".")[0] in PRINTERS:
            yield node.lineno


def test_nobody_prints_past_it() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}:{line}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if str(path.relative_to(PACKAGE)) not in MAY
        for line in raw_prints(path)
    }
    assert not found, "say it with common.say, or hand data to common.put"


def test_what_may_print_does() -> None:
    for name in MAY:
        assert any(raw_prints(PACKAGE / name)), f"{name} prints nothing any more: take it off the list"


def test_what_is_said_takes_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    common.say(f"{EVIL}\n::stop-commands::z")
    common.say(ValueError(EVIL), err=True)
    for text in capsys.readouterr():
        assert not set(text) & set("\x1b\x07\x9b\u202e\r")
        assert "\n::" not in f"\n{text}"
        assert "##[" not in text


WORDS = st.lists(st.text(alphabet="ab`é.-", min_size=1, max_size=30), min_size=1, max_size=30)


@given(words=WORDS, width=st.integers(20, 80), column=st.integers(0, 10))
def test_folding_loses_no_word_and_keeps_to_the_width(words: list[str], width: int, column: int) -> None:
    shown = folding.folded(" ".join(words), width, column)
    assert shown.split() == " ".join(words).split()
    for at, line in enumerate(shown.splitlines()):
        whole = len(line.split()) <= 1 or "`" in line
        assert whole or len(line) + (column if at == 0 else 0) <= width


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short", "short"),
        ("", ""),
        ("\n  area\n", "\n  area\n"),
        ("  name: it has more to say", "  name: it has\n    more to say"),
        ("say `modellab run --all` now", "say\n  `modellab run --all`\n  now"),
        ("  -> pip install 'modellab[whisper]'", "  -> pip install 'modellab[whisper]'"),
        ("at sha256:0123456789abcdef", "at\n  sha256:0123456789abcdef"),
    ],
)
def test_what_is_folded_and_what_is_not(text: str, expected: str) -> None:
    assert folding.folded(text, 16) == expected


@pytest.mark.parametrize("is_terminal", [True, False])
def test_only_a_terminal_gets_folded_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("NO_COLOR", "1")
    common.say("state ", nl=False)
    common.say("name: what was found here", column=6)
    common.say("to stderr, which is a file, so whole", err=True)
    said = "state name: what was\n        found here\n" if is_terminal else "state name: what was found here\n"
    assert capsys.readouterr() == (said, "to stderr, which is a file, so whole\n")


def test_no_line_of_a_table_in_a_file_ends_in_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    common.print_table(["name", "note"], [["one", "a longer note"], ["two", ""]])
    assert capsys.readouterr().out == "name  note\none   a longer note\ntwo\n"


def test_a_cell_with_a_colour_is_no_exception(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.text import Text

    common.print_table(["a", "b"], [["plain", Text(EVIL, "red")]])
    assert not set(capsys.readouterr().out) & set("\x07\x9b\u202e\r")


class Screen:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def write_line(self, text: str, **_: bool) -> None:
        self.lines.append(text)


def test_sentences_of_pytest_are_folded_at_a_terminal_and_what_is_set_in_is_not() -> None:
    screen = Screen()
    screen.isatty, screen._tw = True, SimpleNamespace(fullwidth=20)  # type: ignore[attr-defined]
    for line in ("note: what was found here", "  ref  as  long  as  it  is"):
        terminal.writer(screen)(line)
    assert screen.lines == ["note: what was found\n  here", "  ref  as  long  as  it  is"]


def test_nor_does_what_pytest_shows() -> None:
    screen = Screen()
    terminal.writer(screen)(EVIL, red=True)
    assert screen.lines == [escape.lines(EVIL)]


@given(st.text(), st.text(alphabet=EVIL))
def test_printed_json_says_the_same_without_effect(plain: str, evil: str) -> None:
    shown = escape.json_text(json.dumps({"a": plain + evil}, ensure_ascii=False))
    assert escape.ODD.search(shown) is None
    assert json.loads(shown) == {"a": plain + evil}


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_a_transcript_takes_no_effect(desk: Desk, arguments: tuple[str, ...]) -> None:
    folder = desk.root / "models" / "fake"
    answers = json.loads((folder / "answers.json").read_text())
    (folder / "answers.json").write_text(json.dumps(dict.fromkeys(answers, f"light {EVIL}")))
    result = desk.type("transcribe", desk.audio(), "--model", "fake", *arguments)
    assert result.exit_code == 0
    assert not set(result.stdout) & set("\x1b\x07\x9b\u202e\r")
    if arguments:
        assert json.loads(result.stdout)["text"] == f"light {EVIL}"


def test_a_summary_of_a_model_and_a_broken_dataset_take_no_effect(desk: Desk) -> None:
    desk.model("fake", summary=f"fake {EVIL}")
    (desk.root / "golden" / "torn_v1").mkdir()
    (desk.root / "golden" / "torn_v1" / "dataset.yaml").write_text(f"task: {json.dumps(EVIL)}\n")
    for arguments in (("models", "fake"), ("models",), ("datasets",), ("datasets", "validate")):
        result = desk.type(*arguments)
        assert not set(result.stdout + result.stderr) & set("\x1b\x07\x9b\u202e\r"), arguments
