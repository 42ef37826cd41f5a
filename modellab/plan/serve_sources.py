"""Where settings of the server come from; what is named later counts more:

    [tool.modellab.serve] of pyproject.toml
    a TOML file with the same keys, without a table around them: `modellab serve --config FILE`, MODELLAB_SERVE_CONFIG
    variables: MODELLAB_SERVE_PORT=9000, MODELLAB_SERVE_JOBS__WORKERS=4, MODELLAB_SERVE_ALIASES=whisper-1=whisper:base
    options of `modellab serve`

A variable's value may be in a file, as secrets are: MODELLAB_SERVE_DATABASE_FILE=/run/secrets/database.
"""

from __future__ import annotations

import os
import tomllib
import typing
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any

import pydantic

from modellab.errors import ConfigError, UnreadableError
from modellab.plan.serve_settings import Serve
from modellab.schema import parse
from modellab.system import textfile

PREFIX = "MODELLAB_SERVE_"
CONFIG = f"{PREFIX}CONFIG"
IN_FILE = "_FILE"
INNER = "__"  # between the name of a table and a key in it
VARIABLES = Path("the environment's MODELLAB_SERVE_ variables")


def settings(pyproject: Path, table: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Serve:
    """The server's settings from all of these places; ConfigError that names the place where one cannot be."""
    parse(Serve, pyproject, table)
    values = dict(table)
    if name := environment.get(CONFIG, ""):
        path = textfile.expanded(name, CONFIG)
        values = _over(values, _checked(path, _read(path)))
    return parse(Serve, VARIABLES, _over(values, _checked(VARIABLES, variables(environment))), as_text=True)


def variables(environment: Mapping[str, str]) -> dict[str, Any]:
    """What the variables of an environment say.

    >>> variables({"MODELLAB_SERVE_PORT": "9000", "MODELLAB_SERVE_JOBS__RUNS": "false", "HOME": "/"})
    {'jobs': {'runs': 'false'}, 'port': '9000'}
    """
    values: dict[str, Any] = {}
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name == CONFIG:
            continue
        text, key = environment[name], name.removeprefix(PREFIX).lower()
        if name.endswith(IN_FILE):
            key = key.removesuffix(IN_FILE.lower())
            if f"{PREFIX}{key.upper()}" in environment:
                raise ConfigError(f"{name} and {name.removesuffix(IN_FILE)} are both set: expected one of them")
            text = _secret(name, Path(text))
        table, inner, rest = key.partition(INNER)
        if inner:
            values.setdefault(table, {})[rest] = _value(_inner(table), rest, text, name)
        else:
            values[key] = _value(Serve, key, text, name)
    return values


def _value(kind: type[pydantic.BaseModel] | None, key: str, text: str, name: str) -> Any:
    """A variable's text as the field takes it: lists between commas, tables as KEY=VALUE between commas."""
    field = kind.model_fields.get(key) if kind else None
    origin = typing.get_origin(field.annotation) if field else None
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if origin is tuple:
        return tuple(parts)
    if origin is dict:
        if wrong := [part for part in parts if "=" not in part]:
            raise ConfigError(f"{name} has {wrong[0][:40]!r}, expected KEY=VALUE,KEY=VALUE")
        pairs = [part.partition("=") for part in parts]
        return {left.strip(): right.strip() for left, _, right in pairs}
    return text


def _inner(table: str) -> type[pydantic.BaseModel] | None:
    """The record that a field of that name is, where it is one."""
    field = Serve.model_fields.get(table)
    kinds = [field.annotation] if field else []
    if field and typing.get_origin(field.annotation) in (typing.Union, UnionType):
        kinds = list(typing.get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)), None)


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` on `below`, table by table."""
    both = {key: _over(below[key], above[key]) for key in below.keys() & above.keys() if _are_tables(below, above, key)}
    return {**below, **above, **both}


def _are_tables(below: Mapping[str, Any], above: Mapping[str, Any], key: str) -> bool:
    return isinstance(below[key], Mapping) and isinstance(above[key], Mapping)


def _checked(where: Path, given: dict[str, Any]) -> dict[str, Any]:
    parse(Serve, where, given, as_text=where == VARIABLES)
    return given


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ConfigError(f"{path} is not there: expected a TOML file with the server's settings")
    try:
        return tomllib.loads(textfile.read(path))
    except (UnreadableError, RecursionError, ValueError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error


def _secret(name: str, path: Path) -> str:
    try:
        return textfile.read(path).strip()
    except (OSError, UnreadableError) as error:
        raise ConfigError(f"{name} names {path}, which cannot be read: {error}") from error
