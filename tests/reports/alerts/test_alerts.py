"""Which events there are, for whom, and how they are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError, NotSentError
from modellab.reports.alerts import events, news, releases, rules, sending, told, words
from modellab.reports.alerts.rules import Rules, Target
from modellab.reports.alerts.told import Told
from modellab.types import Status

from .conftest import Hook, Mailbox, entry

NEWER = {"python": "3.13.0", "faster-whisper": "1.2.0"}
CASE = "fake:one-short_v1-cpu-float32"


def kinds(found: list[events.Event]) -> list[str]:
    return [event.kind for event in found]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((Status.PASS,), []),
        ((Status.REGRESSED,), ["regression"]),
        ((Status.PASS, Status.REGRESSED), ["regression"]),
        ((Status.PASS, Status.ERROR), ["regression"]),
        ((Status.REGRESSED, Status.REGRESSED), []),
        ((Status.REGRESSED, Status.ERROR), []),
        ((Status.REGRESSED, Status.IMPROVED), ["recovery"]),
        ((Status.ERROR, Status.NEW), ["recovery"]),
        ((Status.REGRESSED, Status.PASS, Status.PASS), []),
    ],
)
def test_what_the_newest_result_changed(statuses: tuple[Status, ...], expected: list[str]) -> None:
    entries = [entry(day, status) for day, status in enumerate(statuses, 1)]
    assert kinds(events.changes(entries, {})) == expected


def test_what_was_told_counts_more_than_the_result_before() -> None:
    """A case that was green when somebody was told, became red twice since: that is one event, and no silence."""
    green = events.standings([entry(1)])
    entries = [entry(1), entry(2, Status.REGRESSED), entry(3, Status.REGRESSED)]
    assert kinds(events.changes(entries, green)) == ["regression"]
    assert events.changes(entries, events.standings(entries)) == []


def test_a_run_that_somebody_stopped_is_no_news_of_the_cases_it_had_not_come_to() -> None:
    stopped = entry(3, Status.ERROR, error="not run: the run was stopped before")
    entries = [entry(1), entry(2, Status.REGRESSED), stopped]
    known = events.standings(entries[:2])
    assert events.changes(entries, known) == []
    assert events.standings(entries) == known
    assert kinds(events.changes([*entries, entry(4)], events.standings(entries))) == ["recovery"]
    assert kinds(events.changes([entry(1), stopped], {})) == []
    _, said = news.digest([entry(1), stopped], 7, datetime(2026, 11, 5, tzinfo=UTC))
    assert said[0].startswith("1 result of 1 case in 1 session; none of 1 case red now")


def test_a_digest_counts_the_red_cases_that_it_does_not_name() -> None:
    entries = [entry(day, Status.REGRESSED, f"m{number:02}") for day in (1, 8) for number in range(45)]
    _, said = news.digest(entries, 7, datetime(2026, 11, 10, tzinfo=UTC))
    assert said[-1].endswith(f"{CASE.replace('fake', 'm39')}, and 5 more")


def test_an_event_says_why() -> None:
    (red,) = events.changes([entry(1, Status.REGRESSED)], {})
    assert (red.subject, red.is_red) == (CASE, True)
    assert red.summary == "wer REGRESSED: 20.00 %, accepted 10.00 %: not chance"
    (broken,) = events.changes([entry(1, Status.ERROR)], {})
    assert broken.summary == "ERROR: CrashError: signal 11"


def test_a_library_that_moved_is_one_event_over_its_cases() -> None:
    entries = [entry(1), entry(1, model="other"), entry(2, versions=NEWER)]
    entries.append(entry(2, Status.REGRESSED, model="other", versions=NEWER))
    found = events.changes(entries, {})
    assert kinds(found) == ["regression", "release"]
    assert found[1].subject == "faster-whisper 1.1.0 -> 1.2.0"
    assert found[1].summary == "measured in 2 cases, 1 of them red"
    assert {case.model for case in found[1].cases} == {"fake", "other"}


# ---------------------------------------------------------------------------- rules


def written(folder: Path, text: str) -> Path:
    path = folder / rules.FILE
    path.write_text(text)
    return path


def rules_of(**rule: Any) -> Rules:
    return Rules.model_validate({"rule": [{"to": ["chat"], **rule}], "to": {"chat": {"webhook": "https://x.org/"}}})


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, ["regression", "recovery", "release"]),
        ({"on": ["recovery"]}, ["recovery"]),
        ({"models": ["fake:*"]}, ["regression"]),
        ({"models": ["other:one"], "on": ["regression", "recovery"]}, ["recovery"]),
        ({"datasets": ["long_*"]}, []),
        ({"tasks": ["asr"], "on": ["release"]}, ["release"]),
    ],
)
def test_a_rule_takes_what_it_names(rule: dict[str, Any], expected: list[str]) -> None:
    entries = [entry(1), entry(1, Status.REGRESSED, model="other"), entry(2, Status.REGRESSED)]
    entries.append(entry(2, model="other", versions=NEWER))
    assert kinds(news.for_each(rules_of(**rule), entries, [], {})["chat"]) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'rule' is missing"),
        ("[[rule]\n", "is not valid TOML"),
        ('[[rule]]\nto = ["cat"]\n[to.chat]\nwebhook = "https://x.org/"', "there is no [to.cat]: did you mean chat"),
        ('[[rule]]\nto = ["chat"]\non = ["red"]\n[to.chat]\nwebhook = "https://x.org/"', "'rule.0.on.0' is 'red'"),
        ('[[rule]]\nto = ["chat"]\n[to.chat]\nsender = "a@b"', "expected one of webhook, webhook_env and email"),
        ('[[rule]]\nto = ["m"]\n[to.m]\nemail = ["a@b.org"]', "email needs a sender"),
        ('[[rule]]\nto = ["m"]\n[to.m]\nemail = ["a@b.org\\nBcc: x"]\nsender = "a@b"', "email.0"),
        (
            '[[rule]]\nto = ["m"]\n[to.m]\nemail = ["a@b"]\nsender = "a@b"\nsecurity = "none"\nuser = "a"',
            "in the clear",
        ),
    ],
)
def test_rules_that_cannot_be_say_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as told_:
        rules.read(written(tmp_path, text))
    assert said in str(told_.value)
    assert str(tmp_path) in str(told_.value)


# ---------------------------------------------------------------------------- what was told


def test_what_was_told_is_read_again(tmp_path: Path) -> None:
    known = {"chat": Told(events.standings([entry(1, Status.REGRESSED)]), {"faster-whisper 9.0"})}
    told.write(tmp_path, known)
    assert told.read(tmp_path) == known
    assert told.read(tmp_path / "none") == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2, "to": {}}', '{"format": 1, "to": {"chat": {}}}'])
def test_a_memory_that_cannot_be_read_is_no_empty_one(tmp_path: Path, text: str) -> None:
    (tmp_path / told.FILE).write_text(text)
    with pytest.raises(ConfigError, match="remove it, and what is red now is told again"):
        told.read(tmp_path)


# ---------------------------------------------------------------------------- releases


def test_a_release_that_nobody_measured_is_told(hook: Hook) -> None:
    index = hook.url.rpartition("/")[0]
    measured = {"python": "3.12.1", "faster-whisper": "1.1.0", "torch": "9.0", "missing": "1.0"}
    found, missing = releases.unmeasured([entry(1, versions=measured)], index, ["127.0.0.1"])
    assert [(event.subject, event.summary) for event in found] == [
        ("faster-whisper 9.0", "released; measured is 1.1.0"),
    ]
    assert missing == ["missing: the index says nothing of its releases (HTTPError)"]
    again = {"chat": Told(events.standings([entry(1)]), {"faster-whisper 9.0"})}
    assert news.for_each(rules_of(), [entry(1)], found, again)["chat"] == []
    with pytest.raises(ConfigError, match="begins with https"):
        releases.unmeasured([], index, [])


# ---------------------------------------------------------------------------- out

MARKED = entry(1, Status.ERROR, error="a <b> & \x1b[31m")


def test_a_webhook_gets_what_slack_takes(hook: Hook) -> None:
    found = events.changes([MARKED], {})
    sending.send("chat", Target(webhook=hook.url), words.subject(found, "lab"), words.lines(found), ["127.0.0.1"])
    assert hook.bodies == [{"text": f"*lab: 1 regression*\n• [red] {CASE}: ERROR: a &lt;b&gt; &amp; ␛[31m"}]


@pytest.mark.parametrize(
    ("url", "said"), [("http://127.0.0.1/x", "expected https"), ("https://127.0.0.1/x", "its address is not public")]
)
def test_a_webhook_to_this_network_is_refused(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"\[to.chat\] webhook: {said}"):
        sending.send("chat", Target(webhook=url), "a", ["b"], [])


def test_a_webhook_that_does_not_take_it_is_named_without_its_address(hook: Hook) -> None:
    hook.status = 500
    with pytest.raises(NotSentError, match=r"^\[to.chat\]: the webhook answered 500$"):
        sending.send("chat", Target(webhook=hook.url), "a", ["b"], ["127.0.0.1"])


def test_an_address_in_a_variable(monkeypatch: pytest.MonkeyPatch, hook: Hook) -> None:
    target = Target(webhook_env="HOOK_OF_A_TEST")
    with pytest.raises(ConfigError, match="HOOK_OF_A_TEST is not set"):
        sending.send("chat", target, "a", ["b"], ["127.0.0.1"])
    monkeypatch.setenv("HOOK_OF_A_TEST", hook.url)
    sending.send("chat", target, "a", ["b"], ["127.0.0.1"])
    assert hook.bodies == [{"text": "*a*\n• b"}]


def mail(place: str, **more: Any) -> Target:
    fields = {"email": ("ann@x.org", "bob@x.org"), "sender": "lab@x.org", "smtp": place, "security": "none", **more}
    return Target.model_validate(fields)


def test_an_e_mail_has_the_lines(mailbox: tuple[Mailbox, str]) -> None:
    box, place = mailbox
    sending.send("team", mail(place), "lab: 1 regression\r\nBcc: x@y.org", ["größer: a", "b"], [])
    (message,) = box.messages
    assert message["Subject"] == "lab: 1 regression Bcc: x@y.org"
    assert (message["To"], message["From"], message["Bcc"]) == ("ann@x.org, bob@x.org", "lab@x.org", None)
    assert message.get_content().splitlines() == ["lab: 1 regression", "Bcc: x@y.org", "", "größer: a", "b"]


def test_a_mail_server_that_refuses_or_is_not_there_is_named(mailbox: tuple[Mailbox, str]) -> None:
    box, place = mailbox
    box.refuses = True
    with pytest.raises(NotSentError, match=rf"{place} did not take the e-mail"):
        sending.send("team", mail(place), "a", ["b"], [])
    with pytest.raises(NotSentError, match="did not take the e-mail: SMTPNotSupportedError"):
        sending.send("team", mail(place, security="starttls"), "a", ["b"], [])
    assert box.messages == []


# ---------------------------------------------------------------------------- the digest


def test_a_digest_says_what_happened_and_what_is_red() -> None:
    entries = [entry(1), entry(1, Status.REGRESSED, model="old"), entry(9, Status.REGRESSED, versions=NEWER)]
    happened, said = news.digest(entries, 7, datetime(2026, 11, 10, tzinfo=UTC))
    assert kinds(happened) == ["regression", "release"]
    assert words.subject(happened, "lab") == "lab: 1 regression, 1 release"
    assert said[0] == "1 result of 1 case in 1 session; 2 of 2 cases red now"
    assert said[-1] == "still red: old:one-short_v1-cpu-float32"


def test_many_events_are_cut_and_counted() -> None:
    found = events.changes([entry(1, Status.ERROR, model=f"m{n:03}") for n in range(50)], {})
    assert len(words.lines(found)) == words.MOST_LINES + 1
    assert words.lines(found)[-1] == "and 10 events more"
    assert len(json.loads(words.slack("a", words.lines(found)))["text"].splitlines()) == words.MOST_LINES + 2
