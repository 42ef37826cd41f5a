"""Secrets made unreadable wherever text leaves this process: ledger, terminal, reports, MLflow.

A secret is the value of an environment variable whose name says so, as it is, quoted for a URL or escaped for JSON,
and whatever stands before the @ of a URL. A secret that nobody put into the environment is not known here.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

MASK = "***"
SHORTEST = 4  # characters; what is shorter is found by accident in every text
SAYS_SO = re.compile(
    r"(PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|CREDENTIAL|KEY|AUTH|COOKIE|CONNECTION_STRING)S?(_|$)|_(PWD|PAT)$",
    re.IGNORECASE,
)
USER_INFO = re.compile(r"(?<=://)[^/\s@'\"<>]+@")  # user:password@ of a URL
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
    for secret in sorted(set(_secrets(environment)), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return USER_INFO.sub(f"{MASK}@", text) if "://" in text else text


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    """Every spelling of every secret; of one with several lines each line, too."""
    for name, value in environment.items():
        if not is_secret(name) or value.strip().lower() in PLAIN:
            continue
        for part in (value, *value.splitlines()):
            if len(part := part.strip()) >= SHORTEST:
                yield from (part, quote(part, safe=""), json.dumps(part)[1:-1])
