"""The pinned release: what is copied, what stays, and which files no case uses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modellab import tasks
from modellab.errors import BaselineError
from modellab.results import baselines
from modellab.results.pinned import files, holdings, pin, pinned_root, unused
from modellab.tasks import Task, asr
from modellab.types import CaseId

from ..make import KEY, asr_counts, name, result, utterance

TASK: Task = asr
OTHER = CaseId("asr", "short_v1", "fake", "two", "cpu", "float32")


def accept(root: Path, key: CaseId = KEY, errors: float = 1.0, machine: str = "a-cpu-1t") -> list[Path]:
    said = [utterance(name(0), asr_counts(errors))]
    measured = result(said, key=key, machine=machine)
    return baselines.save(root, TASK, [measured], "beam 5", "2026-03-01")


def test_what_is_pinned_is_read_like_what_is_accepted(tmp_path: Path) -> None:
    accept(tmp_path)
    written = pin(tmp_path, [KEY, OTHER], "release 0.2.0", "2026-04-01")
    assert written == files(pinned_root(tmp_path), KEY)
    accepted, pinned = baselines.load(tmp_path, KEY), baselines.load(pinned_root(tmp_path), KEY)
    assert accepted is not None
    assert pinned is not None
    assert (pinned.counts, pinned.outputs) == (accepted.counts, accepted.outputs)
    assert pinned.header == {
        **accepted.header,
        "reason": "release 0.2.0",
        "date": "2026-04-01",
        "accepted_reason": "beam 5",
        "accepted_date": "2026-03-01",
    }
    resources, before = (baselines.load_resources(root, KEY, "a-cpu-1t") for root in (pinned_root(tmp_path), tmp_path))
    assert resources is not None
    assert before is not None
    assert (resources.times, resources.readings) == (before.times, before.readings)


def test_the_pinned_release_stays_until_it_is_pinned_again(tmp_path: Path) -> None:
    accept(tmp_path)
    pin(tmp_path, [KEY], "one", "2026-04-01")
    first = [path.read_bytes() for path in files(pinned_root(tmp_path), KEY)]
    accept(tmp_path, errors=2.0)
    assert [path.read_bytes() for path in files(pinned_root(tmp_path), KEY)] == first
    pin(tmp_path, [OTHER], "two", "2026-04-02")
    assert [path.read_bytes() for path in files(pinned_root(tmp_path), KEY)] == first
    pin(tmp_path, [KEY], "two", "2026-04-02")
    pinned = baselines.load(pinned_root(tmp_path), KEY)
    assert pinned is not None
    assert pinned.counts[name(0)]["wer"] == (2.0, 5.0)


def test_a_machine_without_a_baseline_is_unpinned(tmp_path: Path) -> None:
    accept(tmp_path, machine="old-cpu-1t")
    pin(tmp_path, [KEY], "one", "2026-04-01")
    baselines.resources_path(tmp_path, KEY, "old-cpu-1t").unlink()
    accept(tmp_path, machine="new-cpu-1t")
    pin(tmp_path, [KEY], "two", "2026-04-02")
    assert baselines.other_machines(pinned_root(tmp_path), KEY) == ["new-cpu-1t"]


@pytest.mark.parametrize("part", [0, 1])
def test_nothing_is_pinned_of_a_damaged_tree(tmp_path: Path, part: int) -> None:
    accept(tmp_path)
    accept(tmp_path, OTHER)[part].write_text("<<<<<<< HEAD")
    with pytest.raises(BaselineError, match="a merge conflict"):
        pin(tmp_path, [KEY, OTHER], "one", "2026-04-01")
    assert not pinned_root(tmp_path).exists()


def test_a_pin_does_not_look_like_a_machine_or_a_case(tmp_path: Path) -> None:
    accept(tmp_path)
    pin(tmp_path, [KEY], "one", "2026-04-01")
    assert baselines.other_machines(tmp_path, KEY) == ["a-cpu-1t"]
    assert unused(tmp_path, [KEY]) == []


def test_no_task_is_called_like_the_pinned_release() -> None:
    assert baselines.PINNED not in tasks.names()


# ---------------------------------------------------------------------------- the list


def test_what_is_held_of_each_case(tmp_path: Path) -> None:
    accept(tmp_path)
    accept(tmp_path, machine="b-gpu")
    accept(tmp_path, OTHER)
    pin(tmp_path, [KEY], "release", "2026-04-01")
    third = CaseId("asr", "short_v1", "fake", "three", "cpu", "float32")
    one, two = holdings(tmp_path, [KEY, OTHER, third])
    assert (one.date, one.commit, one.reason) == ("2026-03-01", "c0ffee", "beam 5")
    assert (one.machines, one.pinned_on) == (("a-cpu-1t", "b-gpu"), "2026-04-01")
    assert (two.key, two.pinned_on, two.problem) == (OTHER, "", "")


def test_speed_alone_is_held_too(tmp_path: Path) -> None:
    accept(tmp_path)[0].unlink()
    (only,) = holdings(tmp_path, [KEY])
    assert (only.date, only.machines) == ("2026-03-01", ("a-cpu-1t",))


def test_a_damaged_file_is_a_problem_of_its_case(tmp_path: Path) -> None:
    accept(tmp_path)[0].write_text("{}")
    accept(tmp_path, OTHER)
    broken, whole = holdings(tmp_path, [KEY, OTHER])
    assert "has format None" in broken.problem
    assert whole.problem == ""


def test_what_no_case_uses(tmp_path: Path) -> None:
    kept, gone = accept(tmp_path), accept(tmp_path, OTHER)
    pinned = pin(tmp_path, [OTHER], "release", "2026-04-01")
    (tmp_path / "asr" / "short_v1" / ".draft.json.17").write_text("")
    (tmp_path / "asr" / "short_v1" / ".hidden.json").write_text("")
    assert unused(tmp_path, [KEY]) == sorted([*gone, *pinned])
    assert unused(tmp_path, []) == sorted([*kept, *gone, *pinned])
    assert unused(tmp_path, [], {"fake"}) == unused(tmp_path, [], {"short_v1"}) == []


def test_a_copy_of_something_else(tmp_path: Path) -> None:
    path = accept(tmp_path)[0]
    path.write_text(json.dumps({"format": 1, "header": {}, "utterances": {}}))
    with pytest.raises(BaselineError, match="is not a baseline"):
        baselines.copy(path, tmp_path / "copy.json", "why", "2026-04-01")
