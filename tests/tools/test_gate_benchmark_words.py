"""Word errors of the gate benchmark: the model, its fit, and the rules that judge them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tools.gate_benchmark import fit, page, quality, release, words

GENERATOR = np.random.default_rng
MODEL = words.Model(20.0, 190.0, 0.18, 0.26, 0.07, 1.5, 0.08)


@pytest.mark.parametrize("churn", [0.0, 0.1, 1.0])
def test_churn_changes_no_more_than_its_share_and_has_no_direction(churn: float) -> None:
    errors = MODEL.draw(GENERATOR(0), 40, 1000, churn)
    changed = (errors.before != errors.after).mean()
    assert changed <= churn + 0.01
    assert (changed > 0) == (churn > 0)
    rates = errors.before.sum() / errors.words.sum(), errors.after.sum() / errors.words.sum()
    assert rates == (pytest.approx(MODEL.rate, rel=0.03), pytest.approx(MODEL.rate, rel=0.03))
    assert errors.words.mean() == pytest.approx(MODEL.words_mean, rel=0.02)
    assert errors.words.min() >= words.FEWEST_WORDS


@pytest.mark.parametrize("source", [MODEL, words.lab()], ids=["model", "lab"])
def test_damage_adds_the_rate_that_was_asked_for(source: words.Source) -> None:
    errors = source.draw(GENERATOR(1), 100, 1000, 0.05)
    damaged = errors.damaged(0.01)
    added = (damaged.after - errors.after).sum() / errors.words.sum()
    assert added == pytest.approx(0.01, rel=0.1)
    assert (damaged.after >= errors.after).all()
    assert (damaged.before == errors.before).all()


def test_the_labs_churn_is_of_transcripts_that_do_differ() -> None:
    lab = words.lab()
    errors = lab.draw(GENERATOR(2), 50, 500, 1.0)
    assert (errors.before != errors.after).mean() > 0.4
    assert (lab.draw(GENERATOR(2), 5, 500, 0.0).before == lab.draw(GENERATOR(2), 5, 500, 0.0).after).all()


def write_counts(path: Path, systems: int = 3) -> Path:
    """A file of counts that the model itself made, in the layout that `--counts` reads."""
    rng = GENERATOR(3)
    drawn = np.stack(MODEL.systems(rng, (1, 6000)))[:, 0]
    rows = [
        [str(number // 600), str(number // 60), int(length), [int(one), int(other), int(one)][:systems]]
        for number, (length, one, other) in enumerate(drawn.T)
    ]
    path.write_text("\n".join(map(json.dumps, [{"columns": "as expected"}, *rows])), encoding="utf-8")
    return path


def test_the_fit_finds_what_made_the_counts(tmp_path: Path) -> None:
    found = fit.fit(write_counts(tmp_path / "counts.jsonl", systems=2), steps=10, utterances=20_000)
    assert found.rate == pytest.approx(MODEL.rate, rel=0.03)
    assert found.difficulty == pytest.approx(MODEL.difficulty, rel=0.2)
    assert found.own * found.burst == pytest.approx(MODEL.own * MODEL.burst, rel=0.15)
    assert found.speaker < 0.03, "no speaker had a habit"


def test_counts_are_drawn_from_the_file(tmp_path: Path) -> None:
    source = words.counted(write_counts(tmp_path / "counts.jsonl"))
    assert set(source.changed) == {(a, b) for a in range(3) for b in range(3) if a != b}
    errors = source.draw(GENERATOR(4), 5, 200, 0.5)
    assert np.isin(errors.words, source.words).all()
    assert (errors.before != errors.after).mean() < 0.5


def test_the_shipped_parameters_tell_what_they_were_fitted_to() -> None:
    shipped = json.loads(words.MODEL.read_text("utf-8"))
    for name in ("common", "variance", "changed"):
        assert shipped["model"][name] == pytest.approx(shipped["real"][name], rel=0.02)


# ---------------------------------------------------------------------------- rules


@pytest.mark.parametrize("source", [MODEL, words.lab()], ids=["model", "lab"])
@pytest.mark.parametrize(("utterances", "churn"), [(100, 1.0), (300, 0.1), (1000, 0.05)])
def test_what_is_foregone_is_what_the_gate_says(source: words.Source, utterances: int, churn: float) -> None:
    decided = []
    for wer in (0.0, 0.01, 0.03):
        errors = source.draw(GENERATOR([utterances, int(1000 * wer)]), 20, utterances, churn).damaged(wer)
        answer, plain = quality.foregone(errors)
        said = [quality.judged(*row) for row in zip(errors.words, errors.before, errors.after, strict=True)]
        assert answer[plain].tolist() == np.array(said)[plain].tolist()
        decided += plain.tolist()
    assert np.mean(decided) > 0.3, "else it saves nothing"


def test_where_nothing_is_foregone_the_gate_is_asked() -> None:
    errors = MODEL.draw(GENERATOR(5), 6, 100, 1.0).damaged(0.03)
    assert not quality.foregone(errors)[1].all()
    said = [quality.judged(*row) for row in zip(errors.words, errors.before, errors.after, strict=True)]
    assert quality.modellab(errors).tolist() == said


def test_rules_on_plain_cases() -> None:
    base = np.tile([2.0, 0.0, 1.0, 1.0], 50)[None]
    length = np.full_like(base, 10.0)

    def errors(after: np.ndarray) -> words.Errors:
        return words.Errors(length, base, after, np.ones_like(base), base, 1.0)

    assert not any(rule(errors(base)).any() for _, rule in quality.GATES.values())
    assert all(rule(errors(base + 1)).all() for _, rule in quality.GATES.values())
    barely = base.copy()
    barely[0, :12] += 1  # 2,000 words: +0.6 %, +6 % of the 200 errors
    red = {name for name, (_, rule) in quality.GATES.items() if rule(errors(barely)).all()}
    assert red == {"modellab", "paired_z", "relative_5", "absolute_0.5"}


def test_the_smallest_damage_is_seen_in_four_fifths_of_runs() -> None:
    runs = list(quality.batches(MODEL, "damaged", 30, 300, 0.05))
    for gate in (quality.modellab, quality.relative(0.05)):
        seen = quality.smallest(gate, runs)
        assert quality.share(gate, runs, seen * 1.05) >= 0.8 > quality.share(gate, runs, seen * 0.85)


def test_batches_are_the_runs_that_were_asked_for() -> None:
    runs = list(quality.batches(MODEL, "clean", 450, 1000, 0.05))
    assert [errors.words.shape for errors in runs] == [(400, 1000), (50, 1000)]


def test_naming_the_speakers_keeps_false_alarms_down() -> None:
    found = quality.clustered(MODEL, 25)["by_test"]
    assert found["speakers named"] <= found["utterances taken as independent"]


def test_figures_of_the_rule_before_say_so() -> None:
    measured = quality.cell(MODEL, 40, 0.1, quality.Effort(10, 5, 1))
    before = {name: {key: x for key, x in gate.items() if key != "rule"} for name, gate in measured.items()}
    clustered = {"speakers": 40, "utterances": 1000, "false_alarm": {"named": 0.01}, "by_test": {"named": 0.01}}
    alike = {"hit_sizes": {"1": 0.003}, "titles": {"model": "fitted"}, "clustered": clustered}
    assert not quality.outdated({"N=40": measured})
    assert quality.outdated({"N=40": measured, "N=80": before})
    assert page.OUTDATED not in page.quality({**alike, "quality": {"N=40": measured}})
    assert page.OUTDATED in page.quality({**alike, "quality": {"N=40": before}})
    (row, *_) = (row for row in release.checks({"quality": {release.MIDDLE: before}}) if "seen at" in row["name"])
    assert "(quality, by the rule before)" in row["name"]
