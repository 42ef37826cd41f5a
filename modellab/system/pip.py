"""pip, and what the user has told it: the command that starts it, and its variables with uv's where it has none."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

NAMED_INDEX = re.compile(r"^[\w.-]+=(?=\w+://)")  # uv's `name=https://...`
OF_UV = {  # uv's names for what pip calls otherwise; pip's own count first
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", "UV_EXTRA_INDEX_URL"),
    "PIP_FIND_LINKS": ("UV_FIND_LINKS",),
}


def command() -> list[str]:
    """How pip is started: this Python's, or the one that Python brings to make environments with; [] for none."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    bundled = next(_bundled(), None)
    return [sys.executable, str(bundled / "pip")] if bundled else []


def _bundled() -> Iterator[Path]:
    spec = find_spec("ensurepip")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        yield from sorted(Path(place).glob("_bundled/pip-*.whl"))


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The variables for pip, with uv's where pip has none of its own.

    >>> environment({"UV_INDEX_URL": "https://a/simple"})["PIP_INDEX_URL"]
    'https://a/simple'
    """
    variables = dict(given)
    for name, others in OF_UV.items():
        if name not in variables and (value := next((given[other] for other in others if given.get(other)), "")):
            variables[name] = " ".join(NAMED_INDEX.sub("", url) for url in value.split())
    return variables
