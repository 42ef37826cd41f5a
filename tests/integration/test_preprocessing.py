"""Preprocessing through pytest: what a model hears, what a case is called, and what its result is never held to."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from modellab.audio.preprocessing import parse
from modellab.results import ledger

from .conftest import SENTENCES, FakeProject, length

HIGHPASS = "highpass-da91a462"
RESAMPLE, RESAMPLED = "resample(rate_hz=8000)", "resample-7890626e"  # a chain that imports no scipy.signal
TELLS = '''
"""Says how much it heard, and how loud, with one segment a tenth of a second long."""

import numpy as np

from modellab.types import Transcript


class Telling:
    def __init__(self, setting):
        pass

    def transcribe(self, audio):
        loud = round(20 * float(np.log10(np.abs(audio.samples).max() + 1e-9)))
        return Transcript.of([(f"{len(audio.samples)} samples at {loud} {audio.rate_hz}", 0.1, 0.2)])


load = Telling
'''


def telling(project: FakeProject) -> None:
    (project.model / "adapter.py").write_text(TELLS)
    project.dataset(normaliser="none", limits=dict.fromkeys(("length_ratio", "short_rate", "words_per_s"), 100.0))


def baselines(project: FakeProject) -> list[str]:
    return sorted(
        str(path.relative_to(project.root / "baselines")) for path in (project.root / "baselines").rglob("*.json")
    )


def texts(line: dict[str, Any]) -> list[str]:
    return [utterance["output"]["text"] for utterance in line["result"]["utterances"]]


def test_a_case_without_a_chain_is_what_it_always_was(fake_project: FakeProject) -> None:
    fake_project.accept()
    (line,) = fake_project.ledger()
    assert line["format"] == 1
    assert "preprocessing" not in line["key"]
    assert not any("preprocessing" in name for name in (*line["result"]["provenance"], *line["result"]["readings"]))
    assert "fake-one.cpu-float32.json" in " ".join(baselines(fake_project))
    assert not [name for name in baselines(fake_project) if "~" in name]


def test_a_chain_makes_another_case(fake_project: FakeProject) -> None:
    fake_project.accept()
    plain = set(baselines(fake_project))
    result = fake_project.run("--pre", "highpass")
    assert result.ret == 0
    line = fake_project.ledger()[-1]
    assert line["key"]["preprocessing"] == HIGHPASS
    assert line["format"] == 2  # an older modellab leaves it out instead of taking it for the plain case
    assert line["settings"]["preprocessing"] == "highpass@1(cutoff_hz=80,order=4)"
    assert line["result"]["provenance"]["preprocessing"] == "highpass@1(cutoff_hz=80,order=4)"
    assert line["result"]["provenance"]["preprocessing_from"] == "run"
    assert "scipy" in line["versions"]["preprocessing_libraries"]
    assert line["result"]["readings"]["rtf_preprocessing"] > 0
    assert {verdict["status"] for verdict in line["verdicts"] if verdict["metric"] == "wer"} == {"NEW"}
    result.stdout.fnmatch_lines([f"*fake:one*short_v1*cpu-float32-{HIGHPASS}*"])
    (entry,) = (entry for entry in ledger.read(fake_project.root / "mlruns")[0] if entry.key.preprocessing)
    assert str(entry.key) == f"fake:one-short_v1-cpu-float32-{HIGHPASS}"
    assert set(baselines(fake_project)) == plain


def test_each_is_held_to_its_own_baseline(fake_project: FakeProject) -> None:
    fake_project.accept()
    fake_project.answer(3, "quite another text than that")
    accepted = fake_project.run("--pre", RESAMPLE, "--update-baselines", "--reason", "as a telephone has it")
    assert accepted.ret == 0
    assert f"asr/short_v1/fake-one.cpu-float32~{RESAMPLED}.json" in baselines(fake_project)
    again = fake_project.run("--pre", "resample@1(rate_hz=8000)", "--strict-baselines")
    assert again.ret == 0
    assert fake_project.ledger()[-1]["verdicts"][0]["status"] == "PASS"
    plain = fake_project.run("--strict-baselines")  # which still knows the text of before
    assert fake_project.ledger()[-1]["verdicts"][0]["change"] > 0
    assert "no case any more" not in plain.stdout.str()
    other = fake_project.run("--pre", "resample(rate_hz=8001)", "--strict-baselines")
    assert other.ret == 1
    other.stdout.fnmatch_lines(["*no baseline*"])


def test_a_copied_baseline_is_not_comparable(fake_project: FakeProject) -> None:
    fake_project.accept()
    folder = fake_project.root / "baselines" / "asr" / "short_v1"
    (folder / f"fake-one.cpu-float32~{RESAMPLED}.json").write_bytes((folder / "fake-one.cpu-float32.json").read_bytes())
    assert fake_project.run("--pre", RESAMPLE).ret == 1
    first = fake_project.ledger()[-1]["verdicts"][0]
    assert first["status"] == "NOT_COMPARABLE"
    assert "preprocessing was none in the baseline and is resample@1(rate_hz=8000) now" in first["why"]


@pytest.mark.parametrize(
    ("header", "variant", "arguments", "chain", "origin"),
    [
        pytest.param("highpass", "", (), "highpass", "dataset", marks=pytest.mark.slow),
        pytest.param("", "denoise", (), "denoise", "variant", marks=pytest.mark.slow),
        pytest.param("highpass", "denoise", (), "highpass,denoise", "dataset and variant", marks=pytest.mark.slow),
        ("highpass", "denoise", ("--pre", "resample(rate_hz=8000)"), "resample(rate_hz=8000)", "run"),
        ("highpass", "denoise", ("--pre", "none"), "", None),
    ],
)
def test_who_asks_for_a_chain(
    fake_project: FakeProject, header: str, variant: str, arguments: tuple[str, ...], chain: str, origin: str | None
) -> None:
    fake_project.dataset(**({"preprocessing": header} if header else {}))
    if variant:
        fake_project.configure(variants={"one": {"weights": "package", "tier": "smoke", "preprocessing": variant}})
    assert fake_project.run(*arguments).ret == 0
    (line,) = fake_project.ledger()
    assert line["result"]["provenance"].get("preprocessing", "") == str(parse(chain))
    assert line["result"]["provenance"].get("preprocessing_from") == origin
    assert line["key"].get("preprocessing", "") == parse(chain).name


def test_the_chain_of_a_dataset_that_changed_leaves_an_orphan(fake_project: FakeProject) -> None:
    fake_project.dataset(preprocessing=RESAMPLE)
    fake_project.accept()
    fake_project.dataset(preprocessing="resample(rate_hz=8001)")
    result = fake_project.run("--strict-baselines")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        ["*1 accepted baseline has no case any more*", f"*fake-one.cpu-float32~{RESAMPLED}.json"]
    )


def test_a_dataset_is_the_same_with_and_without_a_chain(fake_project: FakeProject) -> None:
    fake_project.run()
    fake_project.dataset(preprocessing=RESAMPLE)
    fake_project.run()
    first, second = (line["result"]["provenance"]["dataset_digest"] for line in fake_project.ledger())
    assert first == second


def test_what_a_model_hears(fake_project: FakeProject) -> None:
    telling(fake_project)
    fake_project.run("--pre", "normalize_loudness(target_lufs=-23,peak_dbfs=-6),resample(rate_hz=8000)")
    for number, text in enumerate(texts(fake_project.ledger()[-1])):
        samples, loud, rate_hz = _parts(text)
        assert (samples, rate_hz) == (length(number), 16_000)
        assert -23 <= loud <= -16
    fake_project.run()
    assert {_parts(text)[1] for text in texts(fake_project.ledger()[-1])} == {-20}


def _parts(text: str) -> tuple[int, int, int]:
    samples, loud, rate_hz = (int(part) for part in text.split() if part.lstrip("-").isdigit())
    return samples, loud, rate_hz


def long_clip(project: FakeProject) -> None:
    """One recording: silence, 2 s of a tone, silence, 2 s of a tone."""
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)
    quiet = np.zeros(48_000)
    whole = np.concatenate([quiet, tone, quiet, tone])
    folder = project.root / "golden" / "short_v1"
    soundfile.write(folder / "audio" / "long.flac", whole, 16_000)
    manifest = yaml.safe_load((folder / "dataset.yaml").read_text())
    manifest["cases"] = [{"id": "long", "audio": "audio/long.flac", "text": "a b c", "duration_s": 10.0}]
    (folder / "dataset.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))


@pytest.mark.parametrize(
    ("chain", "heard", "starts"),
    [
        ("vad_chunks(max_s=3,pad_s=0.2)", 2, [2.9, 7.9]),
        ("vad_chunks(max_s=30,pad_s=0)", 1, [3.1]),
        ("trim_silence(margin_s=0.5)", 1, [2.6]),
        ("resample(rate_hz=8000)", 1, [0.1]),
    ],
)
def test_texts_and_times_of_parts_are_put_together(
    fake_project: FakeProject, chain: str, heard: int, starts: list[float]
) -> None:
    telling(fake_project)
    long_clip(fake_project)
    fake_project.run("--pre", chain)
    (utterance,) = fake_project.ledger()[-1]["result"]["utterances"]
    assert utterance["output"]["text"].count("samples") == heard
    assert [start_s for _, start_s, _ in utterance["output"]["segments"]] == [
        pytest.approx(start_s, abs=0.03) for start_s in starts
    ]
    assert utterance["duration_s"] == 10.0  # RTF is of the recording, whatever is left of it
    assert "lengths in its manifest" not in json.dumps(fake_project.ledger()[-1]["notes"] or [])


def test_where_nobody_speaks_no_model_is_asked(fake_project: FakeProject) -> None:
    telling(fake_project)
    long_clip(fake_project)
    soundfile.write(fake_project.root / "golden/short_v1/audio/long.flac", np.zeros(160_000), 16_000)
    fake_project.run("--pre", "vad_chunks")
    (utterance,) = fake_project.ledger()[-1]["result"]["utterances"]
    assert utterance["output"] == {"text": "", "language": "", "segments": []}
    assert utterance["shares"]["wer"] == [3, 3]


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ("hipass", "preprocessing has no step 'hipass': did you mean highpass?"),
        ("highpass(cutoff_hz=-1)", "highpass(cutoff_hz=-1): expected a number from 1 to 20000 Hz"),
        ("highpass(", "cannot be read at 'highpass('"),
    ],
)
def test_a_bad_chain_is_one_sentence_before_anything_runs(fake_project: FakeProject, steps: str, said: str) -> None:
    result = fake_project.run("--pre", steps)
    assert result.ret == 4
    assert [line for line in result.stderr.lines if said in line]
    assert not fake_project.loads()


@pytest.mark.slow
@pytest.mark.parametrize("where", ["dataset", "variant"])
def test_a_bad_chain_in_a_file_is_one_failing_case(fake_project: FakeProject, where: str) -> None:
    if where == "dataset":
        fake_project.dataset(preprocessing="hipass")
    else:
        fake_project.configure(variants={"one": {"weights": "package", "tier": "smoke", "preprocessing": "hipass"}})
    result = fake_project.run(keyword="fake or short_v1 and not pocketsphinx")
    assert result.ret == 3
    result.stdout.fnmatch_lines(["*.yaml: preprocessing has no step 'hipass': did you mean highpass?*"])


@pytest.mark.slow
def test_a_filter_beyond_the_audio_is_the_cases_error(fake_project: FakeProject) -> None:
    assert fake_project.run("--pre", "highpass(cutoff_hz=9000)").ret == 3
    assert "expected a frequency below 8000 Hz, half the sample rate" in fake_project.ledger()[-1]["error"]


def test_thresholds_by_name_hold_for_the_same_case_through_a_chain(fake_project: FakeProject) -> None:
    text = (
        '[tool.modellab]\nmodels = ["models"]\n[tool.modellab.cases."fake:one-short_v1-cpu-float32".wer]\nlimit = 0.0\n'
    )
    (fake_project.root / "pyproject.toml").write_text(text)
    fake_project.answer(0, "something else")
    assert fake_project.run("--pre", RESAMPLE).ret == 1
    assert fake_project.ledger()[-1]["verdicts"][0]["status"] == "ABOVE_LIMIT"


@pytest.mark.slow
def test_with_xdist_a_case_has_the_same_name_everywhere(fake_project: FakeProject) -> None:
    result = fake_project.run_subprocess("--pre", "highpass", "-n", "2")
    assert result.ret == 0
    assert fake_project.ledger()[-1]["key"]["preprocessing"] == HIGHPASS


def test_the_same_from_a_script(fake_project: FakeProject) -> None:
    from modellab.runner.options import RunOptions
    from modellab.runner.run import run

    fake_project.monkeypatch.setenv("MODELLAB_MACHINE", "here")
    result = run(["fake:one-short_v1-cpu-float32"], fake_project.root, RunOptions(preprocessing=RESAMPLE))
    assert result.exit_status == 0
    assert [str(case.key) for case in result.cases] == [f"fake:one-short_v1-cpu-float32-{RESAMPLED}"]
    assert len(texts(fake_project.ledger()[-1])) == len(SENTENCES)


def test_other_doors_name_the_chain(fake_project: FakeProject) -> None:
    from modellab.reports.leaderboard.systems import system_of
    from modellab.results.select import StoredResults

    fake_project.run()
    fake_project.run("--pre", RESAMPLE)
    root = fake_project.root
    stored = StoredResults.read(root, root / "mlruns", root / "baselines")
    both = stored.select("fake:one").entries
    assert [system_of(entry.key).name for entry in both] == [
        "fake:one cpu-float32",
        f"fake:one cpu-float32-{RESAMPLED}",
    ]
    (plain,) = stored.select("fake:one/cpu-float32").entries
    (filtered,) = stored.select(f"fake:one/cpu-float32-{RESAMPLED}").entries
    assert (plain.key.preprocessing, filtered.key.preprocessing) == ("", RESAMPLED)
