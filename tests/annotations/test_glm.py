"""GLM rules, as NIST's rfilter1 applies them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modellab.annotations import glm
from modellab.errors import DatasetError

RULES = """\
;; rules of an evaluation
* name "own.glm"
HOTDOG => HOT DOG
 AD WEEK  => ADWEEK ;; a comment
" OK " => " OKAY "
[HE'S] => [{HE IS / HE HAS}] / [ ] __ [ ]
FALKNER => FAULKNER / [WILLIAM ] __
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "own.glm"
    path.write_text(RULES)
    return path


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("one hotdog", "ONE HOT DOG"),
        ("bad weeks", "BADWEEKS"),  # letters, not words
        ("ok", "OKAY"),
        ("ok ok", "OKAY OK"),  # the blank between them was read with the first
        ("he's there, she's", "{HE IS / HE HAS} THERE, SHE'S"),
        ("william falkner and falkner", "WILLIAM FAULKNER AND FALKNER"),
        ("uh-huh th- -ing", "UH HUH TH- -ING"),
        ("(hot) dog", "(HOT) DOG"),
        ("", ""),
    ],
)
def test_the_first_rule_that_fits_rewrites(rules: Path, text: str, rewritten: str) -> None:
    assert glm.read(rules, "ref")(text) == rewritten


def test_rules_for_one_side_leave_the_other_alone(rules: Path) -> None:
    rules.write_text(RULES + ';; INPUT_DEPENDENT_APPLICATION = "hyp"\n[GONNA] => [GOING TO]\n')
    assert (glm.read(rules, "ref")("gonna"), glm.read(rules, "hyp")("gonna")) == ("GONNA", "GOING TO")


def test_settings_of_the_file_hold(tmp_path: Path) -> None:
    path = tmp_path / "set.glm"
    path.write_text(";; x\n* case_sensitive = 'F'\n* copy_no_hit = 'F'\nhotdog => HD\n")
    assert glm.read(path, "hyp")("a hotdog") == "HD"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("HOTDOG", "line 2: 'HOTDOG' is no rule, expected A => B"),
        ("[] => X", "reads nothing"),
        ("A => B / [C]", "has no place for what is read"),
        (';; INPUT_DEPENDENT_APPLICATION = "("', "is no regular expression"),
    ],
)
def test_what_is_no_rule_names_its_line(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "bad.glm"
    path.write_text(f";; rules\n{line}\n")
    with pytest.raises(DatasetError, match=says):
        glm.read(path, "ref")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.glm: no such file, expected a GLM file"):
        glm.read(tmp_path / "gone.glm", "ref")
