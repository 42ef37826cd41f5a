"""The suite through pytest and as a function: the same ledger, the same headline, the same exit status."""

from __future__ import annotations

import json
import shutil
from typing import Any

from modellab.runner.run import run
from modellab.runner.settling import REGRESSED

from ..runner.suites import CALM, CRASH, ONE, behave, one_word_worse
from .conftest import FakeProject, write_model

UNLIKE = {"id", "session", "started_at", "finished_at"}


def comparable(line: dict[str, Any]) -> dict[str, Any]:
    """A ledger line without ids and clocks, and without what the memory of a process decides."""
    kept = {name: value for name, value in line.items() if name not in UNLIKE}
    for verdict in kept["verdicts"]:
        if verdict["kind"] in {"speed", "memory"}:
            del verdict["now"]
    if kept["result"]:
        kept["result"]["readings"] = sorted(kept["result"]["readings"])
        for utterance in kept["result"]["utterances"]:
            del utterance["wall_s"], utterance["cpu_s"]
    kept["error"] = kept["error"].splitlines()[:1]  # below it the end of the worker's log
    return kept


def test_through_pytest_the_ledger_is_the_same_but_for_ids_and_clocks(fake_project: FakeProject) -> None:
    root = fake_project.root
    (root / "pyproject.toml").write_text('[tool.modellab]\nmodels = ["models"]\n[tool.pytest.ini_options]\n')
    for name in ("fake_calm", "fake_crash"):
        write_model(root / "models" / name)
    fake_project.machine = "a-machine"
    fake_project.accept()
    one_word_worse(root, "fake")
    behave(root, "fake_crash", segfault_on=4)
    fake_project.machine = "another"
    through_pytest = fake_project.run()
    by_pytest = fake_project.ledger()[3:]
    shutil.rmtree(root / "mlruns")
    result = run([ONE, CALM, CRASH], root)
    assert result.exit_status == through_pytest.ret == REGRESSED
    through_pytest.stdout.fnmatch_lines([result.headline])
    ours = [json.loads(line) for line in result.ledger.read_text().splitlines()]
    assert [comparable(line) for line in ours] == [comparable(line) for line in by_pytest]
    assert len(ours) == 4, "three cases, one of which the suite's test has turned"
