"""Utterances that go to the model several at a time: a case of its own, the same company whoever computes it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from modellab import datasets
from modellab.errors import ConfigError
from modellab.plan.matrix import Matrix
from modellab.plan.settings import Project
from modellab.plan.thresholds import rules
from modellab.results import baselines
from modellab.results.entry import Entry
from modellab.runner import orphans
from modellab.runner.distributed import batches as shard_batches
from modellab.runner.distributed.plan import environment
from modellab.runner.distributed.shard_worker import ShardWorker
from modellab.runner.options import RunOptions
from modellab.runner.run import RunResult, run
from modellab.tasks import asr
from modellab.types import Status

from ...integration.conftest import length
from ..suites import ONE, entries, write_project

BATCHED = "fake:one+batch3-short_v1-cpu-float32"
SEVERAL = """

class Several(Fake):
    def transcribe_batch(self, every):
        lengths = [len(each.samples) for each in every]
        with (HERE / "batches").open("a") as file:
            file.write(f"{lengths}\\n")
        return self.several(every, lengths)

    def several(self, every, lengths):
        return [self.transcribe(each) for each in every]
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    return batching(write_project(tmp_path, "fake"))


def batching(root: Path, more: str = "") -> Path:
    """The project with an adapter that takes several; `more` are further methods of its class."""
    model = root / "models" / "fake"
    plain = (model / "adapter.py").read_text().partition("\n\nclass Several")[0]
    (model / "adapter.py").write_text(f"{plain}{SEVERAL}{more}\n\nload = Several\n")
    config = yaml.safe_load((model / "config.yaml").read_text())
    (model / "config.yaml").write_text(yaml.safe_dump({**config, "batches": True}))
    return root


def shared(root: Path, **options: object) -> RunResult:
    return run([ONE], root, RunOptions(**{"executor": "local:1", "shard_audio_s": 6, "batch": 3, **options}))


def last(root: Path) -> Entry:
    return entries(root)[-1]


def said(entry: Entry) -> list[tuple[object, ...]]:
    """All of the utterances but their clocks."""
    assert entry.result is not None, entry.error
    return [(u.id, u.counts, u.output, u.error) for u in entry.result.utterances]


def batches(root: Path) -> list[list[int]]:
    """The lengths in each call of several."""
    file = root / "models" / "fake" / "batches"
    found = [yaml.safe_load(line) for line in file.read_text().splitlines()]
    file.unlink()
    return found


def test_a_batch_is_of_a_case_of_its_own_and_its_clocks_are_never_judged(root: Path) -> None:
    alone = run([ONE], root)
    single = said(last(root))
    result = shared(root, reason="the first", executor="local:2")
    entry = last(root)
    assert (str(entry.key), entry.session) == (BATCHED, result.session)
    assert alone.cases[0].key != result.cases[0].key
    assert said(entry) == single
    assert sorted(map(len, batches(root))) == [2, 3, 3]
    assert entry.result is not None
    assert all(math.isnan(u.wall_s) and math.isnan(u.cpu_s) for u in entry.result.utterances)
    assert entry.result.readings["batch"] == 3
    assert {"fleet_workers", "fleet_rtfx", "worker_rtfx"} <= entry.result.readings.keys()
    assert "in batches of 3 or one at a time: the same outputs in all 8 utterances" in entry.notes
    assert not {"rtf", "rtf_cpu", "peak_rss_bytes"} & {verdict.metric for verdict in entry.verdicts}
    matrix = Matrix(Project.at(root), "", 3)
    case = matrix.find(BATCHED)
    assert case is not None
    written = list((root / "baselines").rglob("*.json"))
    assert written == [baselines.quality_path(root / "baselines", entry.key)], "no speed of it is ever accepted"
    assert orphans.find(root / "baselines", Matrix(Project.at(root)).cases("asr")) == []
    assert shared(root).cases[0].status is Status.PASS
    assert shared(root, batch=2).cases[0].status is Status.NEW, "another size is another case"


@pytest.mark.slow
def test_the_company_of_an_utterance_hangs_neither_on_shards_nor_on_workers(root: Path) -> None:
    shared(root, shard_audio_s=100)
    first = sorted(batches(root))
    assert first == [[length(i) for i in part] for part in ([2, 1, 0], [5, 4, 3], [7, 6])]
    shared(root, shard_audio_s=0.1, executor="local:2")
    assert sorted(batches(root)) == first


@contextmanager
def opened(root: Path, **changes: float) -> Iterator[ShardWorker]:
    """A worker with the model loaded; `changes` are lengths of the rows with these ids, in s."""
    data = datasets.load(root / "golden" / "short_v1")
    plan = {"root": str(root), "case": BATCHED, "preprocessing": "", "batch": 3, "threads": 1, "download": False}
    told = {"dataset_digest": data.digest, "rows": len(data.rows), "keep": ""}
    worker = ShardWorker()
    with closing(worker):
        worker.open({**environment(), **plan, **told})
        assert worker.opened is not None
        rows = [{**row, "duration_s": changes.get(row["id"], row["duration_s"])} for row in data.rows]
        worker.opened.data = replace(worker.opened.data, rows=rows)
        yield worker


def answered(worker: ShardWorker, start: int, stop: int) -> tuple[list[str], str]:
    """The ids of what a shard gave, and how the model died."""
    reply = worker.shard({"start": start, "stop": stop, "error": "", "careful": False})
    return [json.loads(line)["id"] for line in reply["lines"]], reply["died"]


@pytest.fixture
def two_in_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of two batches of three: a dataset of eight rows is too short for them."""
    monkeypatch.setattr(shard_batches, "WINDOWS", 1)


@pytest.mark.usefixtures("two_in_a_window")
def test_utterances_of_like_length_go_together_and_come_back_in_order(root: Path) -> None:
    ids = [row["id"] for row in datasets.load(root / "golden" / "short_v1").rows]
    with opened(root, **dict(zip(ids, (3.0, 9.0, 1.0, 7.0, 2.0, 8.0, 1.0, 4.0), strict=True))) as worker:
        assert answered(worker, 0, 8) == (ids, "")
        whole = [[length(i) for i in part] for part in ([1, 5, 3], [0, 4, 2], [7, 6])]
        assert batches(root) == whole
        assert answered(worker, 4, 6) == (ids[4:6], "")
        assert batches(root) == whole[:2], "a part of a window has the same company"
        assert answered(worker, 5, 6) == (ids[5:6], "")
        assert batches(root) == whole[:1], "and no more is computed than it has to"


@pytest.mark.usefixtures("two_in_a_window")
def test_what_a_batch_died_of_is_found_in_the_order_of_the_dataset(root: Path) -> None:
    batching(
        root,
        f"\n    def transcribe(self, audio):\n        if len(audio.samples) == {length(4)}:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n        return super().transcribe(audio)\n",
    )
    with opened(root) as worker:
        ids, died = answered(worker, 1, 6)
    assert len(ids) == 3, "all before the one that kills"
    assert "SIGKILL" in died


@pytest.mark.usefixtures("two_in_a_window")
def test_one_that_is_told_to_go_gives_what_it_has_in_order(root: Path) -> None:
    ids = [row["id"] for row in datasets.load(root / "golden" / "short_v1").rows]
    with opened(root) as worker:
        worker.told_to_go = (root / "models" / "fake" / "batches").exists  # from the first batch on
        some, died = answered(worker, 0, 8)
    assert some == ids[: len(some)]
    assert (len(some) < len(ids), died) == (True, "")


@pytest.mark.slow
def test_what_company_changes_is_told(root: Path) -> None:
    batching(
        root,
        "\n    def several(self, every, lengths):\n        said = [self.transcribe(each) for each in every]\n"
        "        return [Transcript(t.text + ' again') if n == 24160 else t for n, t in zip(lengths, said)]\n",
    )
    shared(root)
    (note,) = [note for note in last(root).notes if "one at a time" in note]
    assert note.startswith("batches of 3 change 1 of all 8 utterances: one at a time other outputs, first ")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["raise RuntimeError('lost its way')", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_a_batch_that_fails_though_none_of_it_does_alone_is_no_pass(root: Path, fault: str) -> None:
    run([ONE], root)
    single = said(last(root))
    batching(
        root,
        f"\n    def several(self, every, lengths):\n        if 24160 in lengths:\n            {fault}\n"
        "        return [self.transcribe(each) for each in every]\n",
    )
    shared(root)
    assert last(root).red
    together = said(last(root))
    failed = [str(each[-1]) for each in together if each[-1]]
    assert len(failed) == 3
    assert all("in a batch of 3, though not alone: " in error for error in failed), failed
    assert [each for each in together if not each[-1]] == [
        alone for alone, each in zip(single, together, strict=True) if not each[-1]
    ]


@pytest.mark.parametrize(
    "several",
    ["every[:-1]", pytest.param("None", marks=pytest.mark.slow), pytest.param("1 / 0", marks=pytest.mark.slow)],
)
def test_a_model_of_which_no_batch_works_has_no_result(root: Path, several: str) -> None:
    batching(root, f"\n    def several(self, every, lengths):\n        return {several}\n")
    assert shared(root).cases[0].status is Status.ERROR
    assert "in a batch of 3, though not alone: " in last(root).error


@pytest.mark.slow
def test_one_that_raises_in_any_company_is_one_error(root: Path) -> None:
    batching(
        root,
        "\n    def transcribe(self, audio):\n        if len(audio.samples) == 24160:\n"
        "            raise RuntimeError('lost its way')\n        return super().transcribe(audio)\n",
    )
    shared(root)
    errors = [str(each[-1]) for each in said(last(root))]
    assert [bool(error) for error in errors] == [number == 1 for number in range(8)]
    assert "lost its way" in errors[1]


@pytest.mark.slow
def test_a_model_that_takes_one_at_a_time_does_so_under_its_own_name(root: Path) -> None:
    config = root / "models" / "fake" / "config.yaml"
    config.write_text(config.read_text().replace("batches: true\n", ""))
    shared(root)
    assert str(last(root).key) == ONE
    assert any("one utterance at a time, without --batch" in note for note in last(root).notes)


def test_a_promise_of_batches_that_the_adapter_breaks_is_one_sentence(root: Path) -> None:
    adapter = root / "models" / "fake" / "adapter.py"
    adapter.write_text(adapter.read_text().replace("transcribe_batch", "something_else"))
    shared(root)
    assert "says batches: true, and its adapter has no transcribe_batch" in last(root).error


def test_thresholds_of_a_case_are_those_of_its_batches(root: Path) -> None:
    settings = root / "pyproject.toml"
    settings.write_text(settings.read_text() + f'[tool.modellab.cases."{ONE}"]\nwer = {{limit = 0.3}}\n')
    matrix = Matrix(Project.at(root), "", 3)
    case = matrix.asked_for(ONE)
    assert case is not None
    assert str(case.key) == BATCHED
    assert rules(asr, case, matrix.project)["wer"].limit == 0.3


@pytest.mark.parametrize(
    ("options", "said_of_it"),
    [
        ({"batch": 3}, "batch is for runs with an executor"),
        ({"batch": 0, "executor": "local"}, "batch is 0, expected 1 to 4096 utterances"),
    ],
)
def test_a_batch_that_no_run_can_have(options: dict[str, object], said_of_it: str) -> None:
    with pytest.raises(ConfigError, match=said_of_it):
        RunOptions(**options)
