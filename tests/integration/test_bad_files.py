"""Whatever is in a dataset.yaml or config.yaml, it is one failing case with one sentence, and the others run."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import FakeProject, write_model

HEADER = "task: asr\nversion: 1\nlanguage: en\ntier: smoke\nlicence: CC0-1.0\nnormaliser: basic\nsource: x\n"
CASES = "cases:\n- {id: a, audio: a.flac, text: hi, duration_s: 1.0}\n"
LAUGHS = "settings:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def writer_of(header: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(header + CASES, encoding="utf-8")


DATASETS: list[tuple[Callable[[Path], object], str]] = [
    (writer_of(HEADER + "settings: {d: 2001-01-01}\n"), "*settings.d is 2001-01-01 without quotes*"),
    (writer_of(HEADER + f"settings: {'[' * 9000}\n"), "*line 8: nested deeper than 50"),
    (writer_of(HEADER + LAUGHS), "*aliases (*a2) expand to more than 10000 values"),
    (
        writer_of(HEADER + "limits: {wer: 0.05}\nlimits: {cer: 0.05}\n"),
        "*line 9: the key 'limits' is given twice*line 8",
    ),
    (writer_of(HEADER + "limits: {wer: .nan}\n"), "*'limits.wer' is nan: input should be a finite number"),
    (writer_of(HEADER.replace("version: 1", f"version: {'9' * 5000}")), "*'version' is '9999*"),
    (writer_of(HEADER.replace("tier: smoke", "tier: on")), "*'tier' is 'on': input should be 'smoke'*"),
    (
        writer_of(HEADER + "judge: !!python/name:os.system\n"),
        "*line 8: the tag *python/name:os.system' is not read here*",
    ),
    (lambda path: path.mkdir(), "*it is a folder, expected a file*"),
    (lambda path: path.symlink_to("nowhere"), "*it is a link to a file that is not there*"),
    (lambda path: path.symlink_to(path), "*it cannot be read (Too many levels of symbolic links)*"),
    (lambda path: os.mkfifo(path), "*it is a device or pipe, expected a file*"),
    (lambda path: path.write_text(HEADER + CASES, encoding="utf-16"), "*not UTF-8 text*"),
    (lambda path: path.write_bytes(b"task: asr\nversion: \0\n"), "*not YAML: *"),
]


def test_bad_datasets_cost_themselves_only(fake_project: FakeProject) -> None:
    for number, (make, _) in enumerate(DATASETS):
        folder = fake_project.root / "golden" / f"fake_{number:02}"
        folder.mkdir()
        make(folder / "dataset.yaml")
    result = fake_project.run()
    result.assert_outcomes(passed=1, failed=len(DATASETS), deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines_random([f"*fake_{n:02}/dataset.yaml: {words}" for n, (_, words) in enumerate(DATASETS)])
    assert result.ret == 3


def test_a_bad_dataset_that_no_keyword_selects_is_told_nevertheless(fake_project: FakeProject) -> None:
    folder = fake_project.root / "golden" / "other_v1"
    folder.mkdir()
    (folder / "dataset.yaml").write_text(HEADER.replace("tier: smoke", "tier: on") + CASES)
    summary = fake_project.root / "scorecard.md"
    result = fake_project.run(f"--scorecard={summary}")  # -k fake
    assert result.ret == 0
    told = "note: other_v1-broken was not selected by -k, so none of its cases ran: *'tier' is 'on'*"
    result.stdout.fnmatch_lines([told])
    assert "was not selected by -k" in summary.read_text()
    result = fake_project.run("-p", "modellab.pytest_plugin.select", "--dataset=short_v1")
    assert "was not selected by -k" not in result.stdout.str(), "it was not asked for"


def test_a_key_that_nothing_reads_is_told_in_the_run(fake_project: FakeProject) -> None:
    path = fake_project.root / "golden" / "short_v1" / "dataset.yaml"
    path.write_text(path.read_text().replace("  speaker: tone\n", "  speeker: tone\n", 2))
    result = fake_project.run()
    assert result.ret == 0
    told = "*nothing reads the key 'speeker' of 2 of 8 rows: did you mean speaker*"
    result.stdout.fnmatch_lines([told])
    assert any("speeker" in note for note in fake_project.ledger()[-1]["notes"])


CONFIGS = [
    ("options: {vad: off}", "*options.vad is off without quotes*write false, or 'off' for the word"),
    ("timeout_s: .inf", "*'timeout_s' is inf: input should be a finite number"),
    ("seeds: 1000000000000", "*'seeds' is 1000000000000: input should be less than or equal to 1000"),
    ("tasks: [asr]", "*line *: the key 'tasks' is given twice, first in line 2"),
    ("thresholds: {wer: {margin: .nan}}", "*'thresholds.wer.margin' is nan: input should be a finite number"),
]


@pytest.mark.parametrize(
    ("variants", "words"),
    [
        ('{"../../../../../x": {weights: package}}', "*variants has '../../../../../x', expected letters, digits*"),
        ('{"a/b": {weights: package}}', "*variants has 'a/b', expected letters, digits*"),
        (
            "{Lab: {weights: package}, lab: {weights: package}}",
            "*variants has 'Lab' and 'lab': their baselines are one*",
        ),
        ("{}", "*variants is empty, expected at least one"),
    ],
)
def test_names_of_variants_are_checked_before_anything_is_written(
    fake_project: FakeProject, variants: str, words: str
) -> None:
    write_model(fake_project.root / "models" / "fakir")
    config = fake_project.root / "models" / "fakir" / "config.yaml"
    head = config.read_text().partition("variants:")[0]
    config.write_text(f"{head}variants: {variants}\n")
    result = fake_project.run("--update-baselines", "--reason", "a first run", keyword="fakir")
    assert result.ret == 3
    result.stdout.fnmatch_lines([words])
    assert not (fake_project.root / "baselines").exists()


def test_bad_configs_cost_themselves_only(fake_project: FakeProject) -> None:
    for number, (line, _) in enumerate(CONFIGS):
        write_model(fake_project.root / "models" / f"fake_{number}")
        with (fake_project.root / "models" / f"fake_{number}" / "config.yaml").open("a") as config:
            config.write(f"{line}\n" if "timeout" not in line else "")
        if "timeout" in line:
            path = fake_project.root / "models" / f"fake_{number}" / "config.yaml"
            path.write_text(path.read_text().replace("timeout_s: 20", line))
    (fake_project.root / "models" / "fake_folder" / "config.yaml").mkdir(parents=True)
    result = fake_project.run()
    failed = len(CONFIGS) + 1
    result.assert_outcomes(passed=1, failed=failed, deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines_random([words for _, words in CONFIGS])
    result.stdout.fnmatch_lines(["*fake_folder/config.yaml is not readable YAML: it is a folder, expected a file"])


def test_two_models_of_one_name_cost_that_name_only(fake_project: FakeProject) -> None:
    write_model(fake_project.root / "models" / "silero_vad")
    result = fake_project.run(keyword="fake or silero")
    assert result.parseoutcomes()["passed"] >= 1
    result.stdout.fnmatch_lines(["two model folders are called 'silero_vad': *"])


def test_a_setting_for_a_case_that_is_broken_stops_nothing(fake_project: FakeProject) -> None:
    with (fake_project.root / "pyproject.toml").open("a") as settings:
        settings.write('[tool.modellab.cases."*-fake_v2-*".wer]\nlimit = 0.5\n')
    fake_project.dataset("fake_v2", normalizer="basic")
    result = fake_project.run()
    result.assert_outcomes(passed=1, failed=1, deselected=result.parseoutcomes().get("deselected", 0))


def test_datasets_whose_names_differ_in_case_only(fake_project: FakeProject) -> None:
    fake_project.dataset("Short_v1")
    result = fake_project.run(keyword="fake or short_v1-broken")
    result.stdout.fnmatch_lines(["*golden/short_v1: Short_v1 is a dataset too, and where disks ignore case*"])
