"""What routes of people, results, experiments and reports answer is what the OpenAPI document says, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from modellab.server.document import reports
from modellab.types import Status
from tests.server.conftest import Server, project, serving
from tests.server.results.conftest import entry, write
from tests.server.test_access import new_token

USER = {"name": "ann", "password": "a long enough one"}
MADE = {"name": "warm or cold", "hypothesis": "warm is faster", "members": ["m0", "m1"]}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a project with results, and an admin's token."""
    root = project(tmp_path_factory.mktemp("answers"))
    write(root / "mlruns", *(entry(number) for number in range(5)), entry(5, Status.ERROR))
    token = new_token(root, "admin", "admin")
    with serving(root) as up:
        up.tokens["admin"] = token
        yield up


@pytest.fixture(scope="module")
def document(filled: Server) -> Any:
    return asked(filled, "GET", "/openapi.json")[1]


def asked(server: Server, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    return server.ask(method, path, body, {"Authorization": f"Bearer {server.tokens['admin']}"})


def check(document: Any, method: str, route: str, status: int, said: Any) -> None:
    """AssertionError where an answer is not what the document says."""
    content = document["paths"][route][method.lower()]["responses"][str(status)]["content"]["application/json"]
    schema = {**content["schema"], "components": document["components"]}
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(said))
    assert not errors, [f"{'.'.join(map(str, each.path))}: {each.message[:200]}" for each in errors]


CALLS: tuple[tuple[str, str, dict[str, str], Any, int], ...] = (  # in this order: the later ones need the earlier
    ("POST", "/api/v1/tokens", {}, {"name": "reader"}, 201),
    ("GET", "/api/v1/tokens", {}, None, 200),
    ("DELETE", "/api/v1/tokens/{token}", {"token": "reader"}, None, 200),
    ("POST", "/api/v1/users", {}, USER, 201),
    ("POST", "/api/v1/projects", {}, {"name": "other"}, 201),
    ("PUT", "/api/v1/users/{name}/roles/{project}", {"name": "ann", "project": "other"}, {"role": "runner"}, 200),
    ("GET", "/api/v1/users", {}, None, 200),
    ("GET", "/api/v1/projects", {}, None, 200),
    ("DELETE", "/api/v1/users/{name}/roles/{project}", {"name": "ann", "project": "other"}, None, 200),
    ("PATCH", "/api/v1/users/{name}", {"name": "ann"}, {"is_disabled": True}, 200),
    ("GET", "/api/v1/audit", {}, None, 200),
    ("GET", "/api/v1/me", {}, None, 200),
    ("POST", "/v1/realtime/client_secrets", {}, {}, 200),
    ("GET", "/api/v1/runs", {}, None, 200),
    ("GET", "/api/v1/runs/{session}", {"session": "s00000"}, None, 200),
    ("GET", "/api/v1/results", {}, None, 200),
    ("GET", "/api/v1/results/{entry}", {"entry": "ENTRY"}, None, 200),
    ("GET", "/api/v1/results/{entry}/utterances", {"entry": "ENTRY"}, None, 200),
    ("GET", "/api/v1/findings", {}, None, 200),
    ("GET", "/api/v1/recommendation", {}, None, 200),
    ("GET", "/api/v1/leaderboard", {}, None, 200),
    ("GET", "/api/v1/candidates", {}, None, 200),
    ("GET", "/api/v1/lifecycle/{model}/{variant}", {"model": "fake", "variant": "one"}, None, 200),
    ("POST", "/api/v1/experiments", {}, MADE, 201),
    ("GET", "/api/v1/experiments", {}, None, 200),
    ("GET", "/api/v1/experiments/{experiment}", {"experiment": "EXPERIMENT"}, None, 200),
    ("PATCH", "/api/v1/experiments/{experiment}", {"experiment": "EXPERIMENT"}, {"conclusion": "it is"}, 200),
    ("GET", "/api/v1/experiments/{experiment}/comparison", {"experiment": "EXPERIMENT"}, None, 200),
    ("GET", "/api/v1/listening-tests", {}, None, 200),
)  # fmt: skip


def test_each_answer_is_what_the_document_says(filled: Server, document: Any) -> None:
    known = {"ENTRY": asked(filled, "GET", "/api/v1/results")[1]["data"][-1]["id"]}
    wrong = []
    for method, route, places, body, wanted in CALLS:
        path = route.format(**{name: known.get(value, value) for name, value in places.items()})
        status, said = asked(filled, method, path, body)
        assert status == wanted, (method, path, said)
        if route == "/api/v1/experiments" and method == "POST":
            known["EXPERIMENT"] = said["id"]
        try:
            check(document, method, route, status, said)
        except AssertionError as error:
            wrong.append((method, route, str(error)))
    assert not wrong


def test_no_json_answer_is_any_object_at_all(document: Any) -> None:
    bare = [
        (method, path, status)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for status, answer in operation["responses"].items()
        if status[0] == "2"
        and (schema := answer.get("content", {}).get("application/json", {}).get("schema")) is not None
        and ("additionalProperties" in schema or not schema)
    ]
    assert not bare


def test_a_wrong_answer_would_be_found(document: Any) -> None:
    with pytest.raises(AssertionError, match="created_at"):
        check(document, "GET", "/api/v1/users", 200, {"object": "list", "data": [{"id": "a", "name": "b"}]})
    assert {name for name in reports.COMPONENTS if name not in document["components"]["schemas"]} == set()
