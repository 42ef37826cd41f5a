"""Models of servers through the front door: an outage is an ERROR of its case, never errors of a model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ..stand_in import Asked, Given, StandIn, serving, silent_port
from ..typed import modellab
from .conftest import SENTENCES, FakeProject, length

TEXTS = {length(number): text for number, text in enumerate(SENTENCES)}
KEY = "s3cr3t-0123456789"
CASE = "openai_api:server-short_v1-server-unknown"


def hears(asked: Asked) -> Given:
    """A recogniser that makes no mistakes."""
    return Given({"text": TEXTS[asked.n_samples]}, headers={"openai-processing-ms": "1"})


@pytest.fixture
def server() -> Iterator[StandIn]:
    with serving(hears) as found:
        yield found


@pytest.fixture
def project(fake_project: FakeProject, server: StandIn) -> FakeProject:
    """The project with the variables of a server."""
    fake_project.monkeypatch.setenv("MODELLAB_OPENAI_URL", server.url)
    fake_project.monkeypatch.setenv("MODELLAB_OPENAI_MODEL", "tiny")
    fake_project.monkeypatch.setenv("MODELLAB_OPENAI_KEY", KEY)
    settings = '[tool.modellab]\nmodels = ["models"]\nonly = ["own", "openai_api"]\n[tool.pytest.ini_options]\n'
    (fake_project.root / "pyproject.toml").write_text(settings)
    return fake_project


def run(project: FakeProject, *more: str) -> Any:
    return project.run(*more, keyword="openai_api or fake")


def entries(project: FakeProject) -> dict[str, Any]:
    """The last entry of each model."""
    return {each["key"]["model"]: each for each in project.ledger()}


def test_a_server_is_measured_like_a_model(project: FakeProject, server: StandIn) -> None:
    result = run(project, "--update-baselines", "--reason", "first")
    assert result.ret == 0, result.stdout.str()
    entry = entries(project)["openai_api"]
    assert entry["values"]["wer"] == 0
    assert entry["weights"] == "server:tiny"
    readings = entry["result"]["readings"]
    assert readings["server_p50_s"] == 0.001
    assert readings["retries"] == 0
    assert readings["network_p50_s"] <= readings["latency_p99_s"]
    written = sorted(path.name for path in (project.root / "baselines").rglob("openai_api*"))
    assert written == ["openai_api-server.server-unknown.json"], "its speed is nobody's here"
    assert run(project).ret == 0
    server.answers = lambda asked: Given({"text": "nothing of the kind was said"})
    result = run(project)
    assert result.ret == 1
    assert entries(project)["openai_api"]["status"] == "REGRESSED"


def test_the_key_is_nowhere(project: FakeProject, server: StandIn) -> None:
    server.answers = lambda asked: Given({"error": {"message": f"bad key {KEY}"}}, 401)
    result = run(project, "--scorecard=card.md", "--junitxml=junit.xml")
    text = result.stdout.str() + result.stderr.str()
    assert "bad key ***" in text
    files = [path for path in project.root.rglob("*") if path.is_file()]
    assert KEY not in text
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.slow
def test_a_server_that_dies_in_the_middle_costs_its_case_alone(project: FakeProject, server: StandIn) -> None:
    assert run(project, "--update-baselines", "--reason", "first").ret == 0
    config = {"short": {"weights": "server:tiny", "server": {"url": server.url}, "options": {"patience_s": 0.5}}}
    write_far(project, config)
    asked = len(server.asked)

    def dies(one: Asked) -> Given:
        return hears(one) if len(server.asked) - asked < 5 else Given("the backend is gone", 503)

    server.answers = dies
    result = project.run(keyword="far or fake")
    assert result.ret == 3, result.stdout.str()
    found = entries(project)
    assert found["far"]["status"] == "ERROR"
    assert "answered 503 (the backend is gone); given up after" in found["far"]["error"]
    assert "(after 3 of 8 utterances; none of them is judged)" in found["far"]["error"]
    assert not found["far"].get("values")
    assert found["fake"]["status"] == "PASS"


def write_far(project: FakeProject, variants: dict[str, Any]) -> None:
    """A model folder of the project's own, with the adapter of openai_api."""
    from modellab import models

    folder = project.root / "models" / "far"
    folder.mkdir(exist_ok=True)
    for name in ("adapter.py", "realtime.py"):
        (folder / name).write_text((models.FOLDER / "openai_api" / name).read_text())
    config = {
        "summary": "far away",
        "tasks": ["asr"],
        "status": "experimental",
        "devices": {"server": ["unknown"]},
        "variants": variants,
    }
    (folder / "config.yaml").write_text(json.dumps(config))


HOSTILE = {
    "html": (Given("<html>Log in", headers={"content-type": "text/html"}), "is that the address of the API"),
    "empty": (Given(""), "answered 200 with nothing in it"),
    "busy": (Given("", 429), "answered 429; given up after"),
    "missing": (Given({"detail": "Not Found"}, 404), "does the address end in /v1"),
    "cut": (Given({"text": "a"}, cut=True), "broke off in the middle"),
    "drips": (Given({"text": "x" * 400}, drip_s=0.02), "gave no whole answer within 0.5 s"),
    "nobody": (None, "cannot be reached"),
}


def test_what_is_no_answer_is_one_sentence_and_the_others_go_on(project: FakeProject, server: StandIn) -> None:
    server.answers = lambda asked: HOSTILE[asked.path.split("/")[1]][0] or Given()
    there = {name: server.url.replace("/v1", f"/{name}/v1") for name in HOSTILE}
    given = {"weights": "server:tiny", "options": {"patience_s": 0.5}}
    with silent_port() as port:
        there |= {"nobody": f"http://127.0.0.1:{port}/v1"}
        write_far(project, {name: {**given, "server": {"url": url}} for name, url in there.items()})
        result = project.run(keyword="far or fake")
    assert result.ret == 3, result.stdout.str()
    found = {each["key"]["variant"]: each for each in project.ledger()}
    assert found.pop("one")["status"] == "NEW"
    assert {name: each["status"] for name, each in found.items()} == dict.fromkeys(HOSTILE, "ERROR")
    for name, (_, sentence) in HOSTILE.items():
        assert sentence in found[name]["error"]
        assert len(found[name]["error"].splitlines()) == 1


def test_a_refused_utterance_is_the_models(project: FakeProject, server: StandIn) -> None:
    def refuses(asked: Asked) -> Given:
        return Given({"error": "too long"}, 413) if asked.n_samples == length(3) else hears(asked)

    server.answers = refuses
    result = run(project)
    entry = entries(project)["openai_api"]
    assert result.ret == 1
    assert entry["values"]["success_rate"] == pytest.approx(7 / 8)
    result.stdout.fnmatch_lines(["*the server refused this input: * answered 413 (too long)*"])


@pytest.mark.slow
def test_text_with_control_characters_stays_in_its_place(project: FakeProject, server: StandIn) -> None:
    server.answers = lambda _: Given({"text": "a\x1b[31m\u202e\x00b"})
    result = run(project)
    assert entries(project)["openai_api"]["result"]["utterances"][0]["output"]["text"] == "a\x1b[31m\u202e\x00b"
    assert "\x1b[31m" not in result.stdout.str()
    assert "\u202e" not in result.stdout.str()


def test_without_its_variables_it_is_skipped_with_the_reason(project: FakeProject) -> None:
    for name in ("MODELLAB_OPENAI_URL", "MODELLAB_OPENAI_MODEL"):
        project.monkeypatch.delenv(name)
    result = project.run("-rs", keyword="openai_api and server")
    result.stdout.fnmatch_lines(["*the variable MODELLAB_OPENAI_URL is not set: it holds the address of the server*"])
    assert project.run("--strict-matrix", keyword="openai_api and server").ret != 0


@pytest.mark.slow
def test_a_recording_is_played_back_without_server_and_key(project: FakeProject, server: StandIn) -> None:
    project.monkeypatch.setenv("MODELLAB_CASSETTES", f"record:{project.root / 'cassettes'}")
    assert run(project, "--update-baselines", "--reason", "first").ret == 0
    server.stop()
    for name in ("MODELLAB_OPENAI_URL", "MODELLAB_OPENAI_KEY"):
        project.monkeypatch.delenv(name)
    project.monkeypatch.setenv("MODELLAB_CASSETTES", f"replay:{project.root / 'cassettes'}")
    result = run(project)
    assert result.ret == 0, result.stdout.str()
    entry = entries(project)["openai_api"]
    assert entry["status"] == "PASS"
    assert entry["result"]["provenance"]["answers"] == "replayed"
    result.stdout.fnmatch_lines(["*its answers were recorded once and are played back*"])


def test_a_file_is_transcribed_without_naming_the_device(project: FakeProject) -> None:
    project.monkeypatch.chdir(project.root)
    clip = project.root / "golden" / "short_v1" / "audio" / "000.flac"
    done = modellab("transcribe", str(clip), "--model", "openai_api:server")
    assert done.exit_code == 0, done.output
    assert SENTENCES[0] in done.stdout


def test_levels_of_load_are_a_case_like_any_other(project: FakeProject, server: StandIn) -> None:
    row = {"audio": "../short_v1/audio/000.flac", "duration_s": length(0) / 16_000, "text": SENTENCES[0]}
    levels = [{**row, "id": f"s{streams}", "streams": streams} for streams in (1, 2)]
    header = {"task": "concurrency", "version": 1, "language": "en", "tier": "full", "licence": "CC0-1.0"}
    rest = {"source": "a tone", "normaliser": "basic", "settings": {"calls": 6}, "cases": levels}
    (project.root / "golden" / "load_v1").mkdir()
    (project.root / "golden" / "load_v1" / "dataset.yaml").write_text(
        yaml.safe_dump({**header, **rest}, sort_keys=False)
    )
    benchmark = (project.root / "benchmarks" / "test_asr.py").read_text().replace("asr", "concurrency")
    (project.root / "benchmarks" / "test_concurrency.py").write_text(benchmark)
    server.answers = lambda asked: Given("busy", 429) if len(server.asked) % 4 == 0 else Given({"text": SENTENCES[0]})
    result = project.run("--scorecard=card.md", keyword="load_v1 and openai_api")
    assert result.ret == 0, result.stdout.str()
    entry = entries(project)["openai_api"]
    assert 0 < entry["values"]["failed_call_rate"] < 0.5
    assert entry["values"]["wer_under_load"] == 0
    assert entry["values"]["most_streams"] == 0, "a failed call keeps no bound"
    result.stdout.fnmatch_lines(
        ["*1 stream: * s of audio per second; answers after *", "*2 streams: *of 6 calls failed*"]
    )
