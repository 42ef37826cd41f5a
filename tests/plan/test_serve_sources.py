"""Where the server's settings come from, and which counts more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modellab.errors import ConfigError
from modellab.plan import serve_sources
from modellab.plan.settings import Project

DIGEST = "sha256:" + "0" * 64


def read(table: dict[str, Any], **environment: str) -> Any:
    return serve_sources.settings(Path("pyproject.toml"), table, environment)


def test_variables_count_more_than_a_file_and_that_more_than_the_project(tmp_path: Path) -> None:
    config = tmp_path / "serve.toml"
    config.write_text('port = 2\nmax_queue = 2\n[jobs]\nworkers = 2\nmost_queued = 2\n[tokens]\na = "' + DIGEST + '"\n')
    found = read(
        {"port": 1, "max_queue": 1, "replicas": 1, "jobs": {"workers": 1, "lease_s": 11.0}},
        MODELLAB_SERVE_CONFIG=str(config), MODELLAB_SERVE_PORT="3", MODELLAB_SERVE_JOBS__WORKERS="3",
        MODELLAB_SERVE_TOKENS=f"b={DIGEST}",
    )  # fmt: skip
    assert (found.port, found.max_queue, found.replicas) == (3, 2, 1)
    assert (found.jobs.workers, found.jobs.most_queued, found.jobs.lease_s) == (3, 2, 11.0)
    assert found.tokens == {"a": DIGEST, "b": DIGEST}


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("PRELOAD", "a:one, b:two,", "preload", ("a:one", "b:two")),
        ("PRELOAD", "", "preload", ()),
        ("ALIASES", "whisper-1=a:one, tts-1 = b:two", "aliases", {"whisper-1": "a:one", "tts-1": "b:two"}),
        ("BLOB_LINKS", "false", "blob_links", False),
        ("IDLE_S", "1.5", "idle_s", 1.5),
        ("PROXIES", "10.0.0.0/8,::1", "proxies", ("10.0.0.0/8", "::1/128")),
    ],
)
def test_a_variable_is_what_the_field_is(name: str, text: str, field: str, value: Any) -> None:
    assert getattr(read({}, **{f"MODELLAB_SERVE_{name}": text}), field) == value


def test_a_table_that_may_be_none_is_filled() -> None:
    assert read({}, MODELLAB_SERVE_RATES__REQUESTS_PER_MIN="7").rates.requests_per_min == 7


def test_a_secret_may_be_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "database"
    secret.write_text("postgresql+psycopg://me:secret@db/lab\n")
    assert read({}, MODELLAB_SERVE_DATABASE_FILE=str(secret)).database == "postgresql+psycopg://me:secret@db/lab"
    with pytest.raises(ConfigError, match="are both set: expected one of them"):
        read({}, MODELLAB_SERVE_DATABASE_FILE=str(secret), MODELLAB_SERVE_DATABASE="sqlite://")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"MODELLAB_SERVE_PORT": "tcp://10.0.0.1:80"}, "'port' is 'tcp://10.0.0.1:80'"),
        ({"MODELLAB_SERVE_PRT": "1"}, "unknown key 'prt': did you mean port"),
        ({"MODELLAB_SERVE_JOBS__WORKER": "1"}, "worker"),
        ({"MODELLAB_SERVE_ALIASES": "a"}, "MODELLAB_SERVE_ALIASES has 'a', expected KEY=VALUE"),
        ({"MODELLAB_SERVE_CONFIG": "/no/such.toml"}, "/no/such.toml is not there: expected a TOML file"),
        ({"MODELLAB_SERVE_DATABASE_FILE": "/no/such"}, "MODELLAB_SERVE_DATABASE_FILE names /no/such, which cannot be"),
    ],
)
def test_what_cannot_be_names_the_place(environment: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError, match=r"(?s).") as told:
        read({}, **environment)
    assert said in str(told.value)


@pytest.mark.parametrize(("text", "said"), [("port =", "is not valid TOML"), ('port = "x"', "'port' is 'x'")])
def test_a_file_that_cannot_be_is_named(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "serve.toml"
    config.write_text(text)
    with pytest.raises(ConfigError, match=said) as told:
        read({}, MODELLAB_SERVE_CONFIG=str(config))
    assert str(config) in str(told.value)


def test_every_command_of_the_server_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_SERVE_FOLDER", "elsewhere")
    assert Project.at(tmp_path).serve.folder == "elsewhere"
