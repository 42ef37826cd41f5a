"""The document that FastAPI makes, completed: summaries, bodies, answers, errors, scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from modellab.server import auth
from modellab.server.document import answers, reports, requests
from modellab.server.document.schemas import BYTES, COMPONENTS, ERROR, SECURITY

ABOUT = """OpenAI's audio API over the models that the suite measures, and what was measured of them.

Where the server has tokens, a request bears one: `Authorization: Bearer mlab_...`; a page bears its session's cookie,
and its writes `x-csrf-token`. A token of no project takes it from `OpenAI-Project`. Every error has one shape, in which
`code` is for programs, `param` names the field, and `message` is one sentence. A 429 and a 503 say in `Retry-After`
when to try again."""
METHODS = ("get", "put", "post", "delete", "patch", "head")
WITH_BODY = ("put", "post", "patch")
ALWAYS = (429, 503)
LONGEST = 90  # characters of a summary
NOT_OURS = ("HTTPValidationError", "ValidationError")  # an invalid field is a 400 here


def install(app: FastAPI) -> None:
    """Let the application answer with the whole document."""
    made = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            scopes = {(method, path): scope for method, path, scope in _declared(app)}
            app.openapi_schema = complete(made(), scopes)
        return app.openapi_schema

    setattr(app, "openapi", whole)  # noqa: B010 - as FastAPI's own documentation has it; mypy takes no new method


def _declared(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    for methods, path, scope in auth.declared(app):
        for method in methods.split():
            yield method.lower(), path.replace(":path}", "}"), scope or ""


def complete(document: dict[str, Any], scopes: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    """The document with bodies, answers, errors and scopes; `scopes` is by (method, path)."""
    document["info"]["description"] = ABOUT
    parts = document.setdefault("components", {})
    known = parts.setdefault("schemas", {})
    for name in NOT_OURS:
        known.pop(name, None)
    known.update(COMPONENTS | reports.COMPONENTS | requests.RECORDS)
    parts["securitySchemes"] = SECURITY
    for path, operations in document["paths"].items():
        for method in METHODS:
            if method in operations:
                _complete(method, path, operations[method], scopes.get((method, path), ""))
    return document


def _complete(method: str, path: str, operation: dict[str, Any], scope: str) -> None:
    """One route."""
    described = operation.get("description", "")
    operation["summary"] = (described or operation["summary"]).split(".")[0][:LONGEST]
    if scope:
        needs = "whoever is known" if scope == auth.SIGNED else f"the scope `{scope}`"
        operation["description"] = f"{described}\n\nNeeds {needs}.".strip()
        operation["security"] = [{name: []} for name in SECURITY]
    if (method, path) in requests.BODIES:
        operation["requestBody"] = {"required": True, "content": requests.BODIES[method, path]}
    own = answers.OF.get((method, path), {})
    responses = {status: answer for status, answer in operation["responses"].items() if status != "422"}
    if any(status.startswith(("2", "3")) for status in own):
        responses = {}  # said by hand is said whole
    documented = {**{status: _with_content(method, status, responses[status]) for status in responses}, **own}
    for status in _errors(method, path, operation, scope):
        documented.setdefault(str(status), ERROR)
    operation["responses"] = dict(sorted(documented.items())) | {"default": ERROR}


def _with_content(method: str, status: str, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer, of which FastAPI knows no more than that it has bytes."""
    has_none = method == "head" or status == "204" or status[0] == "3"
    return answer if has_none or "content" in answer else {**answer, "content": {"*/*": {"schema": BYTES}}}


def _errors(method: str, path: str, operation: Mapping[str, Any], scope: str) -> Iterator[int]:
    """The errors that a route may answer by what it takes; others have the same shape."""
    yield from ALWAYS
    if scope:
        yield from (401, 403)
    if operation.get("parameters") or "requestBody" in operation:
        yield 400
    if "{" in path:
        yield 404
    if method in WITH_BODY:
        yield from (408, 413)
    yield from answers.ERRORS.get((method, path), ())
