"""How packages come into the environment that runs here: by pip, or by uv or pipx where it is one of their tools.

In a tool's environment there is no pip, and the one of the shell is another environment's: there `pip install
'modellab[mlflow]'` would fetch what is called modellab on PyPI, which is another project's.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path


def command(*packages: str) -> str:
    """The command that brings packages, requirements or files of them, quoted for a shell.

    >>> command("modellab[parquet]")
    "pip install 'modellab[parquet]'"
    """
    return f"{_begin(Path(sys.prefix))} {shlex.join(packages)}"


def _begin(environment: Path) -> str:
    """What installs into an environment: `uv tool` and `pipx` leave a file in theirs."""
    if (environment / "uv-receipt.toml").is_file():
        return f"uv pip install --python {shlex.quote(str(environment))}"
    if (environment / "pipx_metadata.json").is_file():
        return f"pipx runpip {shlex.quote(environment.name)} install"
    return "pip install"
