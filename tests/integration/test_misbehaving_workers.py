"""A worker that misbehaves in the third call of the first of three cases: that case is one ERROR with its cause, the
others pass in a fresh worker.
"""

from __future__ import annotations

import pytest

from .conftest import FakeProject
from .test_one_error import BROKEN, three_cases

__all__ = ["three_cases"]
REPLY = "os.write(int(sys.argv[2]), {!r})"  # the worker's own pipe
CHILD = "import subprocess; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep({})'], {}); "


def misbehave(project: FakeProject, code: str, timeout_s: float | str = 20, call: int = 3) -> pytest.RunResult:
    project.configure(timeout_s=timeout_s)
    project.behave(once_on=call, code=code)
    return project.run()


def assert_one_error(project: FakeProject, result: pytest.RunResult, words: str) -> str:
    """Case 1 is an ERROR that says these words, 2 and 3 pass in one fresh worker. The error's text."""
    outcomes = result.parseoutcomes()
    assert (outcomes.get("passed"), outcomes.get("failed")) == (2, 1), result.stdout.str()
    assert result.ret == BROKEN
    entries = project.ledger()
    assert [entry["status"] for entry in entries] == ["ERROR", "NEW", "NEW"]
    assert words in entries[0]["error"]
    assert words.splitlines()[0] in result.stdout.str()
    assert [line.split()[1] for line in project.loads()] == sorted(
        {line.split()[1] for line in project.loads()}, key=int
    )
    assert len(project.loads()) == 2, "the second worker is a fresh one"
    return str(entries[0]["error"])


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param(REPLY.format(b"garbage\n"), "the worker wrote 'garbage' where a reply was expected", id="garbage"),
        pytest.param(
            REPLY.format(b"{}\n"),
            "the worker wrote '{}' where a reply was expected",
            id="an empty object",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "os.fork()",
            "the model forked during 'utterance', and both processes answer",
            id="fork",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "said['text'] = 'a' * (17 << 20)",
            "the worker's reply has 17.0 MiB so far",
            id="a long text",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            CHILD.format(60, "close_fds=False") + "os.kill(os.getpid(), signal.SIGKILL)",
            "the worker died during 'utterance': killed by SIGKILL",
            id="dies and leaves a child with the pipe",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "class Odd(Exception):\n    def __str__(self): raise ValueError('no words')\nraise Odd",
            "the model raised Odd: (what it says cannot be told: its __str__ raised ValueError)",
            id="raises what cannot be told",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_what_is_no_reply_is_one_error(three_cases: FakeProject, code: str, words: str) -> None:
    assert_one_error(three_cases, misbehave(three_cases, code), words)


@pytest.mark.slow
def test_bytes_without_an_end_do_not_outwit_the_timeout(three_cases: FakeProject) -> None:
    code = "while True: os.write(int(sys.argv[2]), b' ' * 1000); time.sleep(0.01)"
    result = misbehave(three_cases, code, timeout_s=1)
    assert_one_error(three_cases, result, "no answer to 'utterance' within 1 s: the worker was killed")


@pytest.mark.slow
def test_much_on_stdout_disturbs_nothing(three_cases: FakeProject) -> None:
    result = misbehave(three_cases, "sys.stdout.write('line\\n' * 2**24)")
    assert result.ret == 0
    assert [entry["status"] for entry in three_cases.ledger()] == ["NEW"] * 3


def test_the_workers_secrets_stay_where_they_are(
    three_cases: FakeProject,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2-hunter2")
    result = misbehave(three_cases, "print('it is', os.environ.get('MLFLOW_TRACKING_PASSWORD')); sys.exit(1)")
    error = assert_one_error(three_cases, result, "it exited with status 1")
    assert "  | it is None" in error
    monkeypatch.setenv("TINY_TOKEN", "s3cr3t-tiny")
    three_cases.configure(environment_variables=["TINY_TOKEN"])
    (three_cases.model / "once").unlink()
    three_cases.behave(once_on=3, code="raise_ = os.environ['TINY_TOKEN']; print(raise_); raise SystemExit(raise_)")
    result = three_cases.run()
    assert result.ret == BROKEN
    assert "s3cr3t-tiny" not in result.stdout.str()
    assert "s3cr3t-tiny" not in "".join(path.read_text() for path in (three_cases.root / "mlruns").rglob("*.jsonl"))
    assert "  | ***" in three_cases.ledger()[-3]["error"]


@pytest.mark.slow
def test_the_longest_timeout_overflows_nothing(three_cases: FakeProject) -> None:
    result = misbehave(three_cases, "os.kill(os.getpid(), signal.SIGKILL)", timeout_s=86_400)
    assert_one_error(three_cases, result, "killed by SIGKILL")
