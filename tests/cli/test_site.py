"""`modellab site`: from the ledger to a folder that a web server shows."""

from __future__ import annotations

import json

from .conftest import Desk
from .finished import measure


def test_the_newest_session_is_added_to_what_is_there(desk: Desk) -> None:
    measure(desk, wrong=1, session="s1")
    done = desk.type("site", "public")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("1 report added: public")
    measure(desk, wrong=2, session="s2")
    assert desk.type("site", "public").exit_code == 0
    folder = desk.root / "public"
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "badge.json", "index.html", "s1.html", "s2.html", "sessions.json",
    ]  # fmt: skip
    assert "fake:one" in (folder / "reports" / "s2.html").read_text()
    assert [each["name"] for each in json.loads((folder / "sessions.json").read_text())["sessions"]] == ["s2", "s1"]


def test_a_session_or_all_of_them_can_be_named(desk: Desk) -> None:
    for number in (1, 2, 3):
        measure(desk, wrong=number, session=f"s{number}")
    assert desk.type("site", "one", "--session", "s2").exit_code == 0
    assert [path.name for path in (desk.root / "one" / "reports").iterdir()] == ["s2.html"]
    assert desk.type("site", "all", "--all").stdout.startswith("3 reports added")
    done = desk.type("site", "one", "--session", "s4")
    assert done.exit_code == 2
    assert "the ledger has no session 's4': " in done.stderr


def test_without_results_there_is_no_site(desk: Desk) -> None:
    done = desk.type("site", "public")
    assert done.exit_code == 2
    assert "there are no results in" in done.stderr
    assert not (desk.root / "public").exists()
