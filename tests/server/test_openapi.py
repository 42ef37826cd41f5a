"""The OpenAPI document says of each route what it takes and answers; schemathesis finds no request that breaks one."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modellab.server.access import guard
from modellab.server.document import answers, requests
from tests.server import environments
from tests.server.conftest import Server, project, serving
from tests.server.test_access import new_token

SETTINGS = """
max_queue = 4
[tool.modellab.serve.jobs]
runs = false
[tool.modellab.serve.rates]
requests_per_min = 0
reads_per_min = 0
audio_s_per_min = 0
in_flight = 0
strangers_per_min = 0
"""
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "ignored_auth",
)  # fmt: skip
EXAMPLES = "5"  # of each phase and route
SEED = "20261129"
LONGEST_S = 900
REVOKES = "/api/v1/tokens/{token}"  # it learns ids from answers, and would revoke its own
METHODS = {"get", "head", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = project(tmp_path_factory.mktemp("documented"), SETTINGS)
    token = new_token(root, "tester", "admin")
    with serving(root) as up:
        up.tokens["admin"] = token
        yield up


@pytest.fixture(scope="module")
def document(guarded: Server) -> Any:
    status, said = guarded.ask("GET", "/openapi.json", headers={"Authorization": f"Bearer {guarded.tokens['admin']}"})
    assert status == 200
    return said


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method in METHODS & methods.keys():
            yield method, path, methods[method]


def test_it_is_a_document_of_openapi(document: Any, tmp_path: Path) -> None:
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    command = [environments.program("schemathesis", "openapi-spec-validator"), path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout


def test_each_route_says_what_it_answers_and_who_may_ask(document: Any) -> None:
    silent = []
    for method, path, route in operations(document):
        told = route["responses"]
        kinds = [status for status in told if status[0] in "23"]
        bare = [status for status in kinds if status[0] == "2" and "content" not in told[status]]
        wanted = {"429", "503", "default"} | ({"404"} if "{" in path else set())
        wanted |= {"401", "403"} if "security" in route else set()
        is_whole = kinds and (not bare or bare == ["204"] or method == "head") and wanted <= told.keys()
        if not is_whole or not route["summary"]:
            silent.append((method, path))
    assert not silent


def test_only_what_is_open_to_all_asks_for_no_token(document: Any) -> None:
    without = {path for _, path, route in operations(document) if "security" not in route}
    assert without <= {*guard.OPEN, *(path for path in document["paths"] if path.startswith(guard.OPEN_BELOW))}
    assert {"/health", "/login"} <= without


def test_what_is_said_by_hand_is_of_routes_that_there_are(document: Any) -> None:
    known = {(method, path) for method, path, _ in operations(document)}
    assert requests.BODIES.keys() <= known
    assert answers.OF.keys() | answers.ERRORS.keys() <= known
    for method, path in requests.BODIES:
        assert document["paths"][path][method]["requestBody"]["content"]
    speech = document["paths"]["/v1/audio/speech"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(speech["required"]) == {"model", "input"}


def test_errors_have_one_shape_and_no_other(document: Any) -> None:
    assert "HTTPValidationError" not in document["components"]["schemas"]
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert named <= document["components"]["schemas"].keys()


def tried(server: Server, folder: Path, *more: str, config: str = "") -> None:
    """Let schemathesis ask the server; AssertionError with its report where it finds something."""
    (folder / "schemathesis.toml").write_text(config)
    command: list[str | Path] = [
        environments.program("schemathesis", "schemathesis"), "--config-file", folder / "schemathesis.toml",
        "run", f"{server.address}/openapi.json", "--header", f"Authorization: Bearer {server.tokens['admin']}",
        "--checks", ",".join(CHECKS), "--max-examples", EXAMPLES, "--seed", SEED, "--no-shrink",
        "--generation-database", "none", "--continue-on-failure", "--request-timeout", "60", "--workers", "2",
        "--suppress-health-check", "all", "--warnings", "off", "--no-color", *more,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    assert done.returncode == 0, done.stdout[-20_000:]
    assert int(re.findall(r"(\d+) passed", done.stdout)[-1]) > 0
    assert server.get("/health")[0] == 200


@pytest.mark.slow
def test_schemathesis_finds_nothing(guarded: Server, tmp_path: Path) -> None:
    """A few requests for each route, right and wrong ones: no 5xx, and no answer that the document does not know."""
    tried(guarded, tmp_path, "--phases", "coverage,fuzzing", "--exclude-path", REVOKES)


@pytest.mark.slow
def test_it_finds_nothing_about_what_is_there_either(guarded: Server, tmp_path: Path) -> None:
    """The same with names that lead somewhere, where a random one would be a 404."""
    bearer = {"Authorization": f"Bearer {guarded.tokens['admin']}"}

    def made(path: str, **body: Any) -> Any:
        status, said = guarded.ask("POST", path, body, bearer)
        assert status in (201, 202), said
        return said

    made("/api/v1/users", name="ann", password="a long enough one")
    experiment = made("/api/v1/experiments", name="warm or cold", hypothesis="warm is faster")["id"]
    job = made("/api/v1/jobs", kind="synthesize", model="espeak:en-us", input="two words")["id"]
    known = {
        "/api/v1/users/{name}": ("name", "ann"),
        "/api/v1/users/{name}/roles/{project}": ("name", "ann"),
        "/api/v1/experiments/{experiment}": ("experiment", experiment),
        "/api/v1/experiments/{experiment}/comparison": ("experiment", experiment),
        "/api/v1/jobs/{id}": ("id", job),
        "/api/v1/jobs/{id}/output": ("id", job),
        "/api/v1/jobs/{id}/retry": ("id", job),
        "/v1/models/{name}": ("name", "fake:one"),
        "/api/v1/models/{name}/load": ("name", "fake:one"),
        "/api/v1/lifecycle/{model}/{variant}": ("model", "fake"),
    }
    tables = [
        f'[[operations]]\ninclude-path = "{path}"\nparameters = {{ "path.{name}" = "{value}" }}\n'
        for path, (name, value) in known.items()
    ]
    included = [word for path in known for word in ("--include-path", path)]
    methods = ["--exclude-method", "DELETE", "--phases", "fuzzing"]
    tried(guarded, tmp_path, *included, *methods, config="\n".join(tables))
