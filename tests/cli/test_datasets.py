"""`modellab datasets`: the list, and every fault named."""

from __future__ import annotations

import json

import pytest

from .conftest import Desk


def test_list(desk: Desk) -> None:
    desk.dataset("long_v2", tier="nightly", version=2)
    result = desk.type("datasets")
    assert result.exit_code == 0
    rows = [" ".join(row.split()) for row in result.stdout.splitlines()]
    assert rows == [
        "dataset task version tier cases audio licence digest",
        "long_v2 asr 2 nightly 8 12.3 s CC0-1.0 ok",
        "short_v1 asr 1 smoke 8 12.3 s CC0-1.0 ok",
    ]


def test_list_tells_a_changed_digest_and_a_broken_header(desk: Desk) -> None:
    (desk.root / "golden" / "short_v1" / "audio" / "000.flac").unlink()
    desk.dataset("torn_v1")
    path = desk.root / "golden" / "torn_v1" / "dataset.yaml"
    path.write_text(path.read_text().replace("licence:", "license:"))
    result = desk.type("datasets")
    assert result.exit_code == 0
    assert "changed: modellab datasets validate" in result.stdout
    assert f"broken: {path}" in result.stdout


def test_validate_counts_what_it_checked(desk: Desk) -> None:
    desk.dataset("other_v1")
    result = desk.type("datasets", "validate")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "all sound: 16 files, 24.6 s of audio"
    assert desk.type("datasets", "validate", "golden/other_v1").stdout.endswith("all sound: 8 files, 12.3 s of audio\n")


def test_validate_names_every_problem_with_file_and_case(desk: Desk) -> None:
    folder = desk.root / "golden" / "short_v1"
    manifest = folder / "dataset.yaml"
    text = (
        manifest.read_text().replace("text: turn on the kitchen light", "text: '...'").replace("id: '002'", "id: '001'")
    )
    manifest.write_text(text.replace("speaker: tone", "speeker: tone", 1))
    (folder / "audio" / "003.flac").write_bytes(b"no flac")
    (folder / "audio" / "004.flac").unlink()
    result = desk.type("datasets", "validate", "short_v1")
    assert result.exit_code == 1
    problems = result.stdout.splitlines()
    assert all(problem.startswith(f"{manifest}: case ") for problem in problems)
    for case, said in (
        ("000", "no words"),
        ("000", "unknown key 'speeker': did you mean speaker?"),
        ("001", "duplicate id"),
        ("003", "003.flac"),
        ("004", "does not exist"),
    ):
        assert any(f"case {case}: " in problem and said in problem for problem in problems), (case, said)
    assert result.stderr == f"{len(problems)} problems\n"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "asrr"}, "unknown task 'asrr': did you mean asr?"),
        ({"limits": {"weer": 0.1}}, "limits has 'weer', no metric of asr: did you mean wer?"),
    ],
)
def test_validate_knows_the_tasks(desk: Desk, changes: dict[str, object], said: str) -> None:
    folder = desk.dataset("short_v1", **changes)
    result = desk.type("datasets", "validate")
    assert result.exit_code == 1
    assert result.stdout == f"{folder / 'dataset.yaml'}: {said}{result.stdout.partition(said)[2]}"
    assert result.stderr == "1 problem\n"


def test_validate_looks_at_folders_without_a_manifest(desk: Desk) -> None:
    (desk.root / "golden" / "stray").mkdir()
    result = desk.type("datasets", "validate")
    assert result.exit_code == 1
    assert f"{desk.root / 'golden' / 'stray' / 'dataset.yaml'}: no such file" in result.stdout


def test_validate_of_an_unknown_name(desk: Desk) -> None:
    result = desk.type("datasets", "validate", "short")
    assert result.exit_code == 2
    assert result.stderr == "modellab: unknown dataset 'short': did you mean short_v1? known: short_v1\n"


def test_nothing_to_validate_is_not_soundness(desk: Desk) -> None:
    (desk.root / "golden" / "short_v1").rename(desk.root / "elsewhere")
    result = desk.type("datasets", "validate")
    assert result.exit_code == 2
    assert "no datasets: expected folders with a dataset.yaml in" in result.stderr


def test_digest_writes_what_is_there_now(desk: Desk) -> None:
    path = desk.dataset("long_v2") / "dataset.yaml"
    before = path.read_text()
    path.write_text(before.replace("digest: sha256:", "digest: sha256:0"))
    assert "changed" in desk.type("datasets").stdout
    written = desk.type("datasets", "digest", "long_v2")
    assert (written.exit_code, path.read_text()) == (0, before)
    assert written.stdout.startswith("long_v2: sha256:")
    assert desk.type("datasets", "digest", "short_v2").exit_code == 2


def test_the_list_for_a_program_and_of_a_task(desk: Desk) -> None:
    (desk.root / "golden" / "torn_v1").mkdir()
    (desk.root / "golden" / "torn_v1" / "dataset.yaml").write_text("task: asr\n")
    told = {each["name"]: each for each in json.loads(desk.type("datasets", "list", "--json").stdout)["datasets"]}
    short = told["short_v1"]
    assert (short["task"], short["cases"], short["digest"], short["language"]) == ("asr", 8, "ok", "en")
    assert short["audio_s"] == pytest.approx(12.3, abs=0.1)
    assert told["torn_v1"].keys() == {"name", "broken"}
    assert "short_v1" in desk.type("datasets", "list", "--task", "asr").stdout
    none = desk.type("datasets", "list", "--task", "vad")
    assert (none.exit_code, "no dataset here is of vad" in none.stdout) == (0, True)
