"""Out: a webhook only to where everybody may reach, an e-mail by SMTP. Each failure is one sentence without secrets."""

from __future__ import annotations

import hashlib
import http.client
import secrets
import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate

from modellab.errors import ConfigError, NotSentError, RefusedUrlError
from modellab.reports.alerts import words
from modellab.reports.alerts.rules import Target, secret
from modellab.system import outbound

TIMEOUT_S = 30.0
ID_DIGITS = 32
HEADERS = {"content-type": "application/json; charset=utf-8", "user-agent": "modellab"}


def send(name: str, target: Target, title: str, sentences: Sequence[str], hosts: Sequence[str], id: str = "") -> None:
    """Send a message to a target; NotSentError where it was not taken, ConfigError for a target that cannot be.

    `id` tells who receives a message twice that it is one: an e-mail's Message-ID, a webhook's `webhook-id` and
    `idempotency-key`. Without one it is new.
    """
    id = id or new_id()
    if target.email:
        _mail(name, target, title, sentences, id)
    else:
        _call(name, target.url(), words.slack(title, sentences), hosts, id)


def new_id(of: str = "") -> str:
    """An id of a message: the same for the same text, new without one."""
    return hashlib.sha256(of.encode()).hexdigest()[:ID_DIGITS] if of else secrets.token_hex(ID_DIGITS // 2)


def _call(name: str, url: str, body: str, hosts: Sequence[str], id: str) -> None:
    try:
        status = outbound.post(url, body, {**HEADERS, "webhook-id": id, "idempotency-key": id}, hosts)
    except RefusedUrlError as error:
        raise ConfigError(f"[to.{name}] webhook: {error}") from None
    except (OSError, http.client.HTTPException) as error:
        raise NotSentError(f"[to.{name}]: the webhook cannot be reached: {type(error).__name__}") from None
    if not 200 <= status < 300:
        raise NotSentError(f"[to.{name}]: the webhook answered {status}")


def _mail(name: str, target: Target, title: str, sentences: Sequence[str], id: str) -> None:
    host, _, port = target.smtp.rpartition(":")
    password = secret(target.password_env) if target.password_env else ""
    context = ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(host, int(port), timeout=TIMEOUT_S, context=context)
            if target.security == "tls"
            else smtplib.SMTP(host, int(port), timeout=TIMEOUT_S)
        ) as server:
            if target.security == "starttls":
                server.starttls(context=context)
            if target.user:
                server.login(target.user, password)
            server.send_message(_message(target, title, sentences, id))
    except (OSError, smtplib.SMTPException) as error:
        raise NotSentError(f"[to.{name}]: {target.smtp} did not take the e-mail: {type(error).__name__}") from None


def _message(target: Target, title: str, sentences: Sequence[str], id: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = " ".join(title.split())
    message["From"], message["To"] = target.sender, ", ".join(target.email)
    message["Date"], message["Message-ID"] = formatdate(), f"<{id}@{target.sender.rpartition('@')[2].rstrip('>')}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(words.text(title, sentences))
    return message
