"""The script that kills what writes results: a few kills here, two hundred by hand."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from modellab.results import ledger
from modellab.tracking import store, syncing
from tools import tracking_kills

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow's own imports warn, and what it leaves open is its affair


@pytest.mark.slow
def test_a_few_kills_lose_nothing_and_double_nothing():
    """In a process of its own: it forks, and the tests have threads."""
    command = [sys.executable, "-m", "tools.tracking_kills", "--kills", "6", "--seed", "3"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tracking_kills.ROOT)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(r"6 kills \(seed 3\)", done.stdout)
    assert done.stdout.endswith("the store equals the ledger: nothing lost, nothing twice\n")


def test_the_script_sees_what_is_lost_and_what_came_twice(tmp_path, empty_database, client_class):
    folder = tmp_path / "mlruns"
    book = ledger.Ledger(folder, "s1")
    made = [tracking_kills.entry("s1", number) for number in range(4)]
    for entry in made:
        book.append(entry)
    (folder / "mlflow.db").write_bytes(empty_database.read_bytes())
    syncing.sync(folder, store.own(folder))
    known = {entry.id for entry in made}
    assert tracking_kills.differences(folder, known) == []

    client = client_class(store.own(folder))
    experiment = client.get_experiment_by_name("asr").experiment_id
    first, second = client.search_runs([experiment])
    client.log_metric(first.info.run_id, "wer/asr_smoke_v1", 0.5, step=9)
    client.create_run(experiment, tags=first.data.tags)
    client.delete_tag(second.info.run_id, next(tag for tag in second.data.tags if tag.startswith("modellab.entry.")))

    found = tracking_kills.differences(folder, known | {"gone"})

    assert found[0] == "1 results lost by the ledger"
    assert [line.partition(":")[0] for line in found[1:]] == [
        "runs",
        "metrics",
        "marks of entries",
        "entries read back are not the ledger's",
    ]
    assert "0 lost, 1 too many" in found[2]
