"""A variant that a server runs: what its configuration may say, when its cases can run, and what is not sent away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab import models
from modellab.datasets.manifest import Header
from modellab.errors import ConfigError
from modellab.models import server_names, weights
from modellab.models.servers import Server
from modellab.plan.availability import why_not
from modellab.plan.matrix import Case, ModelInstance, instances

from ..make import HEADER

URL = "https://api.example.com/v1"


def config(tmp_path: Path, **variant: Any) -> models.Model:
    folder = tmp_path / "far"
    folder.mkdir(exist_ok=True)
    devices = variant.pop("devices", {"server": ["unknown"]})
    given = {"summary": "far away", "tasks": ["asr"], "status": "experimental", "devices": devices}
    one = {"weights": "server:m-1", "server": {"url": URL, "key_from": "FAR_KEY"}, **variant}
    (folder / "config.yaml").write_text(yaml.safe_dump({**given, "variants": {"one": one}}))
    return models.config(folder)


def instance(tmp_path: Path, **variant: Any) -> ModelInstance:
    return next(instances(tmp_path / "far", config(tmp_path, **variant), "one"))


FAULTS = {
    "no server": ({"server": None}, "weights names a model of a server: .server has to say where it is"),
    "no weights of one": ({"weights": "package"}, "expected .weights as server:NAME"),
    "two places": ({"weights": ["server:a", "server:b"]}, "expected .weights as server:NAME"),
    "neither": ({"server": {"key_from": "A_KEY"}}, "expected either url or url_from"),
    "both": ({"server": {"url": URL, "url_from": "A_URL"}}, "expected either url or url_from"),
    "no address": ({"server": {"url": "localhost:8000"}}, "'localhost:8000' is no address of a server, expected http"),
    "a port": ({"server": {"url": "http://localhost:port"}}, "is no address of a server"),
    "a key in it": ({"server": {"url": "https://me:pw@a.example/v1"}}, "it holds a user or a password: put a key into"),
    "a question": ({"server": {"url": f"{URL}?key=1"}}, "it has \\? or #, expected the path alone"),
    "a key that is written": (
        {"server": {"url": URL, "key_from": "sk-12"}},
        "server.key_from is 'sk-12', expected the name",
    ),
    "no secret name": ({"server": {"url": URL, "key_from": "MY_THING"}}, "its name has to say that it is secret"),
    "no variable": ({"weights": "server:$x y"}, "is 'x y', expected the name of a variable"),
    "on the CPU": ({"devices": {"cpu": ["int8"]}}, "is on cpu: with a server that is server alone"),
    "on both": ({"devices": {"cpu": ["int8"], "server": ["unknown"]}}, "is on cpu, server: with a server"),
    "a typo": ({"server": {"ulr": URL}}, "ulr"),
    "a price below 0": ({"server": {"url": URL, "price": {"usd_per_audio_min": -1}}}, "usd_per_audio_min"),
}


@pytest.mark.parametrize(("variant", "sentence"), FAULTS.values(), ids=FAULTS)
def test_a_configuration_that_cannot_be(tmp_path: Path, variant: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence) as raised:
        config(tmp_path, **variant)
    assert "pw" not in str(raised.value)


def test_no_other_model_is_on_a_server(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="without one never"):
        config(tmp_path, weights="package", server=None)


def test_what_an_adapter_and_its_process_are_given(tmp_path: Path) -> None:
    one = instance(tmp_path, options={"stream": True})
    options = one.model.options_for("one")
    assert options["model"] == "m-1"
    assert options["stream"] is True
    assert Server.model_validate(options["server"]) == one.variant.server
    assert {"FAR_KEY", "HTTPS_PROXY"} <= set(one.place["further"])
    own = instance(tmp_path, weights="server:$FAR_MODEL", server={"url_from": "FAR_URL"})
    assert {"FAR_URL", "FAR_MODEL"} <= set(own.place["further"])


def test_results_bear_the_name_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = instance(tmp_path).source
    assert weights.locate(source) is None
    assert weights.digest(source, None) == weights.promised(source) == "server:m-1"
    own = replace(source, places=("server:$FAR_MODEL",))
    assert weights.promised(own) == ""
    monkeypatch.setenv("FAR_MODEL", "base")
    assert weights.digest(own, None) == "server:base"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({}, "the variable FAR_URL is not set: it holds the address of the server"),
        ({"FAR_URL": "far"}, "the variable FAR_URL: 'far' is no address of a server"),
        ({"FAR_URL": URL}, "the variable FAR_MODEL is not set: it holds what the server calls the model"),
        ({"FAR_URL": URL, "FAR_MODEL": "m"}, f"the variable FAR_KEY is not set: it holds the key of {URL}"),
        ({"FAR_URL": URL, "FAR_MODEL": "m", "FAR_KEY": "  "}, "the variable FAR_KEY is not set"),
        ({"FAR_URL": URL, "FAR_MODEL": "m", "FAR_KEY": "k"}, ""),
    ],
)
def test_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], why: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    server = {"url_from": "FAR_URL", "key_from": "FAR_KEY"}
    assert why_not(instance(tmp_path, weights="server:$FAR_MODEL", server=server)).startswith(why or "")
    assert bool(why_not(instance(tmp_path, weights="server:$FAR_MODEL", server=server))) == bool(why)


def test_a_recording_needs_neither_address_nor_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELLAB_CASSETTES", f"replay:{tmp_path}")
    one = instance(tmp_path, weights="server:$FAR_MODEL", server={"url_from": "FAR_URL"})
    assert why_not(one) == f"no answers were recorded: {tmp_path / 'far-one.jsonl'} does not exist"
    (tmp_path / "far-one.jsonl").touch()
    assert why_not(one) == ""


@pytest.mark.parametrize(
    ("url", "cassettes", "why"),
    [
        (URL, "", "is private, and https://api.example.com/v1 is not on this machine: no audio is sent there"),
        ("http://127.0.0.1:9/v1", "", ""),
        ("http://localhost:9/v1", "", ""),
        ("http://[::1]:9/v1", "", ""),
        ("http://127.0.0.1.example.com/v1", "", "is not on this machine"),
        ("http://127.0.0.1:9/v1", "record:x", "is private: no answer about it is recorded"),
    ],
)
def test_private_audio_stays_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, cassettes: str, why: str
) -> None:
    monkeypatch.setenv("MODELLAB_CASSETTES", cassettes)
    one = instance(tmp_path, server={"url": url})
    header = Header.model_validate({**HEADER, "privacy": "hashes"})
    key = replace(one.key, task="asr", dataset="d")
    found = why_not(Case(key, one.model, one.variant, one.folder, tmp_path, header))
    assert (why in found) if why else found == ""


def test_a_models_name_from_a_variable() -> None:
    assert server_names.model_name("$A", {"A": " base "}) == "base"
