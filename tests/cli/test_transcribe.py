"""`modellab transcribe`: words on stdout, everything else on stderr, never a traceback."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ..audio.test_audio import container
from ..integration.test_preprocessing import TELLS
from .conftest import Desk
from .test_run import wait_for


def behave(desk: Desk, **behaviour: object) -> None:
    (desk.root / "models" / "fake" / "behaviour.json").write_text(json.dumps(behaviour))


def test_words_to_stdout_speed_to_stderr(desk: Desk) -> None:
    result = desk.type("transcribe", desk.audio(), "--model", "fake")
    assert result.exit_code == 0
    assert result.stdout == "turn on the kitchen light\n"
    assert result.stderr.startswith("fake:one cpu-float32, 1 thread: 1.5 s of audio in ")
    assert "RTF" in result.stderr
    assert "vocabulary" not in result.stderr


def test_several_files_one_load(desk: Desk) -> None:
    result = desk.type("transcribe", desk.audio(0), desk.audio(6), "--model", "fake:one", "--threads", "2")
    assert result.stdout == f"{desk.audio(0)}: turn on the kitchen light\n{desk.audio(6)}: call anna tonight\n"
    assert result.stderr.count("2 threads") == 2
    assert len((desk.root / "models" / "fake" / "loads.log").read_text().splitlines()) == 1


def test_json(desk: Desk) -> None:
    result = desk.type("transcribe", desk.audio(), "--model", "fake", "--json")
    heard = json.loads(result.stdout)
    assert {name: heard[name] for name in ("file", "text", "model", "device", "precision", "threads", "segments")} == {
        "file": desk.audio(),
        "text": "turn on the kitchen light",
        "model": "fake:one",
        "device": "cpu",
        "precision": "float32",
        "threads": 1,
        "segments": [],
    }
    assert heard["duration_s"] == 1.5
    assert heard["rtf"] == pytest.approx(heard["wall_s"] / 1.5, abs=1e-3)
    assert heard["load_s"] >= 0


SRT = "1\n00:00:00,000 --> 00:00:01,500\nturn on the kitchen light\n\n"
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nturn on the kitchen light\n\n"


@pytest.mark.parametrize(("form", "said"), [("srt", SRT), ("vtt", VTT), ("txt", "turn on the kitchen light\n")])
def test_subtitles_to_stdout_and_to_a_file(desk: Desk, form: str, said: str) -> None:
    assert desk.type("transcribe", desk.audio(), "--model", "fake", "--format", form).stdout == said
    desk.type("transcribe", desk.audio(), "--model", "fake", "-o", f"made/call.{form}")
    assert (desk.root / "made" / f"call.{form}").read_text() == said


def test_several_files_go_into_a_folder(desk: Desk) -> None:
    files = (desk.audio(0), desk.audio(6))
    result = desk.type("transcribe", *files, "--model", "fake", "--format", "srt", "-o", "made")
    made = [desk.root / "made" / f"{Path(file).stem}.srt" for file in files]
    assert [path.read_text().splitlines()[2] for path in made] == ["turn on the kitchen light", "call anna tonight"]
    assert result.stdout == "".join(f"{file}: made/{path.name}\n" for file, path in zip(files, made, strict=True))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--format", "sbv"), "--format is 'sbv': "),
        (("--format", "srt", "--json"), "--json and --format srt cannot both be had"),
        (("--format", "srt", "-o", "call.vtt"), "call.vtt is no name for srt: expected .srt"),
        (("second.wav", "--format", "srt"), "2 files as srt need a folder: --output FOLDER"),
        (("second.wav", "-o", "both.srt"), "2 files cannot all go to both.srt: --output takes a folder for several"),
        (("more/first.flac", "-o", "both"), "two files would become first.txt"),
    ],
)
def test_what_cannot_be_written_is_refused_before_a_model_is_loaded(
    desk: Desk, options: tuple[str, ...], said: str
) -> None:
    result = desk.type("transcribe", "first.wav", *options, "--model", "fake")
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not (desk.root / "models" / "fake" / "loads.log").exists()


def test_one_bad_file_does_not_cost_the_others(desk: Desk) -> None:
    (desk.root / "empty.wav").touch()
    result = desk.type("transcribe", "none.wav", "empty.wav", desk.audio(), "--model", "fake", "--json")
    assert result.exit_code == 2
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(line["file"], line.get("text")) for line in lines] == [
        ("none.wav", None),
        ("empty.wav", None),
        (desk.audio(), "turn on the kitchen light"),
    ]
    assert result.stderr.splitlines()[:2] == [
        "modellab: none.wav does not exist: expected an audio file",
        "modellab: empty.wav is empty (0 bytes): was the download or the copy interrupted?",
    ]


def test_unusable_files_start_no_model(desk: Desk) -> None:
    (desk.root / "notes.wav").write_bytes(b"no sound at all " * 100)
    result = desk.type("transcribe", "notes.wav", "--model", "fake")
    assert result.exit_code == 2
    assert "is it really an audio file" in result.stderr
    assert not (desk.root / "models" / "fake" / "loads.log").exists()


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({"fail_to_load": True}, "the model could not be loaded: OSError: the weights are not what they should be"),
        ({"raise_always": True}, "RuntimeError: the decoder lost its way"),
        ({"return_none": True}, "transcribe() returned None, expected a Transcript"),
        ({"segfault_on": 1}, "the worker died during 'utterance': killed by SIGSEGV"),
        ({"exit_on": 1}, "exit"),
    ],
)
def test_a_failing_model_is_one_sentence(desk: Desk, behaviour: dict[str, object], said: str) -> None:
    behave(desk, chatter_words=1000, **behaviour)
    result = desk.type("transcribe", desk.audio(), "--model", "fake")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_hanging_model_is_killed(desk: Desk) -> None:
    desk.model("fake", timeout_s=1.0)
    behave(desk, hang_on=1)
    result = desk.type("transcribe", desk.audio(), "--model", "fake")
    assert result.exit_code == 2
    assert "no answer to 'utterance' within 1 s: the worker was killed" in result.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "fak"), "unknown model 'fak': did you mean fake?"),
        (("--model", "fake:two"), "unknown variant 'two' of fake: known: one"),
        (("--model", "fake", "--device", "cuda"), "unknown device 'cuda' of fake: known: cpu"),
        (
            ("--model", "fake", "--precision", "float23"),
            "unknown precision 'float23' of fake on cpu: did you mean float32?",
        ),
        (("--model", "ears"), "ears does vad and no asr: expected one of "),
        (("--model", "bare"), "bare:one cannot run here: package no_such_package is not installed: pip install"),
        (("--model", "torn"), "config.yaml"),
    ],
)
def test_what_cannot_be_run(desk: Desk, options: tuple[str, ...], said: str) -> None:
    desk.model("ears", tasks=["vad"])
    desk.model("bare", packages=["no_such_package"], install="bare")
    desk.model("torn", summry="typo")
    result = desk.type("transcribe", desk.audio(), *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_the_first_variant_that_can_run(desk: Desk) -> None:
    variants = {"far": {"weights": "path:nowhere.bin"}, "near": {"weights": "package"}}
    desk.model("fake", variants=variants)
    result = desk.type("transcribe", desk.audio(), "--model", "fake")
    assert result.stderr.startswith("fake:near cpu-float32")


def test_outside_a_project_modellabs_own_models_are_there(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    result = desk.type("transcribe", desk.audio(), "--model", "fake")
    assert result.exit_code == 2
    assert "unknown model 'fake'" in result.stderr
    assert "faster_whisper" in result.stderr


def test_ctrl_c_takes_the_worker_along(desk: Desk) -> None:
    behave(desk, sleep_s=60)
    command = [sys.executable, "-m", "modellab", "transcribe", desk.audio(), "--model", "fake"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        log = desk.root / "models" / "fake" / "loads.log"
        wait_for(log)
        worker = int(log.read_text().split()[1])
        child.send_signal(signal.SIGINT)
        said, complained = child.communicate(timeout=30)
    assert child.returncode == 130
    assert (said, complained) == ("", "")
    assert not Path(f"/proc/{worker}").exists()


@pytest.mark.engine
def test_the_embedded_default(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modellab.runner.transcribe.real", lambda *_: None)  # whatever lies on this machine
    result = desk.type("transcribe", desk.audio(), "--json")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith("whisper-lab knows only a small synthetic vocabulary: expect wrong words elsewhere")
    assert result.stderr.count("\n") == 1
    assert json.loads(result.stdout)["model"] == "faster_whisper:lab"


@pytest.mark.parametrize(
    ("behaviour", "said"),
    [
        ({"segfault_on": 2}, "the worker died during 'utterance': killed by SIGSEGV"),
        ({"kill_on": 2}, "the worker died during 'utterance': killed by SIGKILL"),
        ({"hang_on": 2}, "no answer to 'utterance' within 1 s: the worker was killed"),
        ({"once_on": 2, "code": "os.write(int(sys.argv[2]), b'garbage\\n')"}, "the worker was killed"),
    ],
)
def test_a_file_that_costs_the_worker_does_not_cost_the_next_ones(
    desk: Desk, behaviour: dict[str, object], said: str
) -> None:
    desk.model("fake", timeout_s=1.0)
    behave(desk, **behaviour)
    result = desk.type("transcribe", *(desk.audio(number) for number in range(3)), "--model", "fake")
    assert result.exit_code == 2
    assert [line.rpartition(": ")[2] for line in result.stdout.splitlines()] == [
        "turn on the kitchen light",
        "open the garden door please",
    ]
    (told,) = [line for line in result.stderr.splitlines() if line.startswith("modellab: ")]
    assert told.startswith(f"modellab: {desk.audio(1)}: ")
    assert said in told
    loads = (desk.root / "models" / "fake" / "loads.log").read_text().split()
    assert len({each for each in loads if each.isdigit()}) == 2, "a process for those before, and one for those after"


@pytest.mark.slow
def test_through_preprocessing(desk: Desk) -> None:
    result = desk.type(
        "transcribe", desk.audio(), "--model", "fake", "--pre", "highpass(cutoff_hz=100),denoise", "--json"
    )
    heard = json.loads(result.stdout)
    assert heard["text"] == "turn on the kitchen light"
    assert heard["preprocessing"] == "highpass@1(cutoff_hz=100,order=4),denoise@1(reduction_db=12)"
    assert heard["preprocessing_s"] > 0
    assert heard["duration_s"] == 1.5
    told = desk.type("transcribe", desk.audio(), "--model", "fake", "--pre", "highpass")
    assert ", preprocessed in " in told.stderr
    assert told.stdout == "turn on the kitchen light\n"


def test_an_unknown_step_is_one_sentence_and_no_model_is_loaded(desk: Desk) -> None:
    result = desk.type("transcribe", desk.audio(), "--model", "fake", "--pre", "denois")
    assert result.exit_code == 2
    assert "preprocessing has no step 'denois': did you mean denoise?" in result.stderr
    assert result.stdout == ""
    assert not (desk.root / "models" / "fake" / "loads.log").exists()


def test_the_sound_track_of_a_video_goes_through_it_as_well(desk: Desk, tmp_path: Path) -> None:
    """A second of sound behind two of silence."""
    pytest.importorskip("av")
    (desk.root / "models" / "fake" / "adapter.py").write_text(TELLS)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    film = container(tmp_path / "talk.mp4", np.concatenate([np.zeros(32_000), tone]).astype(np.float32), True, 16_000)
    result = desk.type("transcribe", str(film), "--model", "fake", "--pre", "trim_silence(margin_s=0)", "--json")
    heard = json.loads(result.stdout)
    assert heard["duration_s"] == pytest.approx(3.0, abs=0.1)
    samples, *_ = heard["text"].split()
    assert int(samples) == pytest.approx(16_000, abs=1_600)
    assert heard["segments"][0]["start_s"] == pytest.approx(2.0 + 0.1, abs=0.1)


def test_a_variant_hears_files_as_it_hears_datasets(desk: Desk) -> None:
    desk.model("fake", variants={"one": {"weights": "package", "tier": "smoke", "preprocessing": "highpass"}})
    given = ("transcribe", desk.audio(), "--model", "fake", "--json")
    assert json.loads(desk.type(*given).stdout)["preprocessing"] == "highpass@1(cutoff_hz=80,order=4)"
    assert json.loads(desk.type(*given, "--pre", "denoise").stdout)["preprocessing"].startswith("denoise@1")
    assert "preprocessing" not in json.loads(desk.type(*given, "--pre", "none").stdout)
