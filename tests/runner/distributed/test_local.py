"""A suite whose cases are shared by workers of this machine: the same outcome, whatever happens to them."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError
from modellab.results.entry import Entry
from modellab.runner import judging
from modellab.runner.distributed import parts, shard_worker, speed_sample
from modellab.runner.events import Event, WorkersProgress, encoded
from modellab.runner.options import RunOptions
from modellab.runner.run import RunResult, run
from modellab.runner.settling import PASSED
from modellab.runner.stopping import Stopped
from modellab.types import Status

from ...integration.conftest import length
from ..suites import ONE, behave, entries, write_project


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    return write_project(tmp_path, "fake")


def shared(root: Path, **options: object) -> RunResult:
    return run([ONE], root, RunOptions(executor="local:2", shard_audio_s=3, **options))


def entry_of(root: Path, session: str) -> Entry:
    (entry,) = [entry for entry in entries(root) if entry.session == session]
    return entry


def said(entry: Entry) -> list[tuple[object, ...]]:
    """All of the utterances but their clocks."""
    assert entry.result is not None, entry.error
    return [(u.id, u.counts, u.output, u.error, u.cluster, u.duration_s) for u in entry.result.utterances]


def part_lines(root: Path, session: str) -> list[dict[str, Any]]:
    path = parts.place(root / "mlruns", session, ONE)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_two_workers_say_what_one_process_says(root: Path) -> None:
    alone = run([ONE], root)
    told: list[Event] = []
    result = run([ONE], root, RunOptions(executor="local:2", shard_audio_s=3), listeners=[told.append])
    assert result.exit_status == PASSED
    one, two = entry_of(root, alone.session), entry_of(root, result.session)
    assert said(one) == said(two)
    assert one.values == two.values
    progress = [event for event in told if isinstance(event, WorkersProgress)]
    assert progress[-1].done == progress[-1].of == 8
    assert all(json.dumps(encoded(event)) for event in told)
    assert two.result is not None
    assert two.result.readings["fleet_workers"] >= 1
    assert {"rtf", "peak_rss_bytes", "load_s", "first_call_s"} <= two.result.readings.keys()


def dies(root: Path, when: str) -> None:
    """The model's process is killed before it answers, where that holds."""
    adapter = root / "models" / "fake" / "adapter.py"
    kill = f"if {when}:\n            os.kill(os.getpid(), signal.SIGKILL)\n        "
    adapter.write_text(adapter.read_text().replace("if n in does.get", kill + "if n in does.get", 1))


@pytest.mark.slow
def test_a_model_that_died_and_went_on_in_a_fresh_process_is_told(root: Path) -> None:
    once = str(root / "died")
    first = f"not os.path.exists({once!r}) and not os.mkdir({once!r})"
    dies(root, f'len(audio.samples) == does["dies_at"] and {first}')
    behave(root, "fake", dies_at=length(3))
    entry = entry_of(root, shared(root).session)
    assert entry.result is not None, entry.error
    assert not any(u.error for u in entry.result.utterances)
    (note,) = [note for note in entry.notes if note.startswith("the model's process died 1 time, ")]
    assert "SIGKILL" in note


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(0, id="the first, by which models get warm", marks=pytest.mark.slow),
        pytest.param(3, id="any other"),
    ],
)
def test_a_model_that_dies_costs_one_utterance_and_no_more(root: Path, number: int) -> None:
    alone = entry_of(root, run([ONE], root).session)
    dies(root, 'len(audio.samples) == does.get("dies_at")')
    behave(root, "fake", dies_at=length(number))
    result = shared(root)
    entry = entry_of(root, result.session)
    assert entry.result is not None, entry.error
    wrong = [u for u in entry.result.utterances if u.error]
    assert [u.error.split(":")[0] for u in wrong] == ["killed its worker 2 times"]
    assert "SIGKILL" in wrong[0].error
    assert [each for each in said(entry) if not each[3]] == [e for e in said(alone) if e[0] != wrong[0].id]


@pytest.mark.slow
def test_a_recording_that_kills_while_it_is_decoded_costs_no_other_one(root: Path) -> None:
    """It is decoded while the model is at the one before, which is not to blame."""
    adapter = root / "models" / "fake" / "adapter.py"
    kills = """
import modellab.tasks.asr as asr

prepare = asr.prepare


def kill_at_one(row):
    if row["id"] == "utt-3":
        os.kill(os.getpid(), signal.SIGKILL)
    return prepare(row)


asr.prepare = kill_at_one
"""
    name = entry_of(root, run([ONE], root).session)
    assert name.result is not None
    third = name.result.utterances[3].id
    adapter.write_text(adapter.read_text() + kills.replace("utt-3", third))
    entry = entry_of(root, run([ONE], root, RunOptions(executor="local:1")).session)
    assert entry.result is not None, entry.error
    assert [u.id for u in entry.result.utterances if u.error] == [third]
    assert sum(bool(u.output) for u in entry.result.utterances) == 7


def test_a_stopped_run_goes_on_where_it_was(root: Path) -> None:
    """With another number of workers, other shards, and half a line at the end."""
    asked: list[bool] = []

    def stop() -> bool:
        path = parts.place(root / "mlruns", "a-session", ONE)
        asked.append(path.exists() and len(path.read_text().splitlines()) > 2)
        return asked[-1]

    first = run([ONE], root, RunOptions(executor="local:1", shard_audio_s=3), session="a-session", cancelled=stop)
    assert first.exit_status != PASSED
    before = part_lines(root, "a-session")
    path = parts.place(root / "mlruns", "a-session", ONE)
    path.write_text(path.read_text() + '{"start": 5, "count"')
    second = run([ONE], root, RunOptions(executor="local:2", shard_audio_s=5, resume="a-session"))
    assert second.exit_status == PASSED
    after = [
        line for line in path.read_text().splitlines() if not line.startswith('{"start": 5, "count"') or line[-1] == "}"
    ]
    places = [
        place for line in map(json.loads, after[1:]) for place in range(line["start"], line["start"] + line["count"])
    ]
    assert sorted(places) == list(range(8)), "each once"
    assert [json.loads(line) for line in after[: len(before)]] == before, "nothing was changed"
    (case,) = second.cases
    assert "were computed before, and not again" in " ".join(case.notes)
    assert "cut off by a kill" in " ".join(case.notes)
    alone = entry_of(root, run([ONE], root).session)
    whole = [entry for entry in entries(root) if entry.session == "a-session" and entry.result]
    assert [said(entry) for entry in whole] == [said(alone)]


@pytest.mark.slow
def test_a_finished_session_is_resumed_without_a_worker(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shared(root)
    loads = (root / "models" / "fake" / "loads.log").read_text()
    again = run([ONE], root, RunOptions(executor="local:2", resume=first.session))
    assert again.exit_status == PASSED
    more = (root / "models" / "fake" / "loads.log").read_text()[len(loads) :].splitlines()
    assert len(more) == 1, "only for the sample that is timed"
    kept = [entry for entry in entries(root) if entry.session == first.session]
    assert len(kept) == 1, "the later line has taken the place of the earlier one"


@pytest.mark.slow
def test_other_weights_than_the_workers_had_are_not_timed(root: Path) -> None:
    first = shared(root)
    path = parts.place(root / "mlruns", first.session, ONE)
    head, *lines = path.read_text().splitlines(keepends=True)
    about = json.loads(head)
    here = about["loaded"]["facts"]["weights"]
    about["loaded"]["facts"]["weights"] = "sha256:others"
    path.write_text("".join([json.dumps(about) + "\n", *lines]))
    (case,) = shared(root, resume=first.session).cases
    assert any(f"the weights here are {here}, the workers' sha256:others" in note for note in case.notes), case.notes
    assert case.status is Status.NEW


@pytest.mark.slow
def test_the_clocks_of_workers_are_never_judged(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the machine is shared nothing is timed: no speed is judged, none is accepted."""
    accepted = shared(root, reason="a first run")
    assert any("a-machine" in path for case in accepted.cases for path in case.written)
    monkeypatch.setattr(speed_sample, "WAIT_S", 0.0)
    with shard_worker.machine_turns().loading():
        result = shared(root)
    (case,) = result.cases
    assert case.status is Status.PASS
    assert {verdict.kind for verdict in case.verdicts} <= {"quality", "sanity"}
    assert any("speed and memory were not measured: workers compute shards" in note for note in case.notes)
    entry = entry_of(root, result.session)
    assert entry.result is not None, entry.error
    assert all(math.isnan(u.wall_s) and math.isnan(u.cpu_s) for u in entry.result.utterances)
    raw = part_lines(root, result.session)[1]["utterances"]
    assert isinstance(raw, list)
    assert raw[0]["wall_s"] > 0, "the raw clocks are in the parts"
    with shard_worker.machine_turns().loading():
        again = shared(root, reason="nothing to time")
    assert not any("a-machine" in path for case in again.cases for path in case.written)


@pytest.mark.slow
def test_one_that_is_stopped_while_it_is_judged_is_partial(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise Stopped("stopped by SIGTERM")

    monkeypatch.setattr(judging, "judge", stop)
    result = shared(root)
    (case,) = result.cases
    assert (result.exit_status, case.status) == (3, Status.PARTIAL)
    assert case.error.endswith(f"(--resume {result.session} goes on): stopped by SIGTERM")
    with pytest.raises(KeyboardInterrupt):
        run([ONE], root)
    monkeypatch.undo()
    monkeypatch.setenv("MODELLAB_MACHINE", "a-machine")
    assert shared(root, resume=result.session).exit_status == PASSED


@pytest.mark.slow
def test_one_that_raises_while_it_is_timed_has_no_clock(root: Path) -> None:
    def listen(event: Event) -> None:
        if isinstance(event, WorkersProgress) and event.done == event.of:
            behave(root, "fake", raise_on=[4])  # the call after that by which it is warmed up, and two of the sample

    result = run([ONE], root, RunOptions(executor="local:1"), listeners=[listen])
    entry = entry_of(root, result.session)
    assert entry.result is not None, entry.error
    assert [math.isnan(each.wall_s) for each in entry.result.utterances] == [place == 2 for place in range(8)]
    assert not any(each.error for each in entry.result.utterances)
    assert entry.result.readings["audio_s"] == pytest.approx(
        sum(each.duration_s for each in entry.result.utterances if not math.isnan(each.wall_s))
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"executor": "local:0"}, "expected local, or local:N with 1 or more workers"),
        ({"executor": "locl"}, "did you mean local?"),
        ({"workers": 2}, "workers is for runs with an executor"),
        ({"executor": "local", "workers": 0}, "workers is 0, expected 1 or more"),
        ({"executor": "local:2", "workers": 3}, "workers is 3, and executor 'local:2' says how many workers itself"),
        ({"executor": "queue:q", "workers": 3}, "workers is 3, and executor 'queue:q' starts none: `modellab worker`"),
        ({"executor": "local", "shard_audio_s": 0.0}, "expected seconds of audio above 0"),
        ({"executor": "local", "in_process": True}, "in_process cannot go with an executor"),
        ({"resume": "x"}, "resume is for runs with an executor"),
    ],
)
def test_bad_options_are_one_sentence(root: Path, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        run([ONE], root, RunOptions(**options))
