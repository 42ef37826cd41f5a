"""What pytest collects: ids, marks, selection, and what a broken folder costs."""

from __future__ import annotations

import pytest

from .conftest import FakeProject, write_model

CASE = "test_asr.py::test_asr[[]fake:one-short_v1-cpu-float32]"


def collected(fake_project: FakeProject, *arguments: str, keyword: str = "fake") -> list[str]:
    result = fake_project.run("--collect-only", "-q", *arguments, keyword=keyword)
    return [line for line in result.outlines if "::" in line]


def test_ids_name_model_dataset_device_and_precision(fake_project: FakeProject) -> None:
    fake_project.configure(devices={"cpu": ["float32", "int8"], "cuda": ["float16"]})
    assert [line.partition("[")[2] for line in collected(fake_project)] == [
        "fake:one-short_v1-cpu-float32]",
        "fake:one-short_v1-cpu-int8]",
        "fake:one-short_v1-cuda-float16]",
    ]


@pytest.mark.parametrize(
    ("expression", "count"),
    [("smoke", 1), ("full", 1), ("cuda", 1), ("cpu and asr", 1), ("fake", 2), ("vad", 0), ("nightly", 0)],
)
def test_marks_select(fake_project: FakeProject, expression: str, count: int) -> None:
    fake_project.configure(
        devices={"cpu": ["float32"]},
        variants={
            "one": {"weights": "package", "tier": "smoke"},
            "big": {"weights": "package", "tier": "full", "devices": {"cuda": ["float16"]}},
        },
    )
    assert len(collected(fake_project, "-m", expression)) == count


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("smok and cpu", ["no test has the mark 'smok': did you mean smoke? known: *alignment, asr, *"]),
        ("smoke and not (wisper or cpu)", ["no test has the mark 'wisper': did you mean whisper? *"]),
        ("mine and smoke and not other(word='smok', number=1)", []),
    ],
)
def test_a_mark_that_nothing_has_is_told(fake_project: FakeProject, expression: str, told: list[str]) -> None:
    test = fake_project.root / "benchmarks" / "test_more.py"
    test.write_text("import pytest\n@pytest.mark.mine\n@pytest.mark.other\ndef test_more():\n    pass\n")
    result = fake_project.run("--collect-only", "-q", "-m", expression, "-W", "ignore", keyword="")
    result.stdout.fnmatch_lines(told)
    assert [line for line in result.outlines if "has the mark" in line] == [] or told


def test_a_typo_in_a_config_costs_that_model_only(fake_project: FakeProject) -> None:
    write_model(fake_project.root / "models" / "fakir")
    fake_project.configure("fakir", devises={"cpu": ["float32"]})
    result = fake_project.run(keyword="fake or fakir")
    result.assert_outcomes(passed=1, failed=1, deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines(["*fakir/config.yaml: unknown key 'devises': did you mean devices? known: *"])
    assert result.ret == 3


def test_a_typo_in_a_dataset_costs_that_dataset_only(fake_project: FakeProject) -> None:
    fake_project.dataset("fake_v2", normalizer="basic")
    result = fake_project.run(keyword="fake")
    result.assert_outcomes(passed=1, failed=1, deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines(["*fake_v2/dataset.yaml: unknown key 'normalizer': did you mean normaliser? known: *"])


def test_a_typo_in_a_config_fails_once_however_many_tasks_there_are(fake_project: FakeProject) -> None:
    vad = (fake_project.root / "benchmarks" / "test_asr.py").read_text().replace("asr", "vad")
    (fake_project.root / "benchmarks" / "test_vad.py").write_text(vad)
    fake_project.configure(devises={"cpu": ["float32"]}, tasks=["asr", "vad"])
    fake_project.dataset("fake_v2", task="arf")
    result = fake_project.run(keyword="fake")
    result.assert_outcomes(failed=2, deselected=result.parseoutcomes().get("deselected", 0))
    for task in ("asr", "vad"):
        assert [line.partition("[")[2] for line in collected(fake_project, "-m", task)] == [
            "fake-broken]",
            "fake_v2-broken]",
        ]


def test_a_typo_in_pyproject_is_a_usage_error(fake_project: FakeProject) -> None:
    (fake_project.root / "pyproject.toml").write_text('[tool.modellab]\nmodel = ["models"]\n')
    result = fake_project.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*[[]tool.modellab] has no key 'model': did you mean models?*"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"devices": {"mps": ["float32"]}}, "no Metal on linux*", id="device"),
        pytest.param(
            {"packages": ["no_such_engine"], "install": "whisper"},
            "package no_such_engine is not installed: pip install 'modellab[[]whisper]'",
            id="package",
        ),
        pytest.param(
            {"variants": {"one": {"weights": "path:missing.bin", "tier": "smoke"}}},
            "*missing.bin does not exist*",
            id="weights",
        ),
        pytest.param(
            {"variants": {"one": {"weights": "hf:nobody/nothing", "tier": "smoke"}}},
            "no weights here: modellab models fetch fake:one",
            id="hub weights",
        ),
    ],
)
def test_what_the_machine_lacks_is_a_skip_with_the_reason(
    fake_project: FakeProject, change: dict[str, object], reason: str
) -> None:
    fake_project.configure(**change)
    result = fake_project.run("-rs")
    result.assert_outcomes(skipped=1, deselected=result.parseoutcomes().get("deselected", 0))
    result.stdout.fnmatch_lines([f"SKIPPED*{reason}"])
    strict = fake_project.run("--strict-matrix")
    assert strict.ret == 3
    strict.stdout.fnmatch_lines([f"--strict-matrix: {reason}"])


def test_collecting_imports_no_engine(fake_project: FakeProject) -> None:
    (fake_project.root / "conftest.py").write_text(
        'import sys\n\npytest_plugins = ["modellab.pytest_plugin"]\n\n\n'
        "def pytest_collection_finish():\n"
        '    heavy = {"torch", "mlflow", "jiwer", "soundfile", "av", "transformers"} & sys.modules.keys()\n'
        "    assert not heavy, heavy\n"
    )
    result = fake_project.run_subprocess("--collect-only", "-q")
    assert result.ret == 0, result.stdout.str()
