"""Who is refused, and what is not believed."""

from __future__ import annotations

from typing import Any

import pytest

from modellab.errors import ConfigError
from modellab.runner.distributed import plan as plans

DIGEST = "sha256:" + "a" * 64


def planned(**changed: Any) -> dict[str, Any]:
    return {**plans.environment(), "dataset_digest": DIGEST, "rows": 8, **changed}


def test_the_same_everywhere_is_not_refused() -> None:
    assert plans.why_refused(planned(), DIGEST, 8) == ""


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"format": 2}, "its plan has format 2, this modellab knows 1: use the same version on both"),
        ({"code": "of another commit"}, "and of another commit where the run was started: use the same on both"),
        ({"python": "3.11.0"}, "and 3.11.0 where the run was started: use the same on both"),
        ({"dataset_digest": "sha256:" + "b" * 64}, "the dataset is sha256:aaaaaaaaaaaaaaaa with 8 rows here"),
        ({"rows": 9}, "with 8 rows here"),
    ],
    ids=["format", "code", "python", "data", "rows"],
)
def test_one_that_would_compute_something_else_is_refused(changed: dict[str, Any], sentence: str) -> None:
    assert sentence in plans.why_refused(planned(**changed), DIGEST, 8)


def test_packages_of_other_versions_are_named() -> None:
    packages = {**plans.packages(), "numpy": "0.1", "one-that-is-not-here": "2.0"}
    told = plans.why_refused(planned(packages=packages), DIGEST, 8)
    assert told.startswith("2 packages of another version: numpy ")
    assert "one-that-is-not-here missing here, 2.0 there" in told


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b'{"start": 0}',
        plans.signed({"start": 0}, b"another key"),
        plans.signed({"start": 0}, b"key").replace(b"0}", b"1}"),
    ],
    ids=["nothing", "unsigned", "another run's key", "changed on the way"],
)
def test_a_message_that_is_not_the_runs_is_not_believed(message: bytes) -> None:
    with pytest.raises(ConfigError, match="not signed with the run's key"):
        plans.verified(message, b"key")
    assert plans.verified(plans.signed({"start": 0}, b"key"), b"key") == {"start": 0}
