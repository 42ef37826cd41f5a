"""The contract through pytest: a sound model keeps it, and each broken promise is the test that fails."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

SOUND = """
    import numpy as np
    from modellab.types import Segment, Transcript

    class Model:
        def __init__(self):
            self.calls = 0
            self.held = []

        def transcribe(self, audio):
            self.calls += 1
            level = f"{np.abs(audio.samples).mean():.3f}"
            return self.answer(level, audio.duration_s)

        def answer(self, text, length_s):
            return Transcript(text, (Segment(text, 0.0, length_s),))

    def load(setting):
        return Model()
"""
CONFIG = """
summary: a recogniser of loudness
tasks: [asr]
status: experimental
devices: {cpu: [float32]}
variants:
  one: {weights: package}
"""
ANSWER = "return Transcript(text, (Segment(text, 0.0, length_s),))"
ANY, SAME = "test_any_sound_gives_an_answer_of_the_tasks_type", "test_the_same_input_gives_the_same_output"
BROKEN = {  # folder -> what it answers, and the tests that must fail for it
    "says_nothing": ("return None", {ANY}),
    "counts": ("return Transcript(f'{text} {self.calls}')", {SAME, "test_what_was_heard_before_changes_nothing"}),
    "is_late": (
        "return Transcript(text, (Segment(text, 0.0, 99.0),))",
        {"test_times_are_in_order_and_inside_the_sound"},
    ),
    "goes_back": (
        "return Transcript(text, (Segment(text, 1.0, 2.0), Segment(text, 0.0, 1.0)))",
        {"test_times_are_in_order_and_inside_the_sound"},
    ),
    "hoards": (
        "self.held.append(np.ones(2**20)); return Transcript(text)",
        {"test_many_calls_need_no_more_memory_than_a_few"},
    ),
    "needs_length": ("return Transcript(text) if length_s > 1 else 1 / 0", {ANY}),
}


def write(folder: Path, answer: str = ANSWER) -> None:
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "adapter.py").write_text(textwrap.dedent(SOUND).replace(ANSWER, answer))


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_subprocess("--pyargs", "modellab.contract", "-p", "no:cacheprovider", *options)


def test_a_sound_model_in_a_package_keeps_the_contract(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester.path / "mypackage" / "mymodel")
    (pytester.path / "mypackage" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    result = run(pytester, "--model", "mypackage:mymodel", "-k", "not ten_minutes")
    counts = result.parseoutcomes()
    assert counts["passed"] == 15
    assert "failed" not in counts
    assert result.ret == 0


def test_each_broken_promise_is_a_test_that_fails(pytester: pytest.Pytester) -> None:
    options = ["-k", "not ten_minutes", "-rf", "-n", "0"]
    for name, (answer, _) in BROKEN.items():
        write(pytester.path / name, answer)
        options += ["--model", str(pytester.path / name)]
    result = run(pytester, *options)
    failed = re.findall(r"^FAILED .*::(\w+)\[(\w+):one-", result.stdout.str(), re.MULTILINE)
    found = {name: {test for test, model in failed if model == name} for name in BROKEN}
    assert {name: BROKEN[name][1] <= tests for name, tests in found.items()} == dict.fromkeys(BROKEN, True), found
    assert not {test for tests in found.values() for test in tests} & {"test_its_process_ends_when_it_is_closed"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere", "--model nowhere: no model of the project, no folder of an installed package and no folder"),
        ("whisper:labb", "unknown variant 'labb' of whisper: did you mean lab"),
        ("whisper:large-v3", "--model whisper:large-v3: *"),
    ],
)
def test_a_model_that_cannot_be_tried_is_one_sentence(pytester: pytest.Pytester, name: str, why: str) -> None:
    result = run(pytester, "--model", name)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {why}*"])


def test_elsewhere_the_option_is_unknown(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    assert pytester.runpytest_subprocess("--model", "x").ret == pytest.ExitCode.USAGE_ERROR
