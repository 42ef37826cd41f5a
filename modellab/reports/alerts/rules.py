"""`alerts.toml`: which events of which cases go where.

[[rule]]
on = ["regression", "recovery"]      # and "release"; none: all
models = ["faster_whisper:*"]        # MODEL:VARIANT; none: all, as for datasets and tasks
to = ["chat", "team"]

[digest]                             # sent by `modellab serve`
to = ["team"]
at = "07:00"                         # UTC
days = 7

[to.chat]
webhook_env = "SLACK_URL"            # the variable that holds the address, which is a secret

[to.team]
email = ["speech@example.org"]
sender = "modellab@example.org"
smtp = "mail.example.org:587"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic

from modellab.errors import ConfigError, UnreadableError, did_you_mean
from modellab.schema import Strict, parse
from modellab.system import textfile
from modellab.types import CaseId

FILE = "alerts.toml"
Kind = Literal["regression", "recovery", "release"]
KINDS: tuple[Kind, ...] = ("regression", "recovery", "release")
Address = Annotated[str, pydantic.Field(pattern=r"^[^@\s<>,]+@[^@\s<>,]+$")]
HostPort = Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9.-]+:\d{1,5}$")]


class Target(Strict):
    """A webhook or some e-mail addresses. What is secret is named by the variable that holds it."""

    webhook: str = ""
    webhook_env: str = ""
    email: tuple[Address, ...] = ()
    sender: str = ""
    smtp: HostPort = "localhost:25"
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = ""

    @pydantic.model_validator(mode="after")
    def _one(self) -> Self:
        if sum(map(bool, (self.webhook, self.webhook_env, self.email))) != 1:
            raise ValueError("expected one of webhook, webhook_env and email")
        if self.email and "@" not in self.sender:
            raise ValueError("email needs a sender, an address")
        if self.security == "none" and self.user:
            raise ValueError('a password is not sent in the clear: expected security "starttls" or "tls"')
        return self

    def url(self, environment: Mapping[str, str] = os.environ) -> str:
        """Where the webhook is; ConfigError where its variable is not set."""
        return self.webhook or secret(self.webhook_env, environment)


class Rule(Strict):
    """Events that go somewhere; an empty list takes everything."""

    to: tuple[str, ...] = pydantic.Field(min_length=1)
    on: tuple[Kind, ...] = ()
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()

    def takes(self, kind: Kind, cases: tuple[CaseId, ...]) -> bool:
        """Whether an event of one of these cases is for this rule."""
        return (not self.on or kind in self.on) and any(
            _fits(f"{case.model}:{case.variant}", self.models)
            and _fits(case.dataset, self.datasets)
            and _fits(case.task, self.tasks)
            for case in cases
        )


class Digest(Strict):
    """What `modellab serve` sends by itself every so many days, at a time of the day in UTC."""

    to: tuple[str, ...] = pydantic.Field(min_length=1)
    at: Annotated[str, pydantic.Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "07:00"
    days: int = pydantic.Field(default=1, ge=1, le=366)

    def due(self, now: datetime) -> str:
        """The day of the digest that is due on the day of a moment in UTC; '' before its time and between its days."""
        is_day = now.date().toordinal() % self.days == 0
        return now.date().isoformat() if is_day and f"{now:%H:%M}" >= self.at else ""


class Rules(Strict):
    """The whole file."""

    rule: tuple[Rule, ...] = pydantic.Field(min_length=1)
    to: dict[str, Target] = pydantic.Field(min_length=1)
    hosts: tuple[str, ...] = ()  # that webhooks may reach over http, and at private addresses
    digest: Digest | None = None
    index: str = ""  # where a package index answers INDEX/NAME/json, to be asked for releases; none: nobody is


def read(path: Path) -> Rules:
    """The rules of a file; ConfigError where it is missing or wrong."""
    if not path.is_file():
        raise ConfigError(f"{path} is not there: expected rules in TOML (docs/alerts.md)")
    try:
        table = tomllib.loads(textfile.read(path))
    except (UnreadableError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    rules = parse(Rules, path, table)
    named = [name for rule in rules.rule for name in rule.to]
    for name in (*named, *(rules.digest.to if rules.digest else ())):
        if name not in rules.to:
            raise ConfigError(f"{path}: there is no [to.{name}]: {did_you_mean(name, rules.to)}")
    return rules


def secret(name: str, environment: Mapping[str, str] = os.environ) -> str:
    """What a variable holds; ConfigError where it is not set."""
    if value := environment.get(name, ""):
        return value
    raise ConfigError(f"{name} is not set: expected what {FILE} takes from it")


def _fits(name: str, patterns: tuple[str, ...]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
