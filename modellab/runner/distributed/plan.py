"""What a worker is told of a case, and why one is refused: other code, other packages, other data, other weights."""

from __future__ import annotations

import functools
import hashlib
import hmac
import json
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

from modellab.errors import ConfigError
from modellab.units import counted

Plan = Mapping[str, Any]
FORMAT = 1
SHOWN = 3  # packages that a sentence names


def environment() -> dict[str, Any]:
    """This process's code and packages, as they are compared."""
    return {"format": FORMAT, "code": code(), "python": sys.version.split()[0], "packages": packages()}


@functools.cache
def code() -> str:
    """A digest of modellab's own Python files, wherever they lie."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@functools.cache
def packages() -> dict[str, str]:
    """The version of every package that is installed."""
    about = (
        distribution.metadata for distribution in metadata.distributions()
    )  # parsed each time that it is asked for
    named = ((facts["Name"], facts["Version"]) for facts in about)
    return {str(name): str(version) for name, version in sorted(named, key=str) if name and name != "modellab"}


def why_refused(plan: Plan, data_digest: str, rows: int) -> str:
    """Why this process would compute something else than the plan means; '' if it would not."""
    own = environment()
    if plan.get("format") != FORMAT:
        return f"its plan has format {plan.get('format')!r}, this modellab knows {FORMAT}: use the same version on both"
    for what, given in (("code", "modellab's code"), ("python", "Python")):
        if plan[what] != own[what]:
            return f"{given} is {own[what]} here and {plan[what]} where the run was started: use the same on both"
    if different := _differences(plan["packages"], own["packages"]):
        return f"{counted(len(different), 'package')} of another version: {'; '.join(different[:SHOWN])}"
    if (data_digest, rows) != (plan["dataset_digest"], plan["rows"]):
        return f"the dataset is {data_digest[:23]} with {rows} rows here, the run's {plan['dataset_digest'][:23]}"
    return ""


def _differences(wanted: Mapping[str, str], here: Mapping[str, str]) -> list[str]:
    names = sorted(wanted.keys() | here.keys())
    return [
        f"{name} {here.get(name, 'missing')} here, {wanted.get(name, 'missing')} there"
        for name in names
        if wanted.get(name) != here.get(name)
    ]


def signed(data: Mapping[str, Any], key: bytes) -> bytes:
    """A message with its signature in front, as one line of JSON."""
    text = json.dumps(data, separators=(",", ":"))
    return f"{hmac.new(key, text.encode(), 'sha256').hexdigest()} {text}".encode()


def verified(message: bytes, key: bytes) -> dict[str, Any]:
    """What was signed. ConfigError where the signature is of another key, or of none."""
    signature, _, text = message.partition(b" ")
    if not hmac.compare_digest(signature, hmac.new(key, text, "sha256").hexdigest().encode()):
        raise ConfigError("a message is not signed with the run's key: another run's, or not meant for this worker")
    plan: dict[str, Any] = json.loads(text)
    return plan
