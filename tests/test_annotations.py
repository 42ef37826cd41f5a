"""RTTM, UEM and STM as the field writes them: what is written can be read, and what peers' files have is understood."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from modellab.annotations import rttm, stm
from modellab.errors import DatasetError
from modellab.tasks import diarization
from modellab.types import Region, SpokenTurn, Turn

TIMES = st.tuples(st.floats(0, 1000), st.floats(0, 50)).map(lambda at: (at[0], at[0] + at[1]))
NAMES = st.text(min_size=1, max_size=6)  # those that a form cannot hold are refused when they are written
WORDS = st.text(max_size=20)


def written(write: Any, path: Path, content: Any) -> bool:
    """Whether it could be written; ValueError says why it could not."""
    try:
        write(path, content)
    except ValueError:
        return False
    return True


@given(NAMES, st.lists(st.builds(lambda at, name: Turn(at[0], at[1], name), TIMES, NAMES), max_size=5))
@example("r", [Turn(0.5, 0.5000004, "a")])
@example("team\u00a0call", [Turn(0.1, 0.30000049, "Speaker\u00a01"), Turn(1e-7, 2e-7, "b")])
def test_whatever_rttm_is_written_is_read(name: str, turns: list[Turn]) -> None:
    rounded = [Turn(round(turn.start_s, 6), round(turn.end_s, 6), turn.speaker) for turn in turns]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.rttm"
        if written(rttm.write, path, {name: turns}):
            assert rttm.read(path, merge=True) == ({name: rttm.merged(rounded)} if turns else {})


@given(NAMES, st.lists(TIMES.map(lambda at: Region(*at)), max_size=5))
@example("r", [Region(0.5, 0.5000004)])
def test_whatever_uem_is_written_is_read(name: str, regions: list[Region]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.uem"
        if written(rttm.write_uem, path, {name: regions}):
            rounded = [Region(round(start_s, 6), round(end_s, 6)) for start_s, end_s in regions]
            assert rttm.read_uem(path) == ({name: rounded} if regions else {})


@given(
    NAMES,
    st.lists(st.builds(lambda at, name, text: SpokenTurn(at[0], at[1], name, text), TIMES, NAMES, WORDS), max_size=5),
)
@example("r", [SpokenTurn(0.5, 0.5004, "a", "yes")])
@example("r", [SpokenTurn(0.5, 1, "a", "<o> yes")])
def test_whatever_stm_is_written_is_read(name: str, said: list[SpokenTurn]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.stm"
        if written(stm.write, path, {name: said}):
            plain = [SpokenTurn(round(at, 3), round(to, 3), who, " ".join(text.split())) for at, to, who, text in said]
            assert sorted(stm.read(path).get(name, [])) == sorted(plain)


@pytest.mark.parametrize("text", ["i { um / uh } think", "think (so)", "ignore_time_segment_in_scoring"])
def test_words_that_stm_takes_for_markup_are_not_written(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match="cannot be written as STM"):
        stm.write(tmp_path / "a.stm", {"r": [SpokenTurn(0, 1, "a", text)]})


REFERENCE = (
    "# Rich Transcription\nSPEAKER F 1 0.000 5.000 <NA> <NA> a <NA> <NA>\n"
    "NOSCORE F 1 5.000 3.000 <NA> <NA> <NA> <NA> <NA>\nLEXEME F 1 1.0 0.5 hello lex a 0.9\n"
    "speaker F 1 8.000 2.000 <NA> <NA> b 0.95 <NA>\n"
)


def row(folder: Path, reference: str = REFERENCE) -> dict[str, Any]:
    (folder / "r.rttm").write_text(reference, encoding="utf-8")
    return {"id": "F", "audio": "F.wav", "duration_s": 10.0, "rttm": str(folder / "r.rttm")}


def test_what_is_noscore_is_not_scored(tmp_path: Path) -> None:
    case = diarization.read(row(tmp_path), {})
    assert case.scored == (Region(0, 5), Region(8, 10))
    counts = diarization.score(case, {"turns": [[0, 8, "x"], [8, 10, "y"]]})
    assert counts["der"] == (0, 7), "md-eval-22 says 0.00 % of 7 s"
    assert counts["speaker_count_error"] == (0, 1)


def test_noscore_alone_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="NOSCORE leaves nothing of the clip to score"):
        diarization.read(row(tmp_path, "NOSCORE F 1 0 10 <NA> <NA> <NA> <NA> <NA>\n"), {})


def test_a_turn_without_length_is_nobody_but_has_a_collar(tmp_path: Path) -> None:
    reference = REFERENCE + "SPEAKER F 1 3.000 0.000 <NA> <NA> c <NA> <NA>\n"
    case = diarization.read(row(tmp_path, reference), {"settings": {"collar_s": 0.25}})
    assert case.scored == (Region(0.25, 2.75), Region(3.25, 4.75), Region(8.25, 9.75)), "as md-eval-22 -c 0.25"
    assert diarization.score(case, {"turns": [[0, 5, "x"], [8, 10, "y"]]})["speaker_count_error"] == (0, 1)
    told = {**row(tmp_path, reference), "num_speakers": 2}
    assert diarization.read(told, {"settings": {"speaker_count": "known"}})


OVERLAPPED = "SPEAKER F 1 0 6 <NA> <NA> a <NA> <NA>\nSPEAKER F 1 0 4 <NA> <NA> b <NA> <NA>\n"


@pytest.mark.parametrize(("mapping", "errors_s"), [("scored", 0.0), ("md-eval", 2.0)])
def test_md_evals_mapping_is_of_what_is_not_scored_as_well(tmp_path: Path, mapping: str, errors_s: float) -> None:
    """In the overlap y and z take both people, so that x, who has all of what is scored, gets none: md-eval-22 -1."""
    settings = {"skip_overlap": True, "mapping": mapping}
    case = diarization.read(row(tmp_path, OVERLAPPED), {"settings": settings})
    counts = diarization.score(case, {"turns": [[0, 4, "y"], [0, 4, "z"], [4, 6, "x"]]})
    assert counts["der"] == (errors_s, 2.0)
    assert counts["jer"] == (1.0 if errors_s else 0.0, 1.0)


def test_another_mapping_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"settings.mapping is 'nist', expected one of scored, md-eval"):
        diarization.read(row(tmp_path), {"settings": {"mapping": "nist"}})
