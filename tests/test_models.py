"""Model folders: where they are found, what a config.yaml may hold, and every fault by its name."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
import yaml

from modellab import models
from modellab.errors import ConfigError
from modellab.models import Model, adapter_code, config, faults, find_package, folders, search

from .make import CONFIG

ONE = CONFIG["variants"]["one"]


def write(folder: Path, values: Any = CONFIG) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    text = values if isinstance(values, str) else yaml.safe_dump(values, sort_keys=False)
    (folder / "config.yaml").write_text(text, encoding="utf-8")
    return folder


NOWHERE = Path("nowhere")  # in place of modellab's own folders


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """A place for model folders."""
    return tmp_path / "place"


# ---------------------------------------------------------------------------- what it may hold


def test_the_shortest_config(tmp_path: Path) -> None:
    model = config(write(tmp_path))
    assert (model.timeout_s, model.packages, model.options, model.claims) == (120.0, (), {}, ())
    assert model.variants["one"].domain == "open"
    assert list(model.device_precisions("one")) == [("cpu", "float32")]


def test_a_variant_takes_the_rest_from_its_model(tmp_path: Path) -> None:
    values = {
        **CONFIG,
        "devices": {"cpu": ["int8", "float32"], "cuda": ["float16"]},
        "options": {"beam_size": 1, "language": "en"},
        "variants": {
            "plain": ONE,
            "own": {"weights": "hf:a/b", "devices": {"cuda": ["int8"]}, "options": {"language": None}},
            "files": {"weights": {"int8": "path:a.bin", "float16": "path:b.bin"}},
        },
    }
    model = config(write(tmp_path, values))
    assert list(model.device_precisions("plain")) == [("cpu", "int8"), ("cpu", "float32"), ("cuda", "float16")]
    assert list(model.device_precisions("own")) == [("cuda", "int8")], "devices of a variant replace the model's"
    assert list(model.device_precisions("files")) == [("cpu", "int8"), ("cuda", "float16")], (
        "one file for each precision"
    )
    assert model.options_for("plain") == {"beam_size": 1, "language": "en"}
    assert model.options_for("own") == {"beam_size": 1, "language": None}, "options of a variant are merged over"
    assert model.variants["files"].places_for("float16") == ("path:b.bin",)
    assert model.variants["own"].places_for("int8") == ("hf:a/b",)
    assert model.variants["own"].tier == "full"


@pytest.mark.parametrize(("audio_s", "timeout_s"), [(0.0, 20.0), (1.0, 20.0), (30.0, 20.0), (300.0, 200.0)])
def test_long_audio_may_take_longer(tmp_path: Path, audio_s: float, timeout_s: float) -> None:
    assert config(write(tmp_path, {**CONFIG, "timeout_s": 20})).timeout_for(audio_s) == timeout_s


@pytest.mark.parametrize("folder", sorted(models.FOLDER.glob("*/config.yaml")), ids=lambda path: path.parent.name)
def test_our_own_folders_are_whole(folder: Path) -> None:
    folder = folder.parent
    model = config(folder)
    assert all(list(model.device_precisions(variant)) for variant in model.variants)
    for file in ("adapter.py", "requirements.txt", "README.md"):
        assert (folder / file).is_file(), f"a model folder has a {file}"
    pinned = [variant for variant in model.variants.values() if str(variant.weights).startswith(("hf:", "openai:"))]
    assert all(variant.revision for variant in pinned), "weights from outside are pinned"


LIKE = {"like": "faster_whisper", "summary": "ours", "variants": {"mine": ONE}}


def test_a_folder_can_be_like_another(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", {**LIKE, "tasks": ["asr"], "options": {"beam_size": 5}})
    mine, theirs = config(folder), config(models.FOLDER / "faster_whisper")
    assert mine.variants.keys() == {"mine"}
    assert (mine.tasks, mine.options, mine.summary) == (("asr",), {"beam_size": 5}, "ours"), "its own come first"
    assert (mine.packages, mine.install, mine.devices) == (theirs.packages, theirs.install, theirs.devices)
    assert (mine.status, mine.claims) == ("experimental", ()), "nobody has shown anything of it"
    assert adapter_code.lender(folder) == models.FOLDER / "faster_whisper"
    assert adapter_code.lender(models.FOLDER / "faster_whisper") is None


def test_a_folder_like_another_has_its_adapter_unless_it_has_its_own(tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", {**LIKE, "like": "heuristic_diarization"})
    (folder / "cluster.py").write_text("mine = True")
    assert adapter_code.load(folder, "cluster").mine, "only the adapter is taken from elsewhere"
    (folder / "adapter.py").write_text("load = 'mine'")
    assert adapter_code.load(folder, "adapter").load == "mine"


# ---------------------------------------------------------------------------- faults

FAULTS = [
    pytest.param({"devises": {}}, "unknown key 'devises': did you mean devices?*", id="unknown key"),
    pytest.param({"variant": {}}, "unknown key 'variant': did you mean variants?*", id="singular"),
    pytest.param(
        {"variants": {"one": {**ONE, "weight": "x"}}},
        "unknown key 'variants.one.weight': did you mean weights? known: datasets, devices, domain, *",
        id="unknown key of a variant",
    ),
    pytest.param(
        {"claims": [{"variant": "one", "dataset": "d", "metric": "wer", "value": 0.1, "sauce": "web"}]},
        "'claims.0.source' is missing; unknown key 'claims.0.sauce': did you mean source?*",
        id="unknown key of a claim",
    ),
    pytest.param({"like": "faster_whisperer"}, "like is 'faster_whisperer', no model of modellab: *", id="like none"),
    pytest.param({"summary": None}, "'summary' is None: input should be a valid string", id="empty value"),
    pytest.param({"tasks": "asr"}, "'tasks' is 'asr': input should be a valid tuple", id="text for a list"),
    pytest.param({"status": "stable"}, "'status' is 'stable': input should be 'experimental', *", id="unknown status"),
    pytest.param({"timeout_s": 0}, "'timeout_s' is 0: input should be greater than 0", id="no time"),
    pytest.param({"timeout_s": "long"}, "'timeout_s' is 'long': input should be a valid number*", id="time as text"),
    pytest.param({"devices": {"gpu": ["f16"]}}, "'devices.gpu.*' is 'gpu': input should be 'cpu', *", id="device"),
    pytest.param(
        {"devices": {"cpu": "int8"}}, "'devices.cpu' is 'int8': input should be a valid tuple", id="precision"
    ),
    pytest.param({"variants": []}, "'variants' is []: input should be a valid dictionary", id="variants as a list"),
    pytest.param({"variants": {"one": None}}, "'variants.one' is None: input should be *", id="empty variant"),
    pytest.param({"variants": {"one": {}}}, "'variants.one.weights' is missing", id="no weights"),
    pytest.param({"variants": {"one": {**ONE, "tier": "fast"}}}, "'variants.one.tier' is 'fast': *", id="tier"),
    pytest.param({"variants": {"one": {**ONE, "domain": "home"}}}, "'variants.one.domain' is 'home': *", id="domain"),
    pytest.param({"variants": {"one": {**ONE, "languages": "en"}}}, "'variants.one.languages' is *", id="languages"),
    pytest.param({"variants": {"one": {**ONE, "needs": {"ram": 2}}}}, "'variants.one.needs.ram.*", id="needs"),
    pytest.param({"variants": {"one": {"weights": 3}}}, "'variants.one.weights.*' is 3: *", id="weights as a number"),
    pytest.param(
        {"variants": {"one": {"weights": "large-v3"}}},
        "variants.one.weights is 'large-v3', expected scheme:place * or package",
        id="weights without a scheme",
    ),
    pytest.param(
        {"variants": {"one": {"weights": "huggingface:a/b"}}},
        "variants.one.weights is 'huggingface:a/b', expected scheme:place (converted, embedded, hf, made, *, wheel) *",
        id="unknown scheme",
    ),
    pytest.param(
        {"variants": {"one": {"weights": {"float32": "hg:a/b"}}}},
        "variants.one.weights is 'hg:a/b', expected scheme:place *",
        id="unknown scheme of one precision",
    ),
    pytest.param({"variants": {"one": {"weights": "hf:"}}}, "variants.one.weights is 'hf:', expected *", id="no place"),
    pytest.param(
        {"variants": {"one": {"weights": {"q8_0": "path:a.bin"}}}},
        "variants.one.weights has 'q8_0', a precision that no device offers: known: float32",
        id="weights of no precision that is offered",
    ),
    pytest.param(
        {"variants": {"one": ONE}, "devices": {}},
        "variants.one runs nowhere: it has no pair of device and precision",
        id="no device at all",
    ),
]


@pytest.mark.parametrize(("change", "sentence"), FAULTS)
def test_a_fault_names_the_file_and_the_key(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    write(tmp_path, {**CONFIG, **change})
    with pytest.raises(ConfigError) as caught:
        config(tmp_path)
    pattern = sentence.replace("[", "[[]")
    assert fnmatchcase(str(caught.value), f"{tmp_path / 'config.yaml'}: {pattern}"), caught.value


@pytest.mark.parametrize("key", ["summary", "tasks", "status", "devices", "variants"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    write(tmp_path, {name: value for name, value in CONFIG.items() if name != key})
    with pytest.raises(ConfigError, match=f"config.yaml: '{key}' is missing"):
        config(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "is empty, expected keys and values", id="empty"),
        pytest.param("- a\n- b\n", r"holds \['a', 'b'\], expected keys and values", id="list"),
        pytest.param("a: [1\n", "is not readable YAML: ", id="not YAML"),
        pytest.param("a: \x00\n", "is not readable YAML: ", id="binary"),
        pytest.param("a: !!python/object:os.system {}\n", "is not readable YAML: ", id="a tag that runs code"),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        config(write(tmp_path, text))


@pytest.mark.parametrize("key", ["seeds", "timeout_s"])
def test_true_is_no_number(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=f"'{key}' is True: .*a number was expected"):
        config(write(tmp_path, {**CONFIG, key: True}))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"config.yaml is not readable YAML: no such file"):
        config(tmp_path)


# ---------------------------------------------------------------------------- finding folders


def test_folders_are_found_on_disk(own_folder: Path) -> None:
    write(own_folder / "beta")
    write(own_folder / "alpha")
    (own_folder / "empty").mkdir()
    (own_folder / "notes.txt").write_text("no model")
    write(own_folder.parent / "single")
    found = folders([own_folder, own_folder.parent / "single", own_folder.parent / "nowhere"], NOWHERE)
    assert found == {
        "alpha": own_folder / "alpha",
        "beta": own_folder / "beta",
        "single": own_folder.parent / "single",
    }
    assert list(found) == ["alpha", "beta", "single"]


def test_a_place_named_twice_is_one_place(own_folder: Path) -> None:
    write(own_folder / "beta")
    assert folders([own_folder, own_folder, own_folder / "beta"], NOWHERE) == {"beta": own_folder / "beta"}


def test_two_models_of_one_name_are_refused(own_folder: Path) -> None:
    write(own_folder / "beta")
    write(own_folder.parent / "other" / "beta")
    write(own_folder.parent / "other" / "alpha")
    places = [own_folder, own_folder.parent / "other"]
    assert re.fullmatch(
        r"two model folders are called 'beta': .*place/beta and .*other/beta", faults(places, NOWHERE)["beta"]
    )
    assert list(folders(places, NOWHERE)) == ["alpha"], "the others are there"


def test_names_that_differ_in_case_only_are_one(own_folder: Path) -> None:
    write(own_folder / "beta")
    write(own_folder.parent / "other" / "Beta")
    assert list(faults([own_folder, own_folder.parent / "other"], NOWHERE)) == ["beta"]


@pytest.mark.parametrize(
    "made", [Path.mkdir, lambda path: path.symlink_to("nowhere"), lambda path: path.symlink_to(path)]
)
def test_a_config_that_is_no_file_is_told(own_folder: Path, made: Callable[[Path], None]) -> None:
    (own_folder / "beta").mkdir(parents=True)
    made(own_folder / "beta" / "config.yaml")
    assert folders([own_folder], NOWHERE) == {"beta": own_folder / "beta"}
    with pytest.raises(ConfigError, match=r"beta/config.yaml is not readable YAML: it (is a|cannot be read)"):
        config(own_folder / "beta")


@pytest.mark.parametrize("whole", [True, False], ids=["a package that is a model", "a package that holds models"])
def test_an_installed_package_brings_models(own_folder: Path, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    package = own_folder.parent / "site" / f"their_models_{whole}"
    write(package if whole else package / "gamma")
    (package / "__init__.py").write_text("raise RuntimeError('collection imports no model code')\n")
    monkeypatch.syspath_prepend(str(package.parent))
    point = EntryPoint("theirs", package.name, "modellab.models")
    found, faults = search(points=[point], own=NOWHERE)
    assert (found, faults) == ({package.name: package} if whole else {"gamma": package / "gamma"}, {})
    assert package.name not in sys.modules


@pytest.mark.parametrize("value", ["no_such_package", "no_such_package.models", "this"])
def test_an_entry_point_to_no_package_is_told(value: str) -> None:
    found, faults = search(points=[EntryPoint("gone", value, "modellab.models")], own=NOWHERE)
    assert found == {}
    assert f"entry point 'gone' of modellab.models names '{value}': no such package" in faults["gone"]


@pytest.mark.parametrize(
    ("name", "there"),
    [("json", True), ("json.decoder", True), ("no_such", False), ("no_such.at_all", False), ("json.no_such", False)],
)
def test_a_package_is_found_by_its_import_name(name: str, there: bool) -> None:
    assert (find_package(name) is not None) is there


def test_claims_are_read(tmp_path: Path) -> None:
    claim = {"variant": "one", "dataset": "d", "metric": "wer", "value": 0.02, "source": "a paper"}
    model: Model = config(write(tmp_path, {**CONFIG, "claims": [claim]}))
    assert model.claims[0].value == 0.02
