"""`modellab datasets import --private`: a dataset that stays on its machine."""

from __future__ import annotations

import pytest

from modellab import datasets
from modellab.datasets import columns, parquet_rows, privacy

from ..datasets.importers import layouts
from ..datasets.importers.layouts import TEXTS
from .conftest import Desk


def test_a_private_import_is_hashed_and_out_of_git(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(privacy.VARIABLE, raising=False)
    folder = desk.root / "data"
    rows: list[object] = [
        {"audio_filepath": f"{id}.wav", "text": TEXTS[id], "lang": "en", "speaker": "Ann Swordfish"} for id in TEXTS
    ]
    rows.append({"audio_filepath": "swordfish.wav", "text": "swordfish", "lang": "en"})
    for id in TEXTS:
        layouts.write(folder / f"{id}.wav", layouts.encoded(id))
    layouts.write(folder / "manifest.json", layouts.lines(rows))  # type: ignore[arg-type]
    arguments = ("--into", "golden/calls_v1", "--private", "--max-left-out", "50%", "--column", "speaker=speaker")
    made = desk.type("datasets", "import", str(folder), *arguments)
    assert made.exit_code == 0, made.output
    assert "swordfish" not in made.output.lower()
    assert "left out: 1 row, left-out.jsonl says which and why" in made.stdout
    assert "private: a .gitignore keeps its folder out of git" in made.stdout
    new = desk.root / "golden" / "calls_v1"
    assert (new / ".gitignore").read_text() == "*\n"
    data, named = datasets.load(new), datasets.load(new, named=True)
    assert data.is_private
    assert data.digest == named.digest == data.header.digest
    assert {row["text"] for row in data.rows} == set(TEXTS.values())
    secret = privacy.key(new)
    assert [row["id"] for row in data.rows] == [secret.hash("id", str(row["id"])) for row in named.rows]
    again = desk.type("datasets", "import", "calls_v1", "--into", "golden/calls_v2", "--again")
    assert again.exit_code == 0, again.output
    assert datasets.load(desk.root / "golden" / "calls_v2").is_private
    assert "swordfish" not in again.output.lower()


def test_neither_notes_nor_changes_nor_show_name_what_is_private(desk: Desk) -> None:
    folder = desk.root / "Swordfish"
    for id in TEXTS:
        layouts.write(folder / f"swordfish-{id}.wav", layouts.encoded(id))
        layouts.write(folder / f"swordfish-{id}.txt", TEXTS[id] if id == min(TEXTS) else 40 * TEXTS[id])
        layouts.write(folder / f"swordfish-{id}.lab", TEXTS[id])
    arguments = ("--into", "golden/calls_v1", "--language", "en", "--where", "'swordfish' in id")
    open_ = desk.type("datasets", "import", str(folder), *arguments, "--dry-run")
    assert "swordfish-7-21-0000.wav has several texts" in open_.stdout  # what a dataset that is not private is told
    made = desk.type("datasets", "import", str(folder), *arguments, "--private")
    assert made.exit_code == 0, made.output
    assert "very long or short for the audio: right?" in made.stdout
    layouts.write(folder / f"swordfish-{min(TEXTS)}.txt", "something else")
    again = desk.type("datasets", "import", "calls_v1", "--into", "golden/calls_v2", "--again")
    assert "since then: 1 row with another reference\n" in again.stdout
    shown = desk.type("datasets", "show", "calls_v1")
    assert 'import: {"format": "folder", "counts": {"read": ' in shown.stdout
    assert "swordfish" not in (made.output + again.output + shown.output).lower()
    assert "swordfish" in desk.type("datasets", "show", "calls_v1", "--private").stdout.lower()


def test_faults_of_a_private_dataset_are_counted_and_shown_on_request(desk: Desk) -> None:
    folder = desk.dataset("calls_v1", privacy="hashes")
    (folder / "audio" / "003.flac").rename(folder / "audio" / "swordfish.flac")
    plain = desk.type("datasets", "validate", "calls_v1")
    assert plain.exit_code == 1
    assert "calls_v1 is private: `modellab datasets validate calls_v1 --private` shows what is wrong" in plain.stdout
    assert "003" not in plain.stdout
    assert "003.flac does not exist" in desk.type("datasets", "validate", "calls_v1", "--private").stdout


def test_of_hypotheses_on_it_nothing_is_told_that_stands_in_their_file(desk: Desk) -> None:
    desk.dataset("calls_v1", privacy="hashes")
    (desk.root / "swordfish.jsonl").write_text('{"id": "000", "text": "swordfish"}\n{"id": "000", "text": "hello"}\n')
    asked = ("score", "--dataset", "calls_v1", "--hyp", "swordfish.jsonl")
    nameless = desk.type(*asked)
    assert (nameless.exit_code, "say with --model whose they are" in nameless.stderr) == (2, True)
    faulty = desk.type(*asked, "--model", "acme")
    assert (faulty.exit_code, "--private shows what is wrong" in faulty.stderr) == (2, True)
    assert "swordfish" not in nameless.output + faulty.output
    assert "a second hypothesis for 000" in desk.type(*asked, "--model", "acme", "--private").stderr


@pytest.mark.parametrize("command", [("show", "calls_v1"), ("show", "calls_v1", "000"), ("verify", "calls_v1")])
def test_what_looks_into_it_shows_no_row_unless_it_is_told_to(desk: Desk, command: tuple[str, ...]) -> None:
    desk.dataset("calls_v1", privacy="hashes")
    assert "kitchen light" not in desk.type("datasets", *command).output
    assert desk.type("datasets", *command, "--private").exit_code == 0
    assert ("kitchen light" in desk.type("datasets", *command, "--private").output) == (command[0] == "show")


def test_rows_in_parquet_are_hashed_too(desk: Desk) -> None:
    pytest.importorskip("pyarrow")
    folder = desk.dataset("calls_v1", privacy="hashes")
    rows = [{**row, "audio": f"audio/{row['audio'].name}"} for row in datasets.load(folder, named=True).rows]
    parquet_rows.write(folder / parquet_rows.NAME, rows)
    head, _, _ = (folder / "dataset.yaml").read_text().partition("cases:")
    (folder / "dataset.yaml").write_text(f"{head}rows: {parquet_rows.NAME}\n")
    datasets.write_digest(folder)
    data = datasets.load(folder)
    secret = privacy.key(folder)
    assert [row["id"] for row in data.rows] == [secret.hash("id", f"{i:03}") for i in range(8)]
    assert [id for (id,) in columns.values(data.rows, "id")] == [row["id"] for row in data.rows]
