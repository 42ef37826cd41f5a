"""`modellab serve`: OpenAI's audio API over the models that the suite measures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from modellab.cli import common


def serve(
    host: Annotated[str, typer.Option(help="Default: 127.0.0.1, this machine alone. Others need tokens.")] = "",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Default: 8000.")] = None,
    preload: Annotated[
        list[str] | None, typer.Option(metavar="MODEL:VARIANT", help="Load it at once and keep it loaded.")
    ] = None,
    replicas: Annotated[int | None, typer.Option(min=1, max=64, help="Worker processes of each model.")] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A TOML file with settings, over those of pyproject.toml.")
    ] = None,
    new_token: Annotated[str, typer.Option(metavar="NAME", help="Make a token, show it once, and serve nothing.")] = "",
    reindex: Annotated[bool, typer.Option("--reindex", help="Index all results anew, and serve nothing.")] = False,
) -> None:
    """Serve every model that can run here, under OpenAI's API: http://HOST:PORT/v1.

    Settings are in [tool.modellab.serve] of pyproject.toml, in a file and in variables (MODELLAB_SERVE_PORT, ...); what
    is said here counts more.
    """
    import json
    import os

    from modellab.system import extras, interrupt

    if new_token:
        _new_token(new_token)
        return
    extras.need("serve", "`modellab serve`")
    if config:
        from modellab.plan.serve_sources import CONFIG

        os.environ[CONFIG] = str(config.absolute())
    project = common.project_or_here()
    if reindex:
        interrupt.become([*interrupt.command("modellab.server.results.reindex"), str(project.root)])
    given: dict[str, Any] = {"host": host, "port": port, "preload": preload, "replicas": replicas}
    settings = {name: value for name, value in given.items() if value not in ("", None, [])}
    interrupt.become([*interrupt.command("modellab.server"), str(project.root), json.dumps(settings)])


def _new_token(name: str) -> None:
    """A token, and the line of settings that knows it by its hash."""
    import hashlib
    import secrets

    token = f"mlab_{secrets.token_urlsafe(32)}"
    common.put(f"{token}\n")  # said, it would be masked
    common.say(
        "it is shown this once; in pyproject.toml, under [tool.modellab.serve.tokens]:\n"
        f'{_toml_key(name)} = "sha256:{hashlib.sha256(token.encode()).hexdigest()}"',
        err=True,
    )


def _toml_key(name: str) -> str:
    """A name as a key of TOML."""
    import json

    return json.dumps(name)
