"""The records of who moved what: written as they are read, refused where they are damaged, taken back one by one."""

from __future__ import annotations

import difflib
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from modellab.errors import ConfigError
from modellab.lifecycle import stages
from modellab.lifecycle.stages import Evidence, Record, Standing

EVIDENCE = Evidence(
    case="fake:lab-short_v1-cpu-int8", metric="wer", unit="ratio", value=0.0325, low=0.0, high=0.07, limit=0.05, n=40,
    runs=3, verdict="PASS", session="s1", result="ab" * 16,
)  # fmt: skip
CANDIDATE, PRODUCTION = "candidate", "production"


def record(stage: str = PRODUCTION, day: int = 1, **changes: Any) -> Record:
    given = {"when": f"2026-11-{day:02}T08:00:00Z", "by": "Ada", "because": "it is quiet", **changes}
    return Record(stage=stage, **given)  # type: ignore[arg-type]


def written(root: Path, text: str) -> Path:
    path = stages.file(root, "fake")
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return root


# ---------------------------------------------------------------------------- the file


def test_a_record_is_appended_and_read_again(tmp_path: Path) -> None:
    first, second = record(CANDIDATE), record(day=2, commit="1a2b3c4+", evidence=(EVIDENCE, EVIDENCE))
    assert stages.append(tmp_path, "fake", {"lab": first, "3.1": first}) == stages.file(tmp_path, "fake")
    stages.append(tmp_path, "fake", {"lab": second})
    assert stages.read(tmp_path, "fake") == {"3.1": (first,), "lab": (first, second)}
    assert stages.read(tmp_path, "other") == {}
    assert [path.name for path in stages.files(tmp_path)] == ["fake.yaml"], "and no draft"


def test_the_file_is_for_people(tmp_path: Path) -> None:
    path = stages.append(tmp_path, "fake", {"lab": record(commit="1a2b3c4", evidence=(EVIDENCE,))})
    assert [line for line in path.read_text().splitlines() if not line.startswith("#")] == [
        "lab:",
        "- stage: production",
        "  when: '2026-11-01T08:00:00Z'",
        "  by: Ada",
        "  because: it is quiet",
        "  commit: 1a2b3c4",
        "  evidence:",
        "  - {case: 'fake:lab-short_v1-cpu-int8', metric: wer, unit: ratio, value: 0.0325, low: 0.0, high: 0.07,"
        " limit: 0.05, n: 40, runs: 3, verdict: PASS, session: s1, result: " + "ab" * 16 + "}",
    ]


def test_a_new_record_adds_lines_and_changes_none(tmp_path: Path) -> None:
    path = stages.append(tmp_path, "fake", {"lab": record(CANDIDATE), "zoo": record(CANDIDATE)})
    before = path.read_text().splitlines()
    after = stages.append(tmp_path, "fake", {"lab": record(day=2)}).read_text().splitlines()
    changes = [line for line in difflib.ndiff(before, after) if not line.startswith("  ")]
    assert len(changes) == 4
    assert all(line.startswith("+ ") for line in changes)


@given(st.text(min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool))
def test_whatever_a_person_writes_comes_back(because: str) -> None:
    loaded = yaml.safe_load(stages.text("fake", {"lab": (record(because=because),)}))
    assert loaded["lab"][0]["because"] == because


GOOD = "{stage: production, when: 2026-11-01T08:00:00Z, by: Ada, because: quiet}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(
            f"lab:\n<<<<<<< HEAD\n- {GOOD}\n=======\n- {GOOD}\n>>>>>>> other\n",
            "a merge conflict is in it: keep the records of both sides, in the order of `when`",
            id="conflict",
        ),
        pytest.param("- a", "holds ['a'], expected keys and values", id="list"),
        pytest.param("{", "is not readable YAML", id="no yaml"),
        pytest.param("lab: production", "'lab' is 'production'", id="no list"),
        pytest.param(
            f"lab:\n- {GOOD}\nlab: []\n",
            "line 3: the key 'lab' is given twice, first in line 1: put its records into",
            id="twice",
        ),
        pytest.param(f"lab: [{GOOD.replace('production', 'productoin')}]", "'lab.0.stage' is 'productoin'", id="stage"),
        pytest.param(
            f"lab: [{GOOD.replace('because', 'becuse')}]", "unknown key 'lab.0.becuse': did you mean because?", id="key"
        ),
        pytest.param(f"lab: [{GOOD.replace('by: Ada, ', '')}]", "'lab.0.by' is missing", id="nobody"),
        pytest.param(f"lab: [{GOOD.replace('2026-11-01T08:00:00Z', 'today')}]", "'lab.0.when' is 'today'", id="when"),
        pytest.param(
            f"lab:\n- {GOOD}\n- {GOOD.replace('-11-', '-10-')}\n",
            "record 2 of lab is of 2026-10-01T08:00:00Z, the one before it of 2026-11-01T08:00:00Z",
            id="order",
        ),
    ],
)
def test_what_is_damaged_says_how(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        stages.read(written(tmp_path, text), "fake")
    assert str(stages.file(tmp_path, "fake")) in str(caught.value)
    assert words in str(caught.value)


SCRAPS = st.sampled_from(
    ["lab:", "\n", "- ", "  ", "stage: production", "when: 2026-11-01T08:00:00Z", "when: 2026-13-41", "by: Ada",
     "because: x", "evidence:", "{", "}", "[", "]", ", ", ": ", "<<<<<<< HEAD", "0001-01-01T00:00:00+14:00", "when: ",
     "3.1", "? ", "&a ", "*a", "\0"]
)  # fmt: skip


@given(st.lists(SCRAPS | st.text(max_size=3), max_size=14).map("".join))
@example("lab:\n- {stage: production, when: 0001-01-01T00:00:00+14:00, by: Ada, because: x}")
@example("lab:\n- {stage: production, when: 2026-13-41, by: Ada, because: x}")
@example("[" * 5000)
def test_whatever_is_in_the_file_is_read_or_refused_in_one_sentence(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, found, said = written(Path(folder), text), {}, ""
        try:
            found = dict(stages.read(root, "fake"))
        except ConfigError as error:
            said = str(error)
        if said:
            assert str(stages.file(root, "fake")) in said
        else:
            assert all(isinstance(record, Record) for records in found.values() for record in records)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    stages.file(tmp_path, "fake").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"fake\.yaml is not readable"):
        stages.read(tmp_path, "fake")


def test_a_time_without_quotes_is_one(tmp_path: Path) -> None:
    (found,) = stages.read(written(tmp_path, f"3.1: [{GOOD}]"), "fake")["3.1"]
    assert found.when == "2026-11-01T08:00:00Z"


def test_nothing_is_written_before_the_newest_record(tmp_path: Path) -> None:
    path = stages.append(tmp_path, "fake", {"lab": record(day=2)})
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="record 2 of lab is of 2026-11-01"):
        stages.append(tmp_path, "fake", {"lab": record(CANDIDATE, day=1)})
    assert path.read_bytes() == before


# ---------------------------------------------------------------------------- where a variant stands


@pytest.mark.parametrize(
    ("moves", "stage", "before"),
    [
        pytest.param("", "experimental", None, id="start"),
        pytest.param("candidate", "candidate", "experimental", id="up"),
        pytest.param("candidate production", "production", "candidate", id="up and up"),
        pytest.param("candidate production -candidate", "candidate", "experimental", id="taken back"),
        pytest.param("candidate production -candidate -experimental", "experimental", None, id="all taken back"),
        pytest.param("candidate production deprecated -production", "production", "candidate", id="not out of use"),
        pytest.param("candidate -experimental candidate", "candidate", "experimental", id="again"),
        pytest.param("-candidate", "candidate", "experimental", id="a rollback of nothing is a move"),
    ],
)
def test_going_back_takes_one_move_each_time(moves: str, stage: str, before: str | None) -> None:
    listed = enumerate(moves.split(), start=1)
    records = tuple(record(each.removeprefix("-"), day, rollback=each.startswith("-")) for day, each in listed)
    found = Standing("fake", "lab", "experimental", records)
    assert (found.stage, found.before) == (stage, before)
    assert found.last == (records[-1] if records else None)


def test_who_brought_a_stage_back_is_who_brought_it_there() -> None:
    first, second = record(CANDIDATE, 1), record(PRODUCTION, 2)
    back = record(CANDIDATE, 3, rollback=True)
    assert Standing("fake", "lab", "experimental", (first, second, back)).path[-1] == ("candidate", first)
    home = record("experimental", 4, rollback=True)
    assert Standing("fake", "lab", "experimental", (first, second, back, home)).path[-1] == ("experimental", home)


def test_days_are_counted() -> None:
    assert stages.days("2026-11-01T08:00:00Z", "2026-11-02T20:00:00Z") == 1.5
