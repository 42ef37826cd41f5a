"""Groups through pytest: limits of the worst group and of the gap, a group that got worse, a header that is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from .conftest import FakeProject, length

TEXT = "one two three four five six seven eight nine ten"
MANY = 40  # clips of each of two groups


def write_groups(project: FakeProject, **header: Any) -> None:
    """Eighty clips, half of them of the group f and half of m, by five speakers each; three more of x."""
    folder = project.root / "golden" / "short_v1"
    manifest = yaml.safe_load((folder / "dataset.yaml").read_text())
    cases = []
    for number in range(2 * MANY + 3):
        path = folder / "audio" / f"g{number:03}.wav"
        soundfile.write(path, 0.1 * np.sin(np.arange(length(number)) / 10), 16_000)
        group = ("f", "m", "x")[number // MANY]
        cases.append({
            "id": f"{number:03}", "audio": f"audio/{path.name}", "duration_s": length(number) / 16_000, "text": TEXT,
            "speaker": f"{group}{number % 5}", "group": {"gender": group},
        })  # fmt: skip
        project.answer(number, TEXT)
    head = {key: value for key, value in manifest.items() if key not in ("cases", "cluster")}
    (folder / "dataset.yaml").write_text(yaml.safe_dump({**head, **header, "cases": cases}, sort_keys=False))


def test_limits_of_the_worst_group_and_of_the_gap(fake_project: FakeProject) -> None:
    write_groups(fake_project, groups={"gender": {"wer": {"worst": 0.1, "gap": 0.05}}})
    fake_project.run().assert_outcomes(passed=1)
    for number in range(MANY, 2 * MANY):
        fake_project.answer(number, TEXT.removesuffix("nine ten"))
    result = fake_project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([
        "*wer?gender worst?: *ABOVE_LIMIT (gender=m has 0.2 (n = 40 in 5 clusters), above *; too few to tell: x*",
        "*wer?gender gap?: *ABOVE_LIMIT (0.2 between gender=m (n = 40 in 5 clusters) and f (*), above*",
    ])  # fmt: skip
    named = {each["metric"]: each for each in fake_project.ledger()[-1]["verdicts"]}
    assert named["wer[gender worst]"]["now"] == pytest.approx(0.2)


def test_accepting_lifts_no_limit_of_a_group(fake_project: FakeProject) -> None:
    write_groups(fake_project, groups={"gender": {"wer": {"worst": 0.1}}})
    for number in range(MANY, 2 * MANY):
        fake_project.answer(number, TEXT.removesuffix("nine ten"))
    result = fake_project.run("--update-baselines", "--reason", "it is so")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*wer?gender worst?: *ABOVE_LIMIT*"])


def test_a_group_that_got_worse_is_judged_on_request(fake_project: FakeProject) -> None:
    write_groups(fake_project, cluster="utterance", groups={"gender": {"wer": {"change": True}}})
    fake_project.accept()
    for number in range(MANY, 2 * MANY):
        fake_project.answer(number, TEXT.removesuffix("ten"))
    result = fake_project.run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*wer?gender=m?: *REGRESSED (40 of 40 utterances changed; p = *"])
    named = {each["metric"]: each["status"] for each in fake_project.ledger()[-1]["verdicts"]}
    assert named["wer[gender=f]"] == "PASS"
    assert "wer[gender=x]" not in named


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        ({"gender": {"wre": {"gap": 0.1}}}, "groups.gender has 'wre', no metric of asr: did you mean wer"),
        ({"gender": {"wer": {}}}, "nothing is asked: expected worst, gap or change"),
        ({"gender": {"wer": {"best": 1}}}, "unknown key 'groups.gender.wer.best'"),
    ],
)
def test_what_cannot_be_asked_of_groups_is_told(fake_project: FakeProject, groups: Any, says: str) -> None:
    write_groups(fake_project, groups=groups)
    result = fake_project.run(keyword="short")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{says}*"])
