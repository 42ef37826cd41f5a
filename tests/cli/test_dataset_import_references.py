"""References as they are in the field, from a source to a dataset that scores them: marks and rules, chunks, lists."""

from __future__ import annotations

import csv
import json

from ..datasets.importers import layouts
from ..datasets.importers.layouts import TEXTS
from .conftest import Desk
from .test_dataset_import import loaded

STM = """\
call A ann 0.0 0.2 <o,f> i've { um / @ } been { going to / gonna }
call A ann 0.2 0.3 <o,f>
call A ann 0.3 0.4 IGNORE_TIME_SEGMENT_IN_SCORING
call A ann 0.4 0.5 back th- then
"""
GLM = ';; rules\n;; INPUT_DEPENDENT_APPLICATION = "hyp"\n[THAT\'S] => [{THAT IS / THAT HAS}] / [ ] __ [ ]\n'
CTM = """\
call A 0.01 0.05 I'VE
call A 0.06 0.05 BEEN
call A 0.12 0.05 GONNA
call A 0.21 0.05 UH
call A 0.31 0.05 WHATEVER
call A 0.41 0.02 BACK
call A 0.44 0.02 THAT'S
call A 0.47 0.02 THEN
"""


def test_stm_with_rules_scores_a_ctm_as_sclite_does(desk: Desk) -> None:
    place = desk.root / "data"
    layouts.write(place / "call.wav", layouts.encoded(next(iter(TEXTS))))
    layouts.write(place / "ref.stm", STM)
    layouts.write(place / "own.glm", GLM)
    how = ("--normaliser", "none", "--language", "en")
    made = desk.type("datasets", "import", str(place), "--into", "call_v1", *how)
    assert made.exit_code == 0, made.output
    assert "3 segments have marks" in made.stdout
    new = loaded(desk, "call_v1")
    assert new.digest == new.header.digest
    assert new.options["settings"] == {
        "markup": "nist",
        "alignment": "sclite",
        "glm": str((new.folder / "own.glm").absolute()),
    }
    assert [row["text"] for row in new.rows][1:3] == ["", "IGNORE_TIME_SEGMENT_IN_SCORING"]

    layouts.write(desk.root / "hyp.ctm", CTM)
    scored = desk.type("score", "--dataset", "call_v1", "--hyp", "hyp.ctm")
    # "uh" where nobody speaks, and "is" of "that is" for "th-": 2 errors of 3 + 0 + 3 words
    (file,) = (desk.root / "mlruns" / "ledger").glob("*.jsonl")
    assert json.loads(file.read_text().splitlines()[-1])["values"]["wer"] == 2 / 6
    assert "1 of the 2 errors in the WER are words in 1 clip without speech" in scored.stdout
    assert "GONNA" not in scored.stdout  # it is no error of writing either


def test_other_tasks_take_the_first_alternative_and_no_settings(desk: Desk) -> None:
    layouts.write(desk.root / "data" / "call.wav", layouts.encoded(next(iter(TEXTS))))
    layouts.write(desk.root / "data" / "ref.stm", STM)
    how = ("--language", "en", "--task", "streaming")
    made = desk.type("datasets", "import", str(desk.root / "data"), "--into", "call_v1", *how)
    assert made.exit_code == 0, made.output
    new = loaded(desk, "call_v1")
    assert [row["text"] for row in new.rows] == ["i've um been going to", "", "back th- then"]
    assert new.header.settings == {}
    assert "not to be scored" in (new.folder / "left-out.jsonl").read_text()


def test_chunks_of_a_table_become_a_session(desk: Desk) -> None:
    place = desk.root / "data"
    ids = list(TEXTS)
    for id in ids:
        layouts.write(place / f"{id}.wav", layouts.encoded(id))
    with (place / "all.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "parent_id", "chunk_index", "text"])
        table.writerows([[f"{id}.wav", "call", i, "good day to you all" if i == 2 else ""] for i, id in enumerate(ids)])
    how = ("--language", "en", "--column", "session=parent_id", "--column", "chunk=chunk_index")
    parted = desk.type("datasets", "import", str(place), "--into", "calls_v1", *how, "--sample", "2")
    assert (parted.exit_code, "--sample would part sessions" in parted.output) == (2, True), parted.output
    made = desk.type("datasets", "import", str(place), "--into", "calls_v1", *how)
    assert made.exit_code == 0, made.output
    new = loaded(desk, "calls_v1")
    assert new.header.settings == {"reference": "session"}
    assert sorted((row["session"], row["chunk"], row.get("text")) for row in new.rows) == [
        ("call", 0, None), ("call", 1, None), ("call", 2, "good day to you all"), ("call", 3, None),
    ]  # fmt: skip

    said = ["good", "day", "", "to you all"]
    layouts.write(desk.root / "hyp.jsonl", layouts.lines([{"id": id, "text": said[i]} for i, id in enumerate(ids)]))
    scored = desk.type("score", "--dataset", "calls_v1", "--hyp", "hyp.jsonl")
    assert "0.00 %" in scored.stdout, scored.output


def test_a_list_of_references_is_taken(desk: Desk) -> None:
    place = desk.root / "data"
    ids = list(TEXTS)
    for id in ids:
        layouts.write(place / f"{id}.wav", layouts.encoded(id))
    rows = [{"audio": f"{id}.wav", "text": "good day", "references": ["good morning"]} for id in ids]
    layouts.write(place / "all.jsonl", layouts.lines(rows))
    made = desk.type("datasets", "import", str(place / "all.jsonl"), "--into", "many_v1", "--language", "en")
    assert made.exit_code == 0, made.output
    assert [row["references"] for row in loaded(desk, "many_v1").rows] == [["good morning"]] * len(ids)


def test_lists_of_phrases_that_matter_are_taken_and_scored(desk: Desk) -> None:
    place = desk.root / "data"
    lists = {"keywords": ["good"], "entities": ["Anna"], "code_switched": ["ciao"]}
    rows = [{"audio": f"{id}.wav", "text": "good day anna ciao", **lists, "other": ["x"]} for id in TEXTS]
    for id in TEXTS:
        layouts.write(place / f"{id}.wav", layouts.encoded(id))
    layouts.write(place / "all.jsonl", layouts.lines(rows))
    made = desk.type("datasets", "import", str(place / "all.jsonl"), "--into", "listed_v1", "--language", "en")
    assert made.exit_code == 0, made.output
    for row in loaded(desk, "listed_v1").rows:
        assert {key: row[key] for key in lists} == lists
        assert "other" not in row
    said = [{"id": id, "text": "good day hannah ciao"} for id in TEXTS]
    layouts.write(desk.root / "hyp.jsonl", layouts.lines(said))
    assert desk.type("score", "--dataset", "listed_v1", "--hyp", "hyp.jsonl").exit_code == 0
    (file,) = (desk.root / "mlruns" / "ledger").glob("*.jsonl")
    values = json.loads(file.read_text().splitlines()[-1])["values"]
    assert (values["keyword_recall"], values["entity_recall"], values["pier"]) == (1, 0, 0)
