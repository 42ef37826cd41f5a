"""A light core: what it brings and why, what it weighs, and one sentence wherever an extra is missing."""

from __future__ import annotations

import functools
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from modellab import audio
from modellab.errors import AudioError, ConfigError, ExtraError
from modellab.system import extras

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OPTIONAL: dict[str, list[str]] = PROJECT["optional-dependencies"]
MOST_MB, MOST_PACKAGES = 350, 70

CORE = {  # what each run without any extra needs, and for what
    "filelock": "the cache is made once by several processes",
    "huggingface-hub": "checkpoints are found and downloaded",
    "langcodes": "every spelling of a language's name",
    "more-itertools": "whisper-normalizer imports it and does not name it",
    "numpy": "samples, and all arithmetic on them",
    "psutil": "memory and processes are measured",
    "pydantic": "manifests and settings are checked",
    "pytest": "the suite",
    "pyyaml": "manifests and models' configurations",
    "rapidfuzz": "edit distances of word error rates",
    "regex": "scripts of languages in normalisers",
    "rich": "tables in the terminal",
    "scipy": "the gate's distributions, the assignment of speakers",
    "soundfile": "WAV, FLAC, OGG and MP3",
    "soxr": "resampling",
    "tabulate": "the scorecard",
    "typer": "the command",
    "text2num": "numbers in words, in other languages than English",
    "whisper-normalizer": "the normaliser whisper_en",
}


def canonical(requirements: Iterable[str]) -> list[str]:
    return [canonicalize_name(Requirement(each).name) for each in requirements]


def closure(requirements: Iterable[str]) -> set[str]:
    """The distributions that requirements bring, as far as they are installed here."""
    found: set[str] = set()
    open_ = [Requirement(each) for each in requirements]
    while open_:
        name = canonicalize_name(open_.pop().name)
        if name in found:
            continue
        try:
            pulls = [Requirement(each) for each in distribution(name).requires or ()]
        except PackageNotFoundError:
            continue
        found.add(name)
        open_ += [each for each in pulls if each.marker is None or each.marker.evaluate({"extra": ""})]
    return found


def test_each_part_of_the_core_has_its_reason() -> None:
    assert sorted(canonical(PROJECT["dependencies"])) == sorted(CORE)


def test_the_core_is_light() -> None:
    """As this environment has it, by the sizes that the wheels state; bytecode is another 80 MB."""
    brought = closure(PROJECT["dependencies"])
    assert brought >= set(CORE)
    assert len(brought) <= MOST_PACKAGES - 10, "room for what other versions bring"
    size = sum(file.size or 0 for name in brought for file in distribution(name).files or () if file.suffix != ".pyc")
    assert size / 2**20 < MOST_MB - 100, "room for bytecode"


def test_what_is_heavy_comes_by_an_extra_alone() -> None:
    heavy = {"mlflow", "mlflow-skinny", "sqlalchemy", "pandas", "pyarrow", "matplotlib", "pillow", "av", "torch"}
    assert not heavy & closure(PROJECT["dependencies"])
    assert heavy <= closure([name for extra in OPTIONAL.values() for name in extra])


def test_every_extra_is_a_models_or_is_known() -> None:
    configs = ROOT.glob("modellab/models/*/config.yaml")
    of_models = {yaml.safe_load(path.read_text(encoding="utf-8")).get("install") for path in configs} - {None}
    assert set(OPTIONAL) == of_models | set(extras.EXTRAS) | {"all"}
    (everything,) = (Requirement(each) for each in OPTIONAL["all"])
    assert everything.extras == set(OPTIONAL) - {"all"}, "the repository's own environment has all"


@functools.cache
def provided() -> Mapping[str, list[str]]:
    """The packages that bring each module: half a second of reading what is installed."""
    return packages_distributions()


@pytest.mark.parametrize("extra", extras.EXTRAS)
def test_an_extra_brings_the_packages_that_are_looked_for(extra: str) -> None:
    providers = provided()
    brought = set(canonical(OPTIONAL[extra]))
    for package in extras.EXTRAS[extra].packages:
        assert brought & {canonicalize_name(name) for name in providers[package]}, package
    assert extras.missing(extra) == []
    extras.need(extra, "nothing that is missing")


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ("ruptures", "this needs ruptures, which is not installed: pip install 'modellab[reports]'"),
        (
            "jinja2 PIL ruptures",
            "this needs jinja2, Pillow and ruptures, which are not installed: pip install 'modellab[reports]'",
        ),
    ],
)
def test_the_sentence_names_all_that_is_missing(hidden: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in hidden.split():
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ExtraError) as caught:
        extras.need("reports", "this")
    assert str(caught.value) == said
    assert isinstance(caught.value, ConfigError)


def test_audio_that_libsndfile_reads_needs_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    clip = next((ROOT / "golden" / "asr_smoke_v1").rglob("*.flac"))
    assert audio.read(clip).duration_s == pytest.approx(audio.info(clip).duration_s)
    film = tmp_path / "film.mkv"
    film.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(2000))
    with pytest.raises(
        AudioError, match=r"film\.mkv is not read .*: decoding it needs PyAV, .* pip install 'modellab\[media\]'$"
    ):
        audio.read(film)


def test_the_core_imports_no_optional_package() -> None:
    """The plugin, the command and every task are imported with the optional packages hidden."""
    hidden = [name for extra in extras.EXTRAS.values() for name in (*extra.packages, "sqlalchemy")]
    code = (
        f"import sys\nsys.modules.update(dict.fromkeys({hidden!r}))\n"
        "import modellab.cli.app, modellab.pytest_plugin, modellab.tracking, modellab.doctor\n"
        "from modellab import tasks\n[tasks.get(name) for name in tasks.names()]\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
