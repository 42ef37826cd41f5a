"""`modellab alerts` and `modellab digest` over a ledger."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modellab.results.ledger import Ledger
from modellab.types import Status
from tests.reports.alerts import conftest as stand_ins
from tests.reports.alerts.conftest import Hook, Mailbox, entry

from .conftest import Desk

mailbox, hook = stand_ins.mailbox, stand_ins.hook


def put(root: Path, day: int, status: Status = Status.PASS) -> None:
    assert Ledger(root / "mlruns", f"s{day}").append(entry(day, status))


@pytest.fixture
def rules(desk: Desk, hook: Hook, mailbox: tuple[Mailbox, str]) -> None:
    (desk.root / "alerts.toml").write_text(
        f"""
hosts = ["127.0.0.1"]
[[rule]]
on = ["regression"]
to = ["chat"]
[[rule]]
to = ["team"]
[to.chat]
webhook = "{hook.url}"
[to.team]
email = ["ann@x.org"]
sender = "lab@x.org"
smtp = "{mailbox[1]}"
security = "none"
"""
    )


def test_each_event_is_told_once_to_whom_it_is_for(
    desk: Desk, rules: None, hook: Hook, mailbox: tuple[Mailbox, str]
) -> None:
    box, _ = mailbox
    put(desk.root, 1)
    put(desk.root, 2, Status.REGRESSED)
    shown = desk.type("alerts", "--dry-run")
    assert shown.exit_code == 0, shown.output
    assert "chat: 1 regression" in shown.output
    assert (hook.bodies, box.messages) == ([], [])

    assert desk.type("alerts").exit_code == 0
    assert len(hook.bodies) == len(box.messages) == 1
    assert desk.type("alerts").exit_code == 0
    assert len(hook.bodies) == len(box.messages) == 1

    put(desk.root, 3)
    assert desk.type("alerts").exit_code == 0
    assert len(hook.bodies) == 1, "the chat is told of regressions alone"
    assert "recovery" in box.messages[-1]["Subject"]


def test_what_was_not_taken_is_told_again_and_the_others_are_told_once(
    desk: Desk, rules: None, hook: Hook, mailbox: tuple[Mailbox, str]
) -> None:
    box, _ = mailbox
    put(desk.root, 1, Status.REGRESSED)
    hook.status = 503
    failed = desk.type("alerts")
    assert failed.exit_code == 2
    assert "[to.chat]: the webhook answered 503" in failed.stderr
    assert "secret-path" not in failed.output
    hook.status = 200
    assert desk.type("alerts").exit_code == 0
    assert (len(hook.bodies), len(box.messages)) == (2, 1)


def test_a_digest_is_shown_and_sent(desk: Desk, rules: None, hook: Hook, mailbox: tuple[Mailbox, str]) -> None:
    put(desk.root, 1, Status.REGRESSED)
    done = desk.type("digest", "--days", "366", "--to", "team", "--to", "chat")
    assert done.exit_code == 0, done.output
    assert "1 of 1 case red now" in done.stdout
    assert len(hook.bodies) == len(mailbox[0].messages) == 1
    assert "there is no [to.cat]: did you mean chat" in desk.type("digest", "--to", "cat").stderr


def test_without_rules_a_digest_is_shown_and_alerts_say_what_is_missing(desk: Desk) -> None:
    assert desk.type("digest").exit_code == 0
    missing = desk.type("alerts")
    assert missing.exit_code == 2
    assert "alerts.toml is not there: expected rules in TOML" in missing.stderr


def killed_over(desk: Desk, receiver: Any, *words: str) -> None:
    """A command that is killed the moment its message has come, before it hears that it was taken."""
    began: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        began[0].kill()
        began[0].wait()

    receiver.on_receipt = kill
    began.append(subprocess.Popen([sys.executable, "-m", "modellab", *words], cwd=desk.root))
    assert began[0].wait(300) == -9
    receiver.on_receipt = lambda: None


def test_an_alert_that_comes_twice_after_a_kill_is_one_by_its_id(desk: Desk, rules: None, hook: Hook) -> None:
    put(desk.root, 1, Status.REGRESSED)
    killed_over(desk, hook, "alerts")
    put(desk.root, 2)  # recovered meanwhile, which makes no other message of the one on its way
    assert desk.type("alerts").exit_code == 0
    assert hook.bodies[0] == hook.bodies[1]
    assert hook.ids[0] == hook.ids[1]
    assert desk.type("alerts").exit_code == 0
    assert len(hook.bodies) == 2, "the chat is told of regressions alone"
    put(desk.root, 3, Status.REGRESSED)
    assert desk.type("alerts").exit_code == 0
    assert len(hook.bodies) == 3
    assert hook.ids[2] != hook.ids[0], "the same words of another day are another message"


def test_an_e_mail_that_comes_twice_after_a_kill_is_one_by_its_id(
    desk: Desk, rules: None, mailbox: tuple[Mailbox, str]
) -> None:
    put(desk.root, 1, Status.REGRESSED)
    killed_over(desk, mailbox[0], "alerts")
    assert desk.type("alerts").exit_code == 0
    first, second = mailbox[0].messages
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"].endswith("@x.org>")


def test_a_digest_that_comes_twice_after_a_kill_is_one_by_its_id(desk: Desk, rules: None, hook: Hook) -> None:
    put(desk.root, 1, Status.REGRESSED)
    words = ("digest", "--days", "366", "--to", "chat")
    killed_over(desk, hook, *words, "--of", "digest 2026-11-01 chat")
    for of in ("digest 2026-11-01 chat", "digest 2026-11-02 chat", ""):
        assert desk.type(*words, *(["--of", of] if of else [])).exit_code == 0
    assert hook.ids[0] == hook.ids[1]
    assert len(set(hook.ids)) == 3
