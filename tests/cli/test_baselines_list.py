"""`modellab baselines pin` and `list`: the release that is pinned, what is accepted, what no case uses."""

from __future__ import annotations

import dataclasses
import json

from modellab.results import baselines

from .conftest import Desk
from .finished import BETTER, CASE, FILES, KEY, accept, measure, there


def test_pin_then_list(desk: Desk) -> None:
    measure(desk, BETTER)
    accept(desk)
    assert "-" in desk.type("baselines", "list").stdout.splitlines()[1].split()
    done = desk.type("baselines", "pin", "--reason", "release 0.2.0")
    assert done.exit_code == 0
    assert done.stdout.startswith("1 case pinned in baselines/anchor/ (2 files), because: release 0.2.0\n")
    assert there(desk, "anchor/asr/short_v1") == FILES
    listed = desk.type("baselines", "list")
    pinned = baselines.load(desk.root / "baselines" / "anchor", KEY)
    assert pinned is not None
    assert pinned.header["reason"] == "release 0.2.0"
    told = json.loads(desk.type("baselines", "list", "--json").stdout)
    assert [(each["case"], each["reason"], each["machines"]) for each in told["baselines"]] == [
        (CASE, "beam 5", ["a-cpu-1t"])
    ]
    assert told["baselines"][0]["pinned"] == pinned.header["date"]
    columns = listed.stdout.splitlines()[1].split()
    assert columns == [CASE, pinned.header["accepted_date"], pinned.header["date"], "a-cpu-1t", "beam", "5"]


def test_the_list_names_what_is_unused_and_what_is_damaged(desk: Desk) -> None:
    desk.model("other")
    for key in (KEY, dataclasses.replace(KEY, model="other")):
        measure(desk, BETTER, key=key)
    accept(desk, "--model", "fake", "--model", "other")
    (desk.root / "models" / "other" / "config.yaml").unlink()
    baselines.quality_path(desk.root / "baselines", KEY).write_text("[]")
    done = desk.type("baselines", "list")
    assert done.exit_code == 1
    assert "damaged: " in done.stderr
    unused = [line for line in done.stdout.splitlines() if line.startswith("unused: no case has ")]
    folder = "baselines/asr/short_v1"
    assert unused == [f"unused: no case has {folder}/{name.replace('fake', 'other')}" for name in FILES]


def test_an_empty_list(desk: Desk) -> None:
    done = desk.type("baselines", "list")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[0].split()[:3] == ["case", "accepted", "commit"]
    assert "cases of the matrix without a baseline" in done.stdout
