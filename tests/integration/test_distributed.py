"""Workers that share a dataset, through pytest: the same scorecard, and how to go on where it was not finished."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys

import psutil
import pytest

from tests import processes

from ..runner.distributed.test_shared_folder import wait_for
from .conftest import FakeProject


@pytest.mark.slow
def test_an_unfinished_run_is_partial_and_says_how_to_go_on(fake_project: FakeProject) -> None:
    fake_project.behave(exit_on=2)
    adapter = fake_project.model / "adapter.py"
    whole = adapter.read_text()
    adapter.write_text(
        whole.replace('if n == does.get("exit_on")', "if n >= 2")
    )  # each process dies behind its warm-up
    result = fake_project.run_subprocess("--executor", "local:1", "--shard-audio", "3")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*PARTIAL: 0 of 8 utterances are done and none is judged (--resume * goes on)*"])
    result.stdout.fnmatch_lines(
        ["*Nothing was measured, 1 PARTIAL in 1 case: every case is PARTIAL, go on with --resume"]
    )
    (partial,) = fake_project.ledger()
    assert (partial["status"], partial["result"], partial["verdicts"]) == ("PARTIAL", None, [])
    text = result.stdout.str()
    session = text.split("--resume=")[1].split()[0]
    assert f" --executor local:1 --shard-audio 3 --resume={session}" in text
    adapter.write_text(whole)
    fake_project.behave()
    result = fake_project.run_subprocess("--executor", "local:2", "--resume", session)
    assert result.ret == 0
    (done,) = [line for line in fake_project.ledger() if line["session"] == session and line["result"]]
    assert len(done["result"]["utterances"]) == 8
    assert json.dumps(done)


@pytest.mark.slow
def test_batches_are_asked_for_on_the_command_line(fake_project: FakeProject) -> None:
    adapter = fake_project.model / "adapter.py"
    several = "\n\nFake.transcribe_batch = lambda self, every: [self.transcribe(each) for each in every]\n"
    adapter.write_text(adapter.read_text() + several)
    fake_project.configure(batches=True)
    result = fake_project.run_subprocess("--executor", "local:1", "--batch", "4")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*fake:one+batch4-*in batches of 4 or one at a time: the same outputs in all 8*"])
    (line,) = fake_project.ledger()
    assert line["key"]["variant"] == "one+batch4"
    assert line["result"]["readings"]["batch"] == 4


def test_options_that_contradict_each_other_are_one_sentence(fake_project: FakeProject) -> None:
    result = fake_project.run("--executor", "local:2", "-n", "2")
    result.stderr.fnmatch_lines(["*--executor shares utterances among workers, -n cases*"])
    for name, sentence in (("rai:auto", "did you mean ray?"), ("local:0", "local:N with 1 or more workers")):
        result = fake_project.run("--executor", name)
        result.stderr.fnmatch_lines([f"*executor is '{name}': *{sentence}*"])
        assert "Traceback" not in result.stderr.str()
        assert fake_project.ledger() == [], "told before anything is measured"
    result = fake_project.run("--batch", "4")
    result.stderr.fnmatch_lines(["*batch is for runs with an executor*"])
    result = fake_project.run("--workers", "0")
    result.stderr.fnmatch_lines(["*workers is for runs with an executor*"])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_is_partial_and_leaves_nobody_behind(
    fake_project: FakeProject, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM to the one that controls: what is done is kept, and the command that goes on is shown."""
    fake_project.configure(timeout_s=600)
    fake_project.behave(once_on=4, code="while True: time.sleep(60)")  # the first worker's fourth call does not end
    command = [sys.executable, "-m", "pytest", "benchmarks", "-k", "fake", "--no-mlflow", "-p", "no:cacheprovider"]
    command += ["--executor", "local:2", "--shard-audio", "3"]
    process = subprocess.Popen(command, cwd=fake_project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for((fake_project.model / "once").exists)
    below = psutil.Process(process.pid).children(recursive=True)
    assert below
    process.send_signal(number)
    text = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 3, text
    name = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}[number]
    assert re.search(rf"PARTIAL: \d of 8 utterances .*none is judged .*stopped by {name}", text), text
    psutil.wait_procs(below, timeout=20)
    assert processes.alive(below) == []
    (partial,) = fake_project.ledger()
    assert (partial["status"], partial["result"]) == ("PARTIAL", None)
    session = text.split("--resume=")[1].split()[0]
    result = fake_project.run_subprocess("--executor", "local:1", "--resume", session)
    assert result.ret == 0
    (done,) = [line for line in fake_project.ledger() if line["session"] == session and line["result"]]
    assert len(done["result"]["utterances"]) == 8


@pytest.mark.slow
def test_one_that_is_stopped_while_its_sample_is_timed_is_partial(fake_project: FakeProject) -> None:
    """Behind the workers' pass, too: what they have computed is kept, and nothing of it is computed again."""
    fake_project.configure(timeout_s=600)
    adapter = fake_project.model / "adapter.py"
    whole = adapter.read_text()
    timed = "if n == 4 and len((HERE / 'loads.log').read_text().splitlines()) == 2:\n            "
    hangs = "(HERE / 'once').touch()\n            while True: time.sleep(60)\n        "
    adapter.write_text(whole.replace("if n in does.get", timed + hangs + "if n in does.get", 1))
    command = [sys.executable, "-m", "pytest", "benchmarks", "-k", "fake", "--no-mlflow", "-p", "no:cacheprovider"]
    command += ["--executor", "local:1"]
    process = subprocess.Popen(command, cwd=fake_project.root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    wait_for((fake_project.model / "once").exists)
    process.send_signal(signal.SIGTERM)
    text = process.communicate(timeout=120)[0].decode()
    assert process.returncode == 3, text
    (partial,) = fake_project.ledger()
    assert (partial["status"], partial["result"]) == ("PARTIAL", None)
    session = text.split("--resume=")[1].split()[0]
    kept = f"PARTIAL: what workers have computed is kept and none of it is judged (--resume {session} goes on)"
    assert partial["error"] == f"{kept}: stopped by SIGTERM"
    adapter.write_text(whole)
    result = fake_project.run_subprocess("--executor", "local:2", "--resume", session)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*8 of 8 utterances were computed before, and not again*"])
