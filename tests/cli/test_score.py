"""`modellab score` and `modellab export`: hypotheses of other systems in, ours out, through the command."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import jiwer
import pytest
import yaml

from modellab.results import ledger
from modellab.results.entry import Entry
from modellab.tasks import asr

from ..integration.conftest import SENTENCES
from ..make import no_number
from .conftest import Desk
from .finished import CASE, measure

SAID = {f"{i:03}": text for i, text in enumerate(SENTENCES)} | {"001": "set a tiger for ten", "004": ""}
THEIRS = "acme:v2-short_v1-elsewhere-unknown"
PLACES = {id: f"/their/disk/{id}.flac" for id in SAID}
NEMO = [{"audio_filepath": PLACES[id], "duration": 1.0, "text": "x", "pred_text": t} for id, t in SAID.items()]
SEGMENT = {"start_time": "0.1", "end_time": 0.4, "speaker": "a"}
FILES = {
    "jsonl": "".join(json.dumps({"id": id, "hypothesis": text}) + "\n" for id, text in SAID.items()),
    "leaderboard.jsonl": "".join(json.dumps({**row, "time": 0.1}) + "\n" for row in NEMO),
    "ours.jsonl": "".join(json.dumps({"file": PLACES[id], "text": t, "rtf": 0.1}) + "\n" for id, t in SAID.items()),
    "list.json": json.dumps([{"utt_id": id, "prediction": text} for id, text in SAID.items()]),
    "csv": "utt,pred\n" + "".join(f'{id},"{text}"\n' for id, text in SAID.items()),
    "text": "\ufeff" + "".join(f"{id} {text}".rstrip() + "\r\n" for id, text in SAID.items()),
    "trn": "".join(f"{text} ({id})\n" for id, text in SAID.items()),
    "seglst.json": json.dumps(
        [{**SEGMENT, "session_id": id, "words": text} for id, text in SAID.items()]
    ),
    "ctm": ";; words\n" + "".join(
        f"{id} 1 {0.05 * i:.2f} 0.05 {word}\n" for id, text in SAID.items() for i, word in enumerate(text.split())
    ),
}  # fmt: skip
RATE = jiwer.wer(list(SENTENCES), list(SAID.values()))


def write(desk: Desk, name: str, text: str) -> str:
    (desk.root / name).write_text(text, encoding="utf-8", newline="")
    return name


def score(desk: Desk, name: str, *more: str) -> Any:
    return desk.type("score", "--dataset", "short_v1", "--hyp", name, "--model", "acme:v2", *more)


def newest(desk: Desk) -> Entry:
    found, warnings = ledger.read(desk.root / "mlruns")
    assert warnings == []
    return found[-1]


@pytest.mark.parametrize("ending", FILES)
def test_every_format_gives_the_rate_that_jiwer_counts(desk: Desk, ending: str) -> None:
    more = ("--missing", "empty") if ending == "ctm" else ()  # whose words cannot say that there are none
    done = score(desk, write(desk, f"hyp.{ending}", FILES[ending]), *more)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    entry = newest(desk)
    assert str(entry.key) == THEIRS
    assert entry.values["wer"] == pytest.approx(RATE)
    assert entry.values["success_rate"] == 1
    assert entry.result is not None
    assert entry.result.readings == {}
    assert f"kept as {THEIRS} in session {entry.session}" in done.output


def test_a_count_that_is_no_number_is_an_error_and_no_doubt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    hypotheses = write(desk, "hyp.jsonl", FILES["jsonl"])
    monkeypatch.setattr(asr, "score", no_number(asr.score))
    done = score(desk, hypotheses)
    assert done.exit_code == 2
    said = "modellab: the hypothesis for 000 cannot be scored: wer is [nan, 5.0]: no change of it could be judged"
    assert done.stderr == f"{said}\n"
    assert ledger.read(desk.root / "mlruns") == ([], [])


def test_the_gate_holds_it_to_what_was_accepted(desk: Desk) -> None:
    perfect = write(desk, "good.txt", "".join(f"{id} {text}\n" for id, text in zip(SAID, SENTENCES, strict=True)))
    done = score(desk, perfect)
    assert done.exit_code == 0, done.output
    accepted = desk.type("baselines", "accept", "--model", "acme", "--all", "--reason", "their first release")
    assert accepted.exit_code == 0, accepted.output
    files = sorted(path.name for path in (desk.root / "baselines/asr/short_v1").iterdir())
    assert files == ["acme-v2.elsewhere-unknown.json"]  # and no speed
    assert "wer" in desk.type("explain", THEIRS).output
    assert "unused" not in desk.type("baselines", "list").output
    worse = score(desk, write(desk, "worse.txt", "".join(f"{id} nothing at all\n" for id in SAID)))
    assert worse.exit_code == 1, worse.output
    assert "wer: baseline 0.0" in worse.output, worse.output
    assert "REGRESSED" in worse.output


@pytest.mark.parametrize("more", [(), ("--strict-baselines",)])
def test_without_a_baseline_it_is_red_in_ci_as_a_run_is(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    if not more:
        monkeypatch.setenv("CI", "true")
    perfect = write(desk, "good.txt", "".join(f"{id} {text}\n" for id, text in zip(SAID, SENTENCES, strict=True)))
    done = score(desk, perfect, *more)
    assert done.exit_code == 1, done.output
    assert "no baseline: accept this run" in done.output
    accepted = desk.type("baselines", "accept", "--model", "acme", "--all", "--reason", "their first release")
    assert accepted.exit_code == 0, accepted.output
    assert score(desk, perfect, *more).exit_code == 0


def test_report_compare_page_and_pin_take_it(desk: Desk) -> None:
    measure(desk, session="ours")
    score(desk, write(desk, "a.txt", FILES["text"]))
    report = desk.type("report", "fake", "acme")
    assert report.exit_code == 0, report.output
    assert "acme:v2" in report.output
    compared = desk.type("compare", "fake", "acme")
    assert compared.exit_code in (0, 1), compared.output
    assert "acme:v2" in compared.output
    page = desk.type("page", THEIRS)
    assert page.exit_code == 0, page.output
    assert desk.type("baselines", "accept", "--model", "acme:v2", "--all", "--reason", "r").exit_code == 0
    pinned = desk.type("baselines", "pin", "--model", "acme", "--reason", "release 1")
    assert "1 case pinned" in pinned.output, pinned.output
    assert desk.type("rescore", THEIRS).output.startswith("1 as they were")


def test_missing_and_surplus_ids_are_told(desk: Desk) -> None:
    lines = [f"{id} {text}\n" for id, text in SAID.items() if id not in ("002", "005")]
    done = score(desk, write(desk, "part.txt", "".join([*lines, "other-1 yes\n", "other-2 no\n"])))
    assert done.exit_code == 1  # as of a model that raised: success_rate is below its limit
    assert "2 of 8 rows have no hypothesis, each counts as a failure of the model: 002, 005" in done.output
    assert "2 hypotheses fit no row of short_v1, left out: other-1, other-2" in done.output
    entry = newest(desk)
    assert entry.values["success_rate"] == 0.75
    assert entry.result is not None
    assert [each.error for each in entry.result.utterances if each.error] == ["there is no hypothesis for it"] * 2


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.jsonl", '{"id": "000", "hyp": "x"}\n{"id": "001", "hyp"\n', "a.jsonl, line 2: not JSON"),
        ("a.jsonl", '{"id": "000", "hyp": "x"}\n{"id": "001"}\n', "a.jsonl, line 2: the key 'hyp' is missing"),
        ("a.jsonl", '{"id": "000", "hyp": 3}\n', "a.jsonl, line 1: hyp is '3', expected text"),
        ("a.jsonl", '{"id": "000", "said": "x"}\n', "no column says what the model said, there are id, said"),
        ("a.jsonl", '{"id": "000", "hyp": "x"}\n{"id": "000", "hyp": "y"}\n',
         "a.jsonl, line 2: a second hypothesis for 000, the first is in line 1: correct it, nothing was scored"),
        ("a.trn", "yes (000)\nno (001)\nmaybe\nso (003)\n", "a.trn, line 3: expected words and (id), got 'maybe'"),
        ("a.ctm", "000 1 0.0 0.1 yes\n000 1 0.1 no\n000 1 0.2 0.1 no\n", "a.ctm, line 2: 4 fields, expected 5 to 8"),
        ("b.ctm", "000 1 0.0 0.1 ice cream 0.9\n000 1 0.2 0.1 no\n000 1 0.4 0.1 no\n", "expected recording, channel,"),
        ("d.ctm", "000 1 0.0 0.1 yes 0.9 lex ann more\n000 1 0.2 0.1 no 0.9 lex ann more\n",
         "d.ctm, line 1: 9 fields, expected 5 to 8 (recording, channel, start, length, word) in"),
        ("c.ctm", "000 1 0.0 0_1 yes\n000 1 0.2 0.1 no\n000 1 0.4 0.1 no\n", "expected recording, channel, start"),
        ("a.txt", "one yes\ntwo no\n", "no hypothesis is about a row of short_v1: the file has 'one', the dataset"),
        ("a.rttm", "SPEAKER 000 1 0.0 0.2 <NA> <NA> a <NA> <NA>\n", "the file does not say words, which asr is"),
        ("a.rttm", "SPEAKER 000 1 x 0.2 <NA> <NA> a <NA> <NA>\n", "a.rttm, line 1: start is 'x', expected seconds"),
        ("empty.txt", "\n", "nothing in it looks like hypotheses in a format that is known"),
        ("a.csv", "id,hyp\n000,a,b\n", "a.csv, line 2: 3 cells, expected 2 as in the header"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_one_sentence(desk: Desk, name: str, text: str, says: str) -> None:
    done = score(desk, write(desk, name, text))
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    assert says in line
    assert not list((desk.root / "mlruns").glob("ledger/*.jsonl"))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--dataset", "shorts_v1"), "unknown dataset 'shorts_v1': did you mean short_v1?"),
        (
            ("--model", "whisper-large-v3"),
            "expected letters, digits and _ as the model's name, such as whisper_large_v3",
        ),
        (("--format", "jsnl"), "there is no format of hypotheses called 'jsnl': did you mean jsonl?"),
        (("--column", "text=x"), "--column text=x: expected ROLE=COLUMN"),
        (("--hyp", "there-is-none.txt"), "there is no file called there-is-none.txt"),
    ],
)
def test_wrong_wishes_are_one_sentence(desk: Desk, arguments: tuple[str, str], says: str) -> None:
    given = {"--dataset": "short_v1", "--hyp": write(desk, "a.txt", FILES["text"]), **dict([arguments])}
    done = desk.type("score", *(word for pair in given.items() for word in pair))
    assert done.exit_code == 2
    assert says in done.stderr


def test_a_dry_run_keeps_nothing_and_the_file_names_the_model(desk: Desk) -> None:
    done = desk.type("score", "--dataset", "short_v1", "--hyp", write(desk, "big-asr.txt", FILES["text"]), "--dry-run")
    assert "big_asr:given" in done.output
    assert "nothing was kept (--dry-run)" in done.output
    assert not (desk.root / "mlruns" / "ledger").exists()


def test_where_nobody_speaks_made_up_words_are_counted_and_nothing_else_is_red(desk: Desk) -> None:
    folder = desk.root / "golden" / "short_v1"
    manifest = yaml.safe_load((folder / "dataset.yaml").read_text())
    manifest["cases"] = [{**case, "text": ""} for case in manifest["cases"]]
    manifest.pop("digest")
    (folder / "dataset.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))
    done = score(desk, write(desk, "a.txt", "".join(f"{id} {'thank you' if id == '003' else ''}\n" for id in SAID)))
    assert done.exit_code == 0, done.output
    assert newest(desk).values["hallucination_rate"] == 1 / 8


# ---------------------------------------------------------------------------- export


def exported(desk: Desk, form: str, *more: str) -> dict[str, str]:
    done = desk.type("export", "fake", "--as", form, "--into", "out", *more)
    assert done.exit_code == 0, done.output
    assert "under the normaliser basic" in done.output
    return {
        path.name.removeprefix("fake-one-short_v1-cpu-float32."): path.read_text()
        for path in (desk.root / "out").iterdir()
    }


def pairs(form: str, files: dict[str, str]) -> tuple[list[str], list[str]]:
    """References and hypotheses as a stranger's script reads them."""
    if form == "jsonl":
        rows = [json.loads(line) for line in files["jsonl"].splitlines()]
        return [row["reference"] for row in rows], [row["hypothesis"] for row in rows]
    if form == "nemo":
        rows = [json.loads(line) for line in files["json"].splitlines()]
        assert rows[0].keys() == {"id", "audio_filepath", "duration", "time", "text", "pred_text"}
        return [row["text"] for row in rows], [row["pred_text"] for row in rows]
    if form == "table":
        rows = list(csv.DictReader(files["csv"].splitlines()))
        return [row["reference"] for row in rows], [row["hypothesis"] for row in rows]
    if form == "kaldi":
        return tuple([line.partition(" ")[2] for line in files[f"{s}.txt"].splitlines()] for s in ("ref", "hyp"))  # type: ignore[return-value]
    if form == "trn":
        return tuple([line.rpartition(" (")[0] for line in files[f"{s}.trn"].splitlines()] for s in ("ref", "hyp"))  # type: ignore[return-value]
    if form == "seglst":
        said = [{s["session_id"]: s["words"] for s in json.loads(files[f"{side}.json"])} for side in ("ref", "hyp")]
        return list(said[0].values()), [said[1].get(id, "") for id in said[0]]
    words: dict[str, list[str]] = {}
    for line in files["hyp.ctm"].splitlines():
        words.setdefault(line.split()[0], []).append(line.split()[4])
    segments = [line.split(maxsplit=5) for line in files["ref.stm"].splitlines()]
    return [segment[5] for segment in segments], [" ".join(words.get(segment[0], [])) for segment in segments]


@pytest.mark.parametrize("form", ["jsonl", "nemo", "table", "kaldi", "trn", "seglst", "ctm"])
def test_jiwer_gives_the_same_rate_on_what_is_exported(desk: Desk, form: str) -> None:
    entry = measure(desk, wrong=3)
    references, hypotheses = pairs(form, exported(desk, form))
    assert len(references) == 8
    assert jiwer.wer(references, hypotheses) == pytest.approx(entry.values["wer"], abs=1e-9)


@pytest.mark.parametrize("form", ["jsonl", "nemo", "table", "kaldi", "trn", "seglst", "ctm"])
def test_what_is_exported_scores_as_it_was(desk: Desk, form: str) -> None:
    entry = measure(desk, wrong=3)
    exported(desk, form)
    (file,) = [path for path in (desk.root / "out").iterdir() if ".ref." not in path.name]
    score(desk, str(file))
    assert newest(desk).key.model == "acme"
    assert newest(desk).values["wer"] == pytest.approx(entry.values["wer"])


def test_texts_are_written_as_they_were_where_that_is_asked_for(desk: Desk) -> None:
    desk.dataset("short_v1", normaliser="basic")
    measure(desk)
    rows = [json.loads(line) for line in exported(desk, "jsonl", "--as-written")["jsonl"].splitlines()]
    assert [row["reference"] for row in rows] == SENTENCES


def test_a_format_that_cannot_hold_it_says_so(desk: Desk) -> None:
    measure(desk)
    done = desk.type("export", "fake", "--as", "rttm")
    assert done.exit_code == 2
    assert "rttm cannot hold what asr gives: --as ctm, jsonl, kaldi, nemo, seglst, stm, table, trn" in done.stderr
    assert CASE not in [path.name for path in Path.cwd().iterdir()]
