"""Golden datasets: what is read from them, and that every fault is named with file and case."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml
from hypothesis import given
from hypothesis import strategies as st

from modellab import datasets
from modellab.errors import ConfigError, DatasetError
from modellab.tasks import asr, vad
from modellab.types.rows import length_s, seconds

Manifest = dict[str, Any]


def manifest() -> Manifest:
    return {
        "task": "asr",
        "version": 1,
        "language": "en",
        "tier": "smoke",
        "licence": "CC0-1.0",
        "source": "a sine",
        "normaliser": "basic",
        "rate_hz": 16000,
        "limits": {"wer": 0.1},
        "cases": [
            {
                "id": "a1",
                "audio": "a1.flac",
                "duration_s": 0.5,
                "text": "one two",
                "speaker": "x",
                "condition": "clean",
            },
            {"id": "a2", "audio": "a2.flac", "duration_s": 0.25, "text": "three"},
        ],
    }


def sine(path: Path, duration_s: float, rate_hz: int = 16000) -> None:
    samples = 0.1 * np.sin(2 * np.pi * 440 * np.arange(round(duration_s * rate_hz)) / rate_hz)
    soundfile.write(path, samples, rate_hz, subtype="PCM_16")


def save(folder: Path, content: Manifest) -> None:
    (folder / "dataset.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """A sound dataset with its digest."""
    folder = tmp_path / "toy_v1"
    folder.mkdir()
    sine(folder / "a1.flac", 0.5)
    sine(folder / "a2.flac", 0.25)
    save(folder, manifest())
    datasets.write_digest(folder)
    return folder


def test_load_gives_header_rows_and_absolute_audio(golden: Path) -> None:
    data = datasets.load(golden)
    assert (data.name, data.task, data.version, data.language, data.tier) == ("toy_v1", "asr", 1, "en", "smoke")
    assert (data.licence, data.source, data.normaliser, data.domain) == ("CC0-1.0", "a sine", "basic", "open")
    assert data.limits == {"wer": 0.1}
    assert data.options["language"] == "en"
    assert [row["id"] for row in data.rows] == ["a1", "a2"]
    assert data.rows[0]["audio"] == golden.absolute() / "a1.flac"
    assert data.digest == data.header.digest


def test_settings_are_in_each_row_and_repeats_take_their_time(golden: Path) -> None:
    raw = yaml.safe_load((golden / "dataset.yaml").read_text())
    assert all("settings" not in row for row in datasets.load(golden).rows)
    save(golden, {"settings": {"repeats": 3}, **raw})
    row = datasets.load(golden).rows[0]
    assert row["settings"] == {"repeats": 3}
    assert seconds(row) == 3 * length_s(row) == 3 * row["duration_s"]


def test_a_sound_dataset_has_no_faults(golden: Path) -> None:
    assert datasets.validate(golden, asr) == []


def test_available_lists_dataset_folders_by_name(golden: Path) -> None:
    (golden.parent / "notes").mkdir()
    other = golden.parent / "another_v1"
    golden.rename(other)
    golden.mkdir()
    save(golden, manifest())
    assert datasets.available(golden.parent) == [other, golden]


def test_header_reads_no_case(golden: Path) -> None:
    text = (golden / "dataset.yaml").read_text(encoding="utf-8")
    (golden / "dataset.yaml").write_text(text + "  - {this is: [no YAML\n", encoding="utf-8")
    assert datasets.header(golden).tier == "smoke"
    with pytest.raises(DatasetError, match="not YAML"):
        datasets.load(golden)


# ------------------------------------------------------------------------------------------------ faults


def remove_audio(folder: Path, content: Manifest) -> None:
    (folder / "a1.flac").unlink()


def text_as_audio(folder: Path, content: Manifest) -> None:
    (folder / "a1.flac").write_text("this is not audio")


def no_samples(folder: Path, content: Manifest) -> None:
    (folder / "a1.flac").write_bytes(b"")


def cut_audio(folder: Path, content: Manifest) -> None:
    sine(folder / "a1.flac", 0.3)


def wrong_rate(folder: Path, content: Manifest) -> None:
    sine(folder / "a1.flac", 0.5, rate_hz=8000)


def replaced_audio(folder: Path, content: Manifest) -> None:
    soundfile.write(folder / "a1.flac", np.zeros(8000), 16000)


def case(**changes: Any) -> Callable[[Path, Manifest], None]:
    """Change keys of case a1; None removes the key."""

    def change(folder: Path, content: Manifest) -> None:
        row = content["cases"][0]
        row.update(changes)
        content["cases"][0] = {key: value for key, value in row.items() if value is not None}

    return change


def top(**changes: Any) -> Callable[[Path, Manifest], None]:
    """Change keys of the header; None removes the key."""

    def change(folder: Path, content: Manifest) -> None:
        cases = content.pop("cases")
        content.update(changes)
        for key in [key for key, value in content.items() if value is None]:
            del content[key]
        content.setdefault("cases", cases)

    return change


def cases_first(folder: Path, content: Manifest) -> None:
    content["digest"] = content.pop("digest")


CASE_FAULTS = [
    (remove_audio, r"case a1: .*a1\.flac"),
    (text_as_audio, r"case a1: .*a1\.flac"),
    (no_samples, r"case a1: .*a1\.flac"),
    (cut_audio, r"case a1: a1\.flac lasts 0\.300 s, the manifest says 0\.5 s"),
    (wrong_rate, r"case a1: a1\.flac has 8000 Hz, the header promises rate_hz: 16000"),
    (case(text="  "), "case a1: the reference text is empty"),
    (case(text="?!"), "case a1: the reference text '\\?!' has no words"),
    (case(text=42), "case a1: text is 42, expected text"),
    (case(text=False), "case a1: text is False, expected text; YAML reads 7, 0.5 and true"),
    (case(id="a2"), "case a2: duplicate id"),
    (case(id=1), "case number 1: id is 1, expected text"),
    (case(audio="~nobody-here/a.flac"), "case a1: audio is '~nobody-here/a.flac', and there is no such user"),
    (case(audio="a" * 300), "case a1: audio is 'aaa.*, longer than the 255 bytes that a file's name may have"),
    (case(id="a\nb"), "case number 1: id is 'a.nb', expected a name without line ends"),
    (case(id=""), "case number 1: id is ''"),
    (case(id=None), "case number 1: the key 'id' is missing"),
    (case(audio=None), "case a1: the key 'audio' is missing"),
    (case(duration_s="half"), "case a1: duration_s is 'half', expected a number"),
    (case(duration_s=-1), "case a1: duration_s is -1"),
    (case(duration_s=float("nan")), "case a1: duration_s is nan"),
    (case(speker="x"), "case a1: unknown key 'speker': did you mean speaker\\? known: .*condition"),
]
HEADER_FAULTS = [
    (top(tiers="smoke"), "unknown key 'tiers': did you mean tier\\? known: .*licence"),
    (top(tier="often"), "'tier' is 'often'"),
    (top(version="one"), "'version' is 'one'"),
    (top(licence=None), "'licence' is missing"),
    (top(language=False), "'language' is False"),
    (top(limits={"wer": "low"}), "'limits.wer' is 'low'"),
    (top(normaliser="whisper_eng"), "whisper_eng.*did you mean whisper_en"),
    (top(cases=[]), "expected `cases:` and at least one case"),
    (top(cases=["one two"]), "case number 1: expected a mapping"),
    (cases_first, "'digest' comes after `cases`"),
    (replaced_audio, "the digest changed: the header says sha256:"),
    (case(text="one six"), "the digest changed"),
    (top(digest=None), "there is no digest"),
]


@pytest.mark.parametrize(("spoil", "sentence"), CASE_FAULTS + HEADER_FAULTS)
def test_validate_names_file_and_fault(golden: Path, spoil: Callable[[Path, Manifest], None], sentence: str) -> None:
    content = yaml.safe_load((golden / "dataset.yaml").read_text(encoding="utf-8"))
    spoil(golden, content)
    save(golden, content)
    found = datasets.validate(golden, asr)
    assert any(re.search(sentence, fault) for fault in found), found
    assert all(str(golden / "dataset.yaml") in fault for fault in found)


@pytest.mark.parametrize("text", ["{", "cases", "", "- a\n- b\n"])
def test_not_a_manifest(golden: Path, text: str) -> None:
    (golden / "dataset.yaml").write_text(text, encoding="utf-8")
    for read in (datasets.load, datasets.header):
        with pytest.raises(DatasetError, match=re.escape(str(golden / "dataset.yaml"))):
            read(golden)
    assert len(datasets.validate(golden)) == 1


def test_a_manifest_that_is_not_text_or_not_there(golden: Path) -> None:
    (golden / "dataset.yaml").write_bytes(b"task: \xff\xfe")
    with pytest.raises(DatasetError, match="not UTF-8 text"):
        datasets.load(golden)
    (golden / "dataset.yaml").unlink()
    with pytest.raises(DatasetError, match="no such file"):
        datasets.header(golden)


def test_load_raises_the_class_that_fits(golden: Path) -> None:
    save(golden, {"tiers": "smoke", **manifest()})
    with pytest.raises(ConfigError, match="did you mean tier"):
        datasets.load(golden)
    content = manifest()
    content["cases"][1]["id"] = "a1"
    save(golden, content)
    with pytest.raises(DatasetError, match="case a1: duplicate id"):
        datasets.load(golden)


def test_every_fault_is_listed_at_once(golden: Path) -> None:
    content = manifest()
    content["cases"] += [{"id": "a3", "audio": "a3.flac", "duration_s": 1.0, "text": " "}, {"id": "a4"}]
    content["tiers"] = content.pop("tier")
    save(golden, content)
    found = "\n".join(datasets.validate(golden, asr))
    for part in ("'tiers'", "case a3: the reference text is empty", "a3.flac", "case a4: the key 'audio'"):
        assert part in found


def test_a_task_checks_its_own_keys(golden: Path) -> None:
    content = manifest() | {"task": "vad", "normaliser": "none"}
    content["cases"] = [{"id": "a1", "audio": "a1.flac", "duration_s": 0.5, "speech": [[0.1, 9.0]]}]
    save(golden, content)
    datasets.write_digest(golden)
    (found,) = datasets.validate(golden, vad)
    assert "case a1" in found
    assert "9.0" in found
    assert datasets.validate(golden) == []


# ------------------------------------------------------------------------------------------------ digest


def test_the_digest_is_of_what_changes_results(golden: Path) -> None:
    before = datasets.load(golden).digest
    content = manifest()
    content["cases"].reverse()
    save(golden, content | {"tier": "full", "licence": "MIT", "limits": {}, "cases": content["cases"]})
    assert datasets.load(golden).digest == before
    for change in ({"language": "de"}, {"version": 2}):
        save(golden, {**change, **{key: value for key, value in manifest().items() if key not in change}})
        assert datasets.load(golden).digest != before


def test_a_missing_file_leaves_the_other_cases_loadable(golden: Path) -> None:
    before = datasets.load(golden).digest
    (golden / "a2.flac").unlink()
    data = datasets.load(golden)
    assert len(data.rows) == 2
    assert data.digest != before


def test_writing_the_digest_twice_changes_nothing(golden: Path) -> None:
    before = (golden / "dataset.yaml").read_text(encoding="utf-8")
    assert datasets.write_digest(golden) in before
    assert (golden / "dataset.yaml").read_text(encoding="utf-8") == before


@given(st.text(max_size=40))
def test_any_text_is_a_fault_or_a_manifest_never_a_crash(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "dataset.yaml").write_text(text, encoding="utf-8")
    with pytest.raises((ConfigError, DatasetError)):
        datasets.load(folder)
