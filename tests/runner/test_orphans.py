"""Baselines whose case is gone are found, whatever part of its name changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modellab.plan.matrix import Broken, Case
from modellab.results.baselines import quality_path, resources_path
from modellab.runner.orphans import OrphanedBaseline, find, should_have_run
from modellab.types import CaseId

from .. import make


def case(**changes: Any) -> Case:
    key = replace(make.KEY, **changes)
    variants = {key.variant: {"weights": "package", "tier": "smoke"}, "big": {"weights": "package", "tier": "full"}}
    return make.case(key=key, variants=variants)


def write(root: Path, key: CaseId, machine: str = "") -> Path:
    path = resources_path(root, key, machine) if machine else quality_path(root, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}")
    return path


@pytest.mark.parametrize(
    "changes",
    [{"variant": "uno"}, {"precision": "int8"}, {"device": "cuda"}, {"model": "fakir"}, {"dataset": "short_v2"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_baseline_without_a_case_is_a_stray(tmp_path: Path, changes: dict[str, str]) -> None:
    write(tmp_path, make.KEY)
    gone = replace(make.KEY, **changes)
    path = write(tmp_path, gone)
    assert find(tmp_path, [case()]) == [OrphanedBaseline(gone, path)]
    assert find(tmp_path, [case(), case(**changes)]) == []


def test_names_with_dots_and_hyphens_are_read(tmp_path: Path) -> None:
    key = replace(make.KEY, model="whisper_cpp", variant="distil-large-v3.5", precision="q8_0")
    write(tmp_path, key)
    write(tmp_path, key, "amd-epyc-f25.1-2c-1t")
    assert [orphan.key for orphan in find(tmp_path, [])] == [key], "its speed goes with it"


def test_other_files_and_the_pinned_release_are_no_strays(tmp_path: Path) -> None:
    write(tmp_path / "anchor", make.KEY)
    write(tmp_path, make.KEY, "a-cpu-1t")
    (tmp_path / "asr" / "short_v1" / "notes.json").write_text("{}")
    assert find(tmp_path, [case()]) == []
    assert find(tmp_path, []) == []


@pytest.mark.parametrize("name", ["fake", "short_v1"])
def test_what_cannot_be_read_has_no_strays(tmp_path: Path, name: str) -> None:
    write(tmp_path, make.KEY)
    assert len(find(tmp_path, [])) == 1
    assert find(tmp_path, [Broken(name, "a typo")]) == []


GONE = OrphanedBaseline(replace(make.KEY, variant="gone"), Path("gone.json"))
HERE = case()
INT8 = case(precision="int8")
FULL = case(variant="big")
OTHER_MODEL = case(model="other")
OTHER_DATASET = case(dataset="long_v1")
ON_GPU = case(device="cuda", precision="float16")
EVERY = [HERE, INT8, FULL, OTHER_MODEL, OTHER_DATASET, ON_GPU]


@pytest.mark.parametrize(
    ("selected", "missed"),
    [
        pytest.param(EVERY, True, id="everything"),
        pytest.param([HERE, INT8, OTHER_MODEL], True, id="the smoke tier on the CPU"),
        pytest.param([HERE], False, id="one precision"),
        pytest.param([OTHER_MODEL], False, id="another model"),
        pytest.param([OTHER_DATASET], False, id="another dataset"),
        pytest.param([ON_GPU], False, id="the GPU"),
        pytest.param([], False, id="nothing"),
    ],
)
def test_it_is_missed_where_its_like_was_selected(selected: list[Case], missed: bool) -> None:
    assert should_have_run(GONE, EVERY, {str(each.key) for each in selected}) is missed


@pytest.mark.parametrize(
    ("changes", "selected", "missed"),
    [
        pytest.param({"model": "gone"}, [HERE], True, id="the model is gone, its dataset ran"),
        pytest.param({"model": "gone"}, [OTHER_DATASET], False, id="another dataset ran"),
        pytest.param({"dataset": "gone"}, [HERE], True, id="the dataset is gone, its model ran"),
        pytest.param({"dataset": "gone"}, [OTHER_MODEL], False, id="another model ran"),
    ],
)
def test_without_its_like_its_model_or_dataset_tells(
    changes: dict[str, str], selected: list[Case], missed: bool
) -> None:
    orphan = replace(GONE, key=replace(GONE.key, **changes))
    assert should_have_run(orphan, EVERY, {str(each.key) for each in selected}) is missed
