"""What alerts and digests say, by webhook and by e-mail, counted and computed once more from the ledger's lines."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modellab.results.entry import Entry, pooled
from modellab.types import CaseId, Status
from tests import make
from tests.reports.alerts import conftest as stand_ins
from tests.reports.alerts.conftest import Hook, Mailbox
from tests.server.results.conftest import write

from .conftest import Desk

mailbox, hook = stand_ins.mailbox, stand_ins.hook

DAYS = 7
RULES = """
hosts = ["127.0.0.1"]
[[rule]]
to = ["chat", "team"]
[to.chat]
webhook = "{url}"
[to.team]
email = ["a@example.org"]
sender = "b@example.org"
smtp = "{smtp}"
security = "none"
"""


def nights(count: int = 16, models: int = 9) -> Iterator[Entry]:
    """A night a day of models that get worse, better, crash, or are stopped before their turn."""
    draws, accepted = random.Random(7), {f"m{number}": 2.0 for number in range(models)}
    for night in range(count):
        at = (datetime.now(UTC) - timedelta(days=count - night - 0.5)).isoformat(timespec="microseconds")
        for model, before in accepted.items():
            key = CaseId("asr", "short_v1", model, "one", "cpu", "float32")
            fields: dict[str, Any] = {"started_at": at, "finished_at": at, "session": f"night{night}", "key": key}
            fate = draws.choices(("same", "worse", "crash", "stopped"), (6, 3, 1, 1))[0]
            if fate in ("crash", "stopped"):
                error = "CrashError: signal 11" if fate == "crash" else "not run: the session was interrupted"
                yield Entry(status=Status.ERROR, error=error, **fields)
                continue
            errors = before + (draws.randrange(1, 4) if fate == "worse" else 0)
            said = make.utterances("wer", [(errors, 10.0)] * 12)
            result = make.result(said, key=key)
            status = Status.REGRESSED if fate == "worse" else Status.PASS
            told = make.verdict("wer", status, errors / 10, baseline=before / 10, why="not chance")
            yield Entry(status=status, verdicts=(told,), result=result, values=pooled(result), **fields)


def of_the_ledger(mlruns: Path) -> list[dict[str, Any]]:
    """Its lines in order of time, without the cases whose turn did not come."""
    lines = [json.loads(text) for path in (mlruns / "ledger").glob("*.jsonl") for text in path.read_text().splitlines()]
    tried = [line for line in lines if not line["error"].startswith("not run: ")]
    return sorted(tried, key=lambda line: (line["finished_at"], line["id"]))


def is_red(line: dict[str, Any]) -> bool:
    return line["status"] == "ERROR" or any(each["red"] for each in line["verdicts"])


def rate(line: dict[str, Any]) -> str:
    counts = [each["shares"]["wer"] for each in line["result"]["utterances"]]
    return f"{100 * sum(top for top, _ in counts) / sum(bottom for _, bottom in counts):.2f} %"


def moves(before: list[dict[str, Any]], lately: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """The models that became red, and those that are not any more, from one list to the other."""
    first, last = ({line["key"]["model"]: line for line in lines} for lines in (before, lately))
    own = {model: [line for line in lately if line["key"]["model"] == model] for model in last}
    was = {model: is_red(first[model]) if model in first else len(lines) > 1 and is_red(lines[-2])
           for model, lines in own.items()}  # fmt: skip
    worse = {model for model, line in last.items() if is_red(line) and not was[model]}
    return worse, {model for model, line in last.items() if not is_red(line) and was[model]}


def named(text: str, mark: str) -> set[str]:
    return set(re.findall(rf"\[{mark}\] (\w+):one-", text))


@pytest.fixture
def rules(desk: Desk, hook: Hook, mailbox: tuple[Mailbox, str]) -> None:
    (desk.root / "alerts.toml").write_text(RULES.format(url=hook.url, smtp=mailbox[1]))


def test_a_digest_has_the_numbers_of_the_ledger(
    desk: Desk, rules: None, hook: Hook, mailbox: tuple[Mailbox, str]
) -> None:
    write(desk.root / "mlruns", *nights())
    since = (datetime.now(UTC) - timedelta(days=DAYS)).isoformat(timespec="microseconds")
    for target in ("chat", "team"):
        done = desk.type("digest", "--days", str(DAYS), "--to", target)
        assert done.exit_code == 0, done.output
    lines = of_the_ledger(desk.root / "mlruns")
    before, lately = ([line for line in lines if (line["finished_at"] >= since) is late] for late in (False, True))
    worse, better = moves(before, lately)
    newest = {line["key"]["model"]: line for line in lines}
    red = {model for model, line in newest.items() if is_red(line)}
    assert worse
    assert red - worse
    for text in (hook.bodies[0]["text"], mailbox[0].messages[0].get_content()):
        ran = f"{len(lately)} results of {len({line['key']['model'] for line in lately})} cases"
        sessions = len({line["session"] for line in lately})
        assert f"{ran} in {sessions} sessions; {len(red)} of {len(newest)} cases red now" in text
        assert (named(text, "red"), named(text, "green")) == (worse, better)
        still = next(line for line in text.splitlines() if "still red: " in line)
        assert set(re.findall(r"(\w+):one-", still)) == red - worse
        for model in worse:
            if newest[model]["status"] == "REGRESSED":
                verdict = next(each for each in newest[model]["verdicts"] if each["red"])
                accepted = f"{100 * verdict['baseline']:.2f} %"
                assert f"wer REGRESSED: {rate(newest[model])}, accepted {accepted}: not chance" in text


def test_alerts_tell_each_move_of_the_ledger_once(
    desk: Desk, rules: None, hook: Hook, mailbox: tuple[Mailbox, str]
) -> None:
    every = list(nights())
    told = list[dict[str, Any]]()
    for night in range(16):
        write(desk.root / "mlruns", *(each for each in every if each.session == f"night{night}"))
        count = len(hook.bodies)
        done = desk.type("alerts")
        assert done.exit_code == 0, done.output
        lines = of_the_ledger(desk.root / "mlruns")
        worse, better = moves(told, lines)
        told = lines
        sent = [hook.bodies[count]["text"], mailbox[0].messages[count].get_content()] if worse | better else []
        assert len(hook.bodies) == len(mailbox[0].messages) == count + bool(sent)
        for text in sent:
            assert (named(text, "red"), named(text, "green")) == (worse, better)
