"""A model with evidence on a desk, and its promotions, for the tests of the lifecycle's commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from modellab.lifecycle import stages
from modellab.lifecycle.stages import Record

from .conftest import Desk
from .finished import accept, measure

NAME = "fake:one"


def prove(desk: Desk) -> Desk:
    """A candidate with three sessions and a baseline, and nothing else to promote."""
    desk.model("fake", status="candidate")
    for number in range(3):
        measure(desk, session=f"s{number}", weights="package")
    assert accept(desk, "--all", "--any-commit").exit_code == 0
    return desk


def promote(desk: Desk, name: str, stage: str, *arguments: str, because: str = "it is quiet") -> Any:
    who = () if "--by" in arguments else ("--by", "Ada")
    return desk.type("promote", name, stage, "--because", because, "--no-mlflow", *who, *arguments)


def records(desk: Desk, variant: str = "one") -> tuple[Record, ...]:
    return stages.read(desk.root / "baselines", "fake").get(variant, ())


def write_records(desk: Desk, model: str, body: Any) -> Path:
    """The file of a model's records, as somebody left it."""
    path = stages.file(desk.root / "baselines", model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if isinstance(body, str) else yaml.safe_dump(body))
    return path
