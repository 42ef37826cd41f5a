"""Secrets made unreadable wherever text leaves this process: ledger, terminal, reports, MLflow.

A secret is the value of an environment variable whose name says so, as it is, quoted for a URL or escaped for JSON; in
any other variable the password of a URL and a private key; whatever stands before the @ of a URL in the text; a private
key and a token whose issuer gave it a form. Any other secret that nobody put into the environment is not known here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any
from urllib.parse import quote, unquote

MASK = "***"
SHORTEST = 4  # characters; what is shorter is found by accident in every text
SAYS_SO = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|KEY|AUTH|COOKIE|CONNECTION_STRING)S?(_|$)|_(PWD|PW|PAT)$"
    r"|(^|_|DB|PG|USER)PASS$",
    re.IGNORECASE,
)
USER_INFO = re.compile(  # user:password@ of a URL, and of one that was taken for a path, which has lost a slash
    r"(?<=://)[^/\s@'\"<>]+@|(?<=[a-z]:/)[^/\s@:'\"<>]+:[^/\s@'\"<>]+@"
)
ISSUED = (
    re.compile(  # Hugging Face, GitHub, AWS, OpenAI, Slack, ours, JSON web tokens; GitLab, Google, npm, PyPI, Stripe
        r"\bhf_[A-Za-z0-9]{20,}|\bgh[opsru]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bA[KS]IA[0-9A-Z]{16}\b"
        r"|\bsk-[A-Za-z0-9_-]{20,}|\bxox[abeprs]-[A-Za-z0-9-]{10,}|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"
        r"|\bmlab_(?:[0-9a-f]{12}_)?[\w-]{43}"
        r"|\bglpat-[\w-]{20,}|\bAIza[\w-]{35}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[\w-]{40,}"
        r"|\b[prs]k_(?:live|test)_[A-Za-z0-9]{16,}"
        r"|-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
    )
)
WITH_NO_MARK = ("AKIA", "ASIA", "AIza")  # tokens that may hold neither _ nor -
PASSWORD = re.compile(r"://[^/\s@:]*:([^/\s@]+)@")  # of a URL
PRIVATE_KEY = "PRIVATE KEY-----"
PLAIN = {"true", "false", "none", "null", "auto", "default"}  # settings whose names only look like secrets


def is_secret(name: str) -> bool:
    """Whether an environment variable's name says that its value is a secret.

    >>> [is_secret(name) for name in ("MLFLOW_TRACKING_PASSWORD", "AWS_SECRET_ACCESS_KEY", "TOKENIZERS_PARALLELISM")]
    [True, True, False]
    """
    return bool(SAYS_SO.search(name))


def masked(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text with every secret in it as ***.

    >>> masked("logged in to https://ann:pw@example.com with s3cr3t-1", {"HUB_TOKEN": "s3cr3t-1"})
    'logged in to https://***@example.com with ***'
    """
    if len(text) < SHORTEST:
        return text
    if known := _pattern(tuple(getattr(environment, "_data", environment).items())):  # os.environ decodes at each look
        text = known.sub(MASK, text)
    if "_" in text or "-" in text or any(beginning in text for beginning in WITH_NO_MARK):
        text = ISSUED.sub(MASK, text)
    return USER_INFO.sub(f"{MASK}@", text) if ":/" in text else text


def masked_texts(value: Any) -> Any:
    """The same lists and mappings with secrets masked in every text of them; names of fields stay.

    >>> masked_texts({"text": ["at http://a:b@c"], "n": 1})
    {'text': ['at http://***@c'], 'n': 1}
    """
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {name: masked_texts(part) for name, part in value.items()}
    return [masked_texts(part) for part in value] if isinstance(value, list | tuple) else value


def masked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without secrets: those in their texts, and any text whose name says that it is one.

    >>> masked_settings({"api_key": "s3cr3t-1", "max_new_tokens": 32, "url": "http://a:b@c/"})
    {'api_key': '***', 'max_new_tokens': 32, 'url': 'http://***@c/'}
    """
    return {
        name: MASK
        if isinstance(value, str) and is_secret(name) and value.strip().lower() not in PLAIN | {""}
        else masked_settings(value)
        if isinstance(value, Mapping)
        else masked_texts(value)
        for name, value in settings.items()
    }


@lru_cache(maxsize=2)
def _pattern(variables: tuple[tuple[str | bytes, str | bytes], ...]) -> re.Pattern[str] | None:
    """Every spelling of every secret of an environment, the longest first; None where there is none."""
    spellings = sorted({secret for name, value in variables for secret in _secrets(name, value)}, key=len)
    return re.compile("|".join(map(re.escape, reversed(spellings)))) if spellings else None


@lru_cache(maxsize=1024)  # pytest changes a variable with each test, and all others stay
def _secrets(name: str | bytes, value: str | bytes) -> tuple[str, ...]:
    """Every spelling of every secret of a variable; of one with several lines each line, too."""
    parts = (part.strip() for part in _parts(os.fsdecode(name), os.fsdecode(value)))
    spelt = ((part, quote(part, safe=""), json.dumps(part)[1:-1]) for part in parts if len(part) >= SHORTEST)
    return tuple(chain.from_iterable(spelt))


def _parts(name: str, value: str) -> Iterator[str]:
    """What of a variable's value is secret."""
    if value.strip().lower() in PLAIN:
        return
    for password in PASSWORD.findall(value):
        yield from (password, unquote(password))
    if is_secret(name) or PRIVATE_KEY in value:
        yield from (value, *(line for line in value.splitlines() if not line.startswith("-----")))
