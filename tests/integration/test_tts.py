"""Speech goes from the model's process through a file to the judge's; what is broken in it turns the case red."""

from __future__ import annotations

from pathlib import Path

import yaml

from .conftest import SENTENCES, FakeProject, length, write_model

SPEAKER = f'''
"""Says a sentence as a tone whose length the fake recogniser knows; each variant has a flaw of its own."""

import numpy as np

from modellab.types import Audio

SAMPLES = { ({text: length(number) for number, text in enumerate(SENTENCES)})!r}


class Speaker:
    def __init__(self, setting):
        self.flaw = setting.variant

    def speak(self, text, voice=""):
        if self.flaw == "short-winded" and len(text.split()) > 5:
            raise ValueError(f"the prompt has {{len(text.split())}} words, this model takes 5")
        tone = 0.3 * np.sin(np.arange(SAMPLES[text]) / 10)
        if self.flaw == "loud":
            tone = np.clip(9 * tone, -1, 1)
        for part in np.array_split(tone.astype(np.float32), 4):
            yield Audio(part, 16_000)


load = Speaker
'''
CONFIG = {
    "summary": "a fake speaker",
    "tasks": ["tts"],
    "status": "experimental",
    "devices": {"cpu": ["float32"]},
    "variants": {name: {"weights": "package", "tier": "smoke"} for name in ("sound", "loud", "short-winded")},
}


def write(project: FakeProject) -> None:
    """A speaker in four variants, and a dataset whose judge is the fake recogniser."""
    folder = project.root / "models" / "speaker"
    folder.mkdir()
    (folder / "adapter.py").write_text(SPEAKER)
    (folder / "config.yaml").write_text(yaml.safe_dump(CONFIG))
    project.dataset("say_v1", task="tts", judge="fake:one")
    manifest = project.root / "golden" / "say_v1" / "dataset.yaml"
    prompts = yaml.safe_load(manifest.read_text())
    prompts["cases"] = [{"id": case["id"], "text": case["text"]} for case in prompts["cases"]]
    manifest.write_text(yaml.safe_dump(prompts, sort_keys=False))
    (project.root / "benchmarks" / "test_tts.py").write_text(
        "from modellab.tasks import tts as task\n\n\ndef test_tts(evaluate, gate):\n    gate(evaluate(task))\n"
    )


def test_broken_speech_is_red_and_sound_speech_is_not(fake_project: FakeProject) -> None:
    write(fake_project)
    result = fake_project.run(keyword="speaker and not wyoming")

    entries = {entry["key"]["variant"]: entry for entry in fake_project.ledger()}
    red = {name: {v["metric"] for v in entry["verdicts"] if v["red"]} for name, entry in entries.items()}
    assert red == {
        "sound": set(),
        "loud": {"clipped_rate"},
        "short-winded": {"success_rate", "silent_rate", "too_short_rate"},
    }
    result.assert_outcomes(passed=1, failed=2)
    utterances = entries["sound"]["result"]["utterances"]
    assert [utterance["output"]["heard"] for utterance in utterances] == SENTENCES
    assert all(0 < utterance["output"]["first_audio_s"] <= utterance["wall_s"] for utterance in utterances)
    assert all(utterance["duration_s"] == length(i) / 16_000 for i, utterance in enumerate(utterances))

    for name, entry in entries.items():
        outputs = [utterance["output"] for utterance in entry["result"]["utterances"]]
        files = [Path(output["audio"]["audio"]) for output in outputs if output]
        assert files
        assert all(file.is_file() and file.is_relative_to(fake_project.root / "mlruns" / "audio") for file in files), (
            name
        )
    result.stdout.fnmatch_lines(["*audio  mlruns/audio/*.flac", "*faults clipped*"])
    result.stdout.fnmatch_lines(["*the prompt has 6 words, this model takes 5*"])


def test_a_second_judge_tells_whose_error_it_is(fake_project: FakeProject) -> None:
    """A fault of the first judge alone, then of what was said: one moves its errors, the other also what both heard."""
    write(fake_project)
    write_model(fake_project.root / "models" / "other")
    path = fake_project.root / "golden" / "say_v1" / "dataset.yaml"
    manifest = yaml.safe_load(path.read_text())
    cases = manifest.pop("cases")
    path.write_text(yaml.safe_dump({**manifest, "second_judge": "other:one", "cases": cases}, sort_keys=False))

    def heard() -> dict[str, float]:
        fake_project.run(keyword="speaker and sound").assert_outcomes(passed=1)
        values = fake_project.ledger()[-1]["values"]
        return {name: value for name, value in values.items() if value is not None and name != "first_audio_s"}

    def moved(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
        assert before.keys() == after.keys()
        return {name: value for name, value in after.items() if value != before[name]}

    first = heard()
    assert (first["wer"], first["second_wer"], first["agreed_error_rate"]) == (0, 0, 0)
    words, letters = (sum(map(len, map(each, SENTENCES))) for each in (str.split, str))
    fake_project.answer(6, "call hannah tonight")
    second = heard()
    assert moved(first, second) == {"wer": 1 / words, "cer": 2 / letters}
    answers = fake_project.root / "models" / "other" / "answers.json"
    answers.write_text(answers.read_text().replace("call anna", "call anne"))
    assert moved(second, heard()) == {"second_wer": 1 / words, "agreed_error_rate": 1 / words}


def test_a_second_judge_needs_a_first_one(fake_project: FakeProject) -> None:
    write(fake_project)
    fake_project.dataset("say_v1", task="tts", second_judge="fake:one")
    result = fake_project.run(keyword="say_v1")
    result.stdout.fnmatch_lines(["*second_judge is 'fake:one': expected one beside a `judge`, of task tts*"])
