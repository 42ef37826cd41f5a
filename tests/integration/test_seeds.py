"""A decoder that draws at random: judged by the mean over its seeds, and never red for its dice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import FakeProject

DICE = '''
"""A fake recogniser that mishears some words at random, more of them the larger `odds` is."""

import json
import random
from pathlib import Path

import numpy as np

from modellab.types import Transcript

HERE = Path(__file__).parent


class Dice:
    def __init__(self, setting):
        self.answers = json.loads((HERE / "answers.json").read_text())
        self.odds = setting.options.get("odds", 0.2)
        self.own = random.Random()

    def seed(self, number):
        with (HERE / "seeds.log").open("a") as log:
            log.write(f"{number}\\n")
        self.own = random.Random(number)

    def transcribe(self, audio):
        words = self.answers[str(len(audio.samples))].split()
        draws = [(random.random() + np.random.random() + self.own.random()) % 1 for _ in words]
        return Transcript(" ".join("hm" if draw < self.odds else word for word, draw in zip(words, draws)))


load = Dice
'''


@pytest.fixture
def dice(fake_project: FakeProject) -> FakeProject:
    (fake_project.model / "adapter.py").write_text(DICE)
    fake_project.configure(seeds=3)
    return fake_project


def result(project: FakeProject, number: int = -1) -> dict[str, Any]:
    found: dict[str, Any] = project.ledger()[number]["result"]
    return found


def baseline(project: FakeProject) -> dict[str, Any]:
    path = project.root / "baselines/asr/short_v1/fake-one.cpu-float32.json"
    stored: dict[str, Any] = json.loads(path.read_text())
    return stored


def test_every_seed_is_run_once_and_averaged(dice: FakeProject) -> None:
    dice.accept()
    assert (dice.model / "seeds.log").read_text().split()[:3] == ["0", "1", "2"]
    measured = result(dice)
    counts = [utterance["shares"]["wer"][0] for utterance in measured["utterances"]]
    assert any(count % 1 for count in counts), "a third of an error"
    assert all((3 * count) % 1 == pytest.approx(0, abs=1e-9) for count in counts)
    assert measured["readings"]["wer_seed_sd"] > 0
    assert measured["provenance"]["seeds"] == "3"


def test_the_baseline_keeps_averages_and_their_noise(dice: FakeProject) -> None:
    dice.accept()
    stored, measured = baseline(dice), result(dice)
    for utterance in measured["utterances"]:
        kept = stored["utterances"][utterance["id"]]["shares"]["wer"]
        assert kept == pytest.approx(utterance["shares"]["wer"], abs=1e-6)
    assert stored["noise"]["wer"] == pytest.approx(measured["readings"]["wer_seed_sd"] / 3**0.5, rel=0.01)


def test_the_same_seeds_give_the_same_result(dice: FakeProject) -> None:
    """random, numpy and the model's own dice were all set, or this would be a change."""
    dice.accept()
    again = dice.run()
    assert again.ret == 0
    again.stdout.fnmatch_lines(["fake:one *+0.00 %*PASS*"])


def test_more_errors_are_red(dice: FakeProject) -> None:
    dice.configure(options={"odds": 0.05})
    dice.accept()
    dice.configure(options={"odds": 0.95})
    again = dice.run()
    assert again.ret == 1
    again.stdout.fnmatch_lines(["*wer: baseline *: REGRESSED (*"])


def test_one_seed_is_the_default_and_sets_nothing(dice: FakeProject) -> None:
    dice.configure(seeds=1)
    assert dice.run().ret == 0
    assert not (dice.model / "seeds.log").exists()
    assert "seeds" not in result(dice)["provenance"]


def test_a_variant_may_have_seeds_of_its_own(dice: FakeProject) -> None:
    dice.configure(variants={"one": {"weights": "package", "tier": "smoke", "seeds": 2}})
    assert dice.run().ret == 0
    assert result(dice)["provenance"]["seeds"] == "2"


def test_a_wrong_number_of_seeds_names_the_key(dice: FakeProject) -> None:
    dice.configure(seeds=0)
    failed = dice.run()
    assert failed.ret == 3
    failed.stdout.fnmatch_lines(["*models/fake/config.yaml: 'seeds'*"])
